"""The noise of a simulation: what its points have, and the numbers that coloured noise needs in every step.

Coloured noise is an Ornstein-Uhlenbeck process x with tau x' = -x + white noise of unit intensity, so that its spectrum
at zero frequency is that of the white noise.  Value and integral of it together are Markovian: from its value at the
start of an interval both follow by two normal numbers, and from values at both ends and the integral over the whole
those of the halves follow by two more, as a Gaussian is conditioned (`kernels.steppers.coloured_ladder`).

Exact steps of value and integral: Gillespie, Phys. Rev. E 54, 2084 (1996), doi:10.1103/PhysRevE.54.2084.
"""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.steppers.brownian_ladder import LEVELS
from ngnmm_core.kernels.steppers.coloured_ladder import CONSTANTS, DEVIATION, MOMENT

QUADRATURE = np.polynomial.legendre.leggauss(16)
PANEL = 2.0  # time constants that a panel of the quadrature may hold


class Noises(NamedTuple):
    """Additive noise of a batch of points, each a number or an array (point,).

    Attributes
    ----------
    sigma : float or array (point,)
        Intensity (ms^0.5).
    seeds : array (point,), optional
        Zeros where there are none.
    common : float or array (point,)
        Share of the variance that all regions have in common, 0 to 1.
    tau_ms : float or array (point,)
        Correlation time (ms); 0 is white noise.  Either all points of a batch have white noise or none has.
    """

    sigma: float | np.ndarray = 0.0
    seeds: np.ndarray | None = None
    common: float | np.ndarray = 0.0
    tau_ms: float | np.ndarray = 0.0

    @property
    def shared(self) -> bool:
        """Whether regions have noise in common at any point."""
        return bool(np.any(np.asarray(self.common) > 0))

    @property
    def coloured(self) -> bool:
        """Whether the noise is coloured."""
        return bool(np.any(np.asarray(self.tau_ms) > 0))

    def mixture(self, points: int) -> np.ndarray:
        """Give the factors [point, (own, common)] of independent unit noises."""
        common = np.broadcast_to(np.asarray(self.common, float), points)
        return np.sqrt(np.stack([1.0 - common, common], axis=-1))


def _conditioned(rate: float, length: float) -> tuple[np.ndarray, np.ndarray]:
    """Give what halves an interval: weights [quantity, given] and the factor [quantity, number] of what is random.

    Quantities are the value in the middle, the integral over the first half, and the integral of (x - 1/2) times the
    process over the whole, x from 0 to 1; given are the values at both ends and the integral.
    """
    from scipy.special import gammainc

    panels = max(int(np.ceil(0.5 * rate * length / PANEL)), 1)
    x, w = QUADRATURE
    width = 0.5 * length / panels
    s = (width * (np.arange(2 * panels)[:, None] + 0.5 * (x + 1.0))).ravel()
    root = np.sqrt(np.tile(0.5 * width * w, 2 * panels))
    left, to_end, to_middle = s < 0.5 * length, rate * (length - s), rate * np.maximum(0.5 * length - s, 0.0)
    kernels = [
        rate * np.exp(-to_end),
        -np.expm1(-to_end),
        np.where(left, rate * np.exp(-to_middle), 0.0),
        np.where(left, -np.expm1(-to_middle), 0.0),
        (s / length - 0.5) * -np.expm1(-to_end) + gammainc(2.0, to_end) / (rate * length),
    ]
    lower = np.asarray(np.linalg.qr((root * np.array(kernels)).T, mode="r")).T
    lower = lower * np.where(np.diag(lower) < 0, -1.0, 1.0)
    weights = np.linalg.solve(lower[:2, :2].T, lower[2:, :2].T).T
    decay, half = np.exp(-rate * length), np.exp(-0.5 * rate * length)
    of_start = np.array([decay, -np.expm1(-rate * length) / rate])
    moment = gammainc(2.0, rate * length) / (rate**2 * length) + 0.5 * np.expm1(-rate * length) / rate
    alone = np.array([half, -np.expm1(-0.5 * rate * length) / rate, moment])
    return np.column_stack([alone - weights @ of_start, weights]), lower


def coloured_constants(tau_ms: np.ndarray, longest_ms: float) -> np.ndarray:
    """Constants [point, level, constant] of coloured noise on the ladder of intervals below `longest_ms`.

    The unit of time is `longest_ms`.  Of level 0: weights of the value at the start for that at the end and for the
    integral, then the factors of two normal numbers; of others: weights of both ends and the integral for the value in
    the middle and for the integral over the first half, then the factors.  The last ones are the standard deviation of
    the process and the weight of the difference between the ends for the first moment.
    """
    found = np.zeros((len(tau_ms), LEVELS, CONSTANTS))
    for tau in np.unique(tau_ms):
        rate = longest_ms / tau
        table = np.zeros((LEVELS, CONSTANTS))
        _, lower = _conditioned(rate, 1.0)
        table[0, :5] = np.exp(-rate), -np.expm1(-rate) / rate, lower[0, 0], lower[1, 0], lower[1, 1]
        for level in range(LEVELS):
            weights, _ = _conditioned(rate, 0.5**level)
            table[level, MOMENT] = weights[2, 1]
        for level in range(1, LEVELS):
            weights, lower = _conditioned(rate, 2.0 * 0.5**level)
            table[level, :9] = *weights[0], *weights[1], lower[2, 2], lower[3, 2], lower[3, 3]
        table[:, DEVIATION] = np.sqrt(0.5 * rate)
        found[np.asarray(tau_ms) == tau] = table
    return found
