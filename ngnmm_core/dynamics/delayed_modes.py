"""Growth of perturbations of a homogeneous equilibrium along the eigenvectors of W, where all delays are the same.

A perturbation along an eigenvector with eigenvalue Lambda obeys one region's delay equation with the feedback
Lambda G x(t - D): 1 = Lambda p(lambda) exp(-lambda D), where p is a region's response.  Its spectrum follows from what
the region has sent, at Chebyshev points of the last D ms (Breda, Maset, Vermiglio, SIAM J. Sci. Comput. 27, 482 (2005),
doi:10.1137/030601600); the leading roots are refined by Newton's method, and the argument principle proves that none is
further to the right.
"""

import numpy as np

from ngnmm_core.dynamics.characteristic import Response
from ngnmm_core.dynamics.root_counts import count_right

FEWEST, PER_RADIAN, MOST = 12, 1.2, 150  # Chebyshev points, by the longest delay in radians of the fastest oscillation
REFINED = 6  # of the leading eigenvalues, per mode
ROUNDS, CONVERGED, RESIDUAL = 30, 1e-13, 1e-9
# in a unit of time in which the model has its default time constants: see `LinearNetwork.in_own_time`
MARGIN = 1e-6  # 1/ms
SHIFT = 0.2  # 1/ms, by which poles near a line are moved away from it
CHUNK = 64  # matrices that are in memory together


def leading_roots(response: Response, modes: np.ndarray, delay_ms: float) -> np.ndarray:
    """Leading root (1/ms) for every eigenvalue of W, complex array [mode]; NaN where it could not be proved.

    Parameters
    ----------
    response : Response
        Of the regions, which are all alike.
    modes : array (mode,)
        Eigenvalues of W, real or complex.
    delay_ms : float
    """
    modes, hidden = np.asarray(modes, complex), response.hidden()[0]
    proposals = np.concatenate(
        [_proposals(response, modes[start : start + CHUNK], delay_ms) for start in range(0, len(modes), CHUNK)]
    )
    z = _refined(response, modes, delay_ms, proposals)
    alone = hidden[np.isfinite(hidden)]
    if len(alone):
        z = np.concatenate([z, np.broadcast_to(alone, (len(modes), len(alone)))], axis=1)
    best = np.argmax(np.nan_to_num(z.real, nan=-np.inf), axis=1)
    leading = np.take_along_axis(z, best[:, None], axis=1)[:, 0]
    known = np.flatnonzero(np.isfinite(leading))
    lines = leading.real + MARGIN
    highest = _highest(response, modes, delay_ms, float(lines[known].min(initial=0.0)))
    for both in (False, True):
        some = known[(modes[known].imag != 0) == both]
        if len(some):
            function = _logarithm(response, modes[some], delay_ms, lines[some])
            counts = count_right(function, lines[some], highest, leading[some].imag, both)
            leading[some[counts != 0]] = np.nan
    return leading


def _highest(response: Response, modes: np.ndarray, delay_ms: float, line: float) -> float:
    """Imaginary part above which the gain of the loop is below 1 on a line and right of it."""
    y = np.geomspace(1e-3, 1e3, 400)
    gain = np.abs(next(iter(response.at(line + 1j * y))))[:, 0] * np.abs(modes).max() * np.exp(-min(line, 0) * delay_ms)
    above = np.flatnonzero(gain >= 1.0)
    fastest = np.abs(response.poles.imag).max(initial=0.0)
    return float(max(1.1 * y[above[-1]] if len(above) else y[0], 1.1 * fastest, 0.05))


