"""Roots of a characteristic function right of a vertical line, counted by the argument principle.

The function is analytic right of the line and tends to 1 far away, so that the number of its roots there is the number
of turns that it makes along the line.  Intervals are halved until the phase, and the slope of its logarithm, change as
the slopes at both ends foretell; several roots close to the line can't hide between two samples then.

Stepan, Retarded Dynamical Systems (1989); Breda, Maset, Vermiglio, Stability of Linear Delay Differential Equations
(2015), doi:10.1007/978-1-4939-2107-2.
"""

from collections.abc import Callable

import numpy as np

PHASE, BEND = 0.5, 1.0  # what phase and slope may differ by from what is foretold, in an interval
NEAR_AND_FAR = np.concatenate([np.linspace(0.0, 1.0, 33), np.geomspace(1.0, 1e4, 41)[1:]])
WHOLE = 0.1  # how far the turns may be from a whole number
MOST_ROUNDS, MOST_SAMPLES = 40, 40_000

Logarithm = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def count_right(logarithm: Logarithm, lines: np.ndarray, highest: float, known=(), both: bool = False) -> np.ndarray:
    """Count the roots right of lines; -1 where they can't be told.

    Parameters
    ----------
    logarithm : callable
        `logarithm(k, z)`: phase of function number `k` (array) at `z` (array), and the slope of its logarithm.
    lines : array (function,)
        Real part of the line of every function.
    highest : float
        Imaginary part up to which there may be roots.
    known : sequence of float
        Imaginary parts near which there are roots.
    both : bool
        Whether functions are not real on the real axis, so that the lower half of the line is another one.

    Returns
    -------
    array (function,) of int
    """
    near = [float(abs(y)) + d for y in known for d in (0.0, 1e-4, -1e-4)]
    grid = np.unique(np.concatenate([highest * NEAR_AND_FAR, [y for y in near if y > 0]]))
    if both:
        grid = np.unique(np.concatenate([-grid, grid]))
    lines = np.asarray(lines, float)
    which, y = np.repeat(np.arange(len(lines)), len(grid)), np.tile(grid, len(lines))
    phase, slope = _sampled(logarithm, which, lines, y)
    first = np.tile(np.arange(len(grid)) < len(grid) - 1, len(lines))
    k = np.flatnonzero(first)
    left, right = (y[k], phase[k], slope[k]), (y[k + 1], phase[k + 1], slope[k + 1])
    turned, open_, samples = np.zeros(len(lines)), which[k], len(y)
    for _ in range(MOST_ROUNDS):
        good, change = _change(left, right)
        np.add.at(turned, open_[good], change[good])
        if good.all():
            break
        left, right, open_ = _take(left, ~good), _take(right, ~good), open_[~good]
        samples += len(open_)
        if samples > MOST_SAMPLES * max(1, len(lines)):
            turned[open_] = np.nan
            break
        middle = 0.5 * (left[0] + right[0])
        new = (middle, *_sampled(logarithm, open_, lines, middle))
        left, right = _joined(left, new), _joined(new, right)
        open_ = np.concatenate([open_, open_])
    else:
        turned[open_] = np.nan
    counts = -turned / ((2.0 if both else 1.0) * np.pi)
    whole = np.rint(counts)
    sure = np.isfinite(counts) & (np.abs(counts - whole) < WHOLE) & (whole >= 0)
    return np.where(sure, np.nan_to_num(whole), -1).astype(int)


def _sampled(logarithm: Logarithm, which: np.ndarray, lines: np.ndarray, y: np.ndarray):
    with np.errstate(all="ignore"):
        phase, slope = logarithm(which, lines[which] + 1j * y)
    return phase, slope


def _change(left, right) -> tuple[np.ndarray, np.ndarray]:
    """Which intervals are short enough, and by how much the phase changes in them."""
    with np.errstate(all="ignore"):
        length = right[0] - left[0]
        foretold = 0.5 * length * (left[2] + right[2]).real
        change = right[1] - left[1]
        change = change + 2.0 * np.pi * np.rint((foretold - change) / (2.0 * np.pi))
        good = (np.abs(change - foretold) < PHASE) & (length * np.abs(right[2] - left[2]) < BEND)
    return good, change


def _take(samples, chosen):
    return tuple(part[chosen] for part in samples)


def _joined(one, other):
    return tuple(np.concatenate(pair) for pair in zip(one, other, strict=True))
