"""Connectivity in frequency bands by linear noise theory: quadrature that is refined until it has converged."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ngnmm_core.dynamics.linear_noise import LinearNetwork, covariance_in

COARSE, FINE = 8, 12  # nodes of the two Gauss-Legendre rules that are compared on every panel
TOLERANCE = 1e-6  # of a variance
MOST_PANELS = 128
LOWEST_HZ = 1e-3  # below which panels are not logarithmic; for the default time constants of a model


@dataclass(frozen=True)
class Band:
    """Covariance of the signals in a band.

    Attributes
    ----------
    cross : complex array (region, region)
        Integral of the one-sided cross-spectrum over the band.
    converged : bool
        Whether the quadrature agrees with itself to `TOLERANCE`.
    """

    cross: np.ndarray
    converged: bool

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the filtered signals, [region, region]."""
        return self.cross.real

    @property
    def amplitude(self) -> np.ndarray:
        """Standard deviation, [region]."""
        return np.sqrt(np.maximum(np.diag(self.cross).real, 0.0))

    @property
    def coherence(self) -> np.ndarray:
        """Magnitude-squared coherence of the band as a whole, [region, region]."""
        power = np.diag(self.cross).real
        return np.abs(self.cross) ** 2 / np.outer(power, power)


def band_covariance(
    network: LinearNetwork,
    band_hz: tuple[float, float],
    response: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Band:
    """Integrates the cross-spectrum over a band.

    Panels are halved where two rules of different order disagree; so a narrow peak near a Hopf point is found.

    Parameters
    ----------
    network : LinearNetwork
    band_hz : pair of float
        From and to, Hz; the lower limit may be 0.
    response : callable, optional
        Complex response of what is measured (such as BOLD) to the signal, at frequencies in Hz; the same in all
        regions.
    """
    low, high = band_hz
    edges, lowest = [low, high], LOWEST_HZ / network.time_factor
    if low < lowest < high:
        edges = [low, lowest, high]
    waiting = list(pairwise(edges))
    total = np.zeros((network.regions, network.regions), complex)
    kept, error = 0, np.zeros(network.regions)
    while waiting:
        panel = waiting.pop()
        fine, coarse = (_panel(network, panel, n, response) for n in (FINE, COARSE))
        off = np.abs(np.diag(fine - coarse).real)
        size = np.abs(np.diag(fine + total).real)
        if (off <= TOLERANCE * size).all() or kept + len(waiting) >= MOST_PANELS:
            total += fine
            error += off
            kept += 1
        else:
            middle = np.sqrt(panel[0] * panel[1]) if panel[0] >= lowest else 0.5 * sum(panel)
            waiting += [(middle, panel[1]), (panel[0], middle)]
    power = np.diag(total).real
    return Band(total, bool(np.isfinite(power).all() and (error <= 10 * TOLERANCE * power).all() and (power > 0).all()))


def _panel(network: LinearNetwork, panel: tuple[float, float], nodes: int, response) -> np.ndarray:
    """Integrate over one panel, in the logarithm of the frequency where that is finite."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    low, high = panel
    if low >= LOWEST_HZ / network.time_factor:
        half = 0.5 * np.log(high / low)
        frequency = np.sqrt(high * low) * np.exp(half * x)
        weights = half * w * frequency
    else:
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        frequency, weights = middle + half * x, half * w
    if response is not None:
        weights = weights * np.abs(response(frequency)) ** 2
    return covariance_in(network, frequency, weights)