def _proposals(response: Response, modes: np.ndarray, delay_ms: float) -> np.ndarray:
    """Leading eigenvalues of the discretised delay equations, [mode, root]."""
    J, b, c = response.jacobian[0], response.received[0], response.sent[0]
    size_of_sent = 2.0 ** np.floor(np.log2(max(np.abs(c).max(), 1e-300)))  # rounding then knows nothing of its unit
    b, c = b * size_of_sent, c / size_of_sent
    radians = _highest(response, modes, delay_ms, -1.0 / max(delay_ms, 1.0)) * delay_ms
    points = int(np.clip(FEWEST + PER_RADIAN * radians, FEWEST, MOST))
    slope, size = _chebyshev(points, delay_ms), len(J)
    matrix = np.zeros((len(modes), size + points, size + points), complex)
    matrix[:, :size, :size] = J
    matrix[:, :size, -1] = modes[:, None] * b
    matrix[:, size:, :size] = slope[1:, :1] * c
    matrix[:, size:, size:] = slope[1:, 1:]
    values = np.linalg.eigvals(matrix.real if not modes.imag.any() else matrix).astype(complex)
    order = np.argsort(-values.real, axis=1)[:, :REFINED]
    return np.take_along_axis(values, order, axis=1)


def _chebyshev(points: int, delay_ms: float) -> np.ndarray:
    """Differentiation matrix at `points` + 1 Chebyshev points, from now to `delay_ms` ago.

    Trefethen, Spectral Methods in MATLAB (2000), doi:10.1137/1.9780898719598, chapter 6.
    """
    k = np.arange(points + 1)
    x = np.cos(np.pi * k / points)
    weight = np.where((k == 0) | (k == points), 2.0, 1.0) * (-1.0) ** k
    apart = x[:, None] - x + np.eye(points + 1)
    matrix = np.outer(weight, 1.0 / weight) / apart
    matrix -= np.diag(matrix.sum(axis=1))
    return matrix * (2.0 / delay_ms)


def _refined(response: Response, modes: np.ndarray, delay_ms: float, z: np.ndarray) -> np.ndarray:
    """Refine proposals [mode, root] on 1/p = Lambda exp(-z D); NaN where that does not converge."""
    shape, z = z.shape, z.ravel().copy()
    values = np.repeat(modes, shape[1])
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            p, slope = (part[:, 0] for part in response.at(z))
            loop = values * np.exp(-z * delay_ms)
            step = (1.0 / p - loop) / (-slope / p**2 + delay_ms * loop)
            z = z - np.where(np.isfinite(step), step, 0.0)
            if (np.abs(step) < CONVERGED * (1.0 + np.abs(z))).all():
                break
        p, slope = (part[:, 0] for part in response.at(z))
        loop = values * np.exp(-z * delay_ms)
        gap, size = np.abs(1.0 / p - loop), np.abs(1.0 / p) + np.abs(loop)
        # where nothing comes back, or but round-off, the roots are those of the region: p has a pole there, and
        # how far z is from it is what is left to tell
        alone = size < RESIDUAL * np.abs(slope / p**2) * (1.0 + np.abs(z))
        good = (gap < RESIDUAL * size) | ((loop == 0) & (np.abs(1.0 / p) < RESIDUAL)) | alone
    return np.where(good, z, np.nan).reshape(shape)


def _logarithm(response: Response, modes: np.ndarray, delay_ms: float, lines: np.ndarray):
    """Make the functions whose turns count the roots: 1 - Lambda p exp(-z D), poles moved left of the lines."""
    poles = response.poles[0]

    def of(which: np.ndarray, z: np.ndarray):
        p, slope = (part[:, 0] for part in response.at(z))
        loop = modes[which] * np.exp(-z * delay_ms)
        value, derivative = 1.0 - loop * p, loop * (delay_ms * p - slope)
        line = lines[which][:, None]
        away = line - np.maximum(np.abs(poles.real - line), SHIFT) + 1j * poles.imag
        apart, moved = z[:, None] - poles, z[:, None] - away
        phase = np.angle(value) + np.angle(apart / moved).sum(axis=1)
        return phase, derivative / value + (1.0 / apart - 1.0 / moved).sum(axis=1)

    return of
