"""Leading Floquet exponents of cycles that contract strongly, from a product of matrices that is never multiplied out.

Where perturbations shrink by many powers of ten in one round, but grow in between, the matrix of the whole round holds
round-off in the place of their multipliers.  The round is cut into segments, whose matrices are right, and orthogonal
directions are carried from one to the next until those of one round are those of the round before.  The triangular
factors then hold each direction's growth to full precision.

Orthogonal iteration on products: Bojanczyk, Golub, Van Dooren, Proc. SPIE 1770, 31 (1992), doi:10.1117/12.130915.
"""

import numpy as np

from ngnmm_core.dynamics.periodic_orbits import Orbit
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.simulation.own_times import in_units

SEGMENTS = 32
MOST_ROUNDS = 200
CONVERGED = 1e-9  # how much of a direction may turn into the ones below it in a round


def leading_exponents(solutions: Solutions, orbit: Orbit, feedback: np.ndarray, beside_shift: np.ndarray) -> np.ndarray:
    """Find the leading exponents at one point, complex array [mode] in 1/ms; NaN where directions don't settle.

    Parameters
    ----------
    solutions : Solutions
        Of one point.
    feedback : array (mode,), real or complex
        G times Lambda.
    beside_shift : array (mode,) of bool
        Where the first exponent is that of a shift in time, zero, and the next one is meant.
    """
    matrices = _segments(solutions, orbit, feedback)
    modes, size = len(feedback), solutions.size
    found = np.full(modes, np.nan, complex)
    left = np.arange(modes)
    # from directions in no plane that the cycle may keep to itself, or a leading one could stay out of sight
    start = np.linalg.qr(np.cos(np.arange(1.0, size * size + 1.0).reshape(size, size) ** 2))[0]
    frame = np.tile(start.astype(matrices.dtype), (modes, 1, 1))
    for _ in range(MOST_ROUNDS):
        before, logs = frame, np.zeros(len(left))
        blocks = np.tile(np.eye(size, dtype=matrices.dtype), (len(left), 1, 1))
        for matrix in matrices[:, left]:
            frame, upper = np.linalg.qr(matrix @ frame)
            blocks = upper @ blocks
            scale = np.abs(np.diagonal(blocks, axis1=1, axis2=2)).max(axis=1)
            blocks = blocks / scale[:, None, None]
            logs = logs + np.log(scale)
        turned = np.conj(np.swapaxes(before, 1, 2)) @ frame
        first = beside_shift[left].astype(int)
        values = np.array([_settled(turned[k], blocks[k], first[k]) for k in range(len(left))])
        settled = ~np.isnan(values)
        with np.errstate(divide="ignore"):
            found[left[settled]] = (np.log(values[settled]) + logs[settled]) / orbit.period
        left, frame = left[~settled], frame[~settled]
        if not len(left):
            break
    return found


def _segments(solutions: Solutions, orbit: Orbit, feedback: np.ndarray) -> np.ndarray:
    """Propagators of perturbations [segment, mode, state, state]."""
    x, found = orbit.state[None], []
    for part in np.array_split(orbit.mesh, min(SEGMENTS, len(orbit.mesh))):
        x, propagators = solutions.propagate(x, [part], feedback[None])
        found.append(in_units(propagators[0], solutions.units))
    return np.array(found)


def _settled(turned: np.ndarray, upper: np.ndarray, first: int) -> complex:
    """Return the multiplier of direction `first`, alone or as one of a pair, in a frame that has settled; or NaN.

    What is left below the blocks of `turned` is round-off: with it the first direction would hide the others again.
    """
    size = len(turned)
    if first and np.abs(turned[first:, :first]).max() > CONVERGED:
        return complex(np.nan)
    for last in (first + 1, first + 2):
        if last >= size or np.abs(turned[last:, :last]).max() <= CONVERGED:
            block = slice(first, last)
            values = np.linalg.eigvals(turned[block, block] @ upper[block, block])
            return complex(values[np.argmax(np.abs(values))])
    return complex(np.nan)
