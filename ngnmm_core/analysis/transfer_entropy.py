"""Information flow between regions: lagged transfer entropy for Gaussian signals, with time-shifted surrogates.

What the past of j adds to the past of i in predicting i, in nats: -log(1 - rho^2) / 2 with the partial correlation rho
of x_i(t + lag) and x_j(t), given x_i(t).  For Gaussian signals it is Granger's causality up to a factor of 2: Barnett,
Barrett, Seth, Phys. Rev. Lett. 103, 238701 (2009), doi:10.1103/PhysRevLett.103.238701.  It is pairwise: what a third
region drives in both counts as flow between them, if it arrives at different times.

Surrogates shift the sources against the targets, circularly; their mean is the bias of a finite signal.
"""

import numpy as np

from ngnmm_core.simulation.own_times import time_factor

SURROGATES = 39
SHIFT_SEED = 0x1F10
# for the default time constants of a model: see `ngnmm_core.simulation.own_times`
LONGEST_MS = 20000.0  # of the signal that is kept
NEAREST_MS = 200.0  # smallest shift of a surrogate


def transfer_entropy(series: np.ndarray, lag: int, shift: int = 0) -> np.ndarray:
    """Transfer entropy [target, source] in nats from series [region, sample]; sources are shifted round by `shift`.

    The diagonal is zero; regions without variance are NaN.
    """
    centred = np.ascontiguousarray(series - np.ascontiguousarray(series).mean(axis=1, keepdims=True))
    target, own = _standardised(centred[:, lag:]), _standardised(centred[:, :-lag])
    source = _standardised(np.roll(centred, shift, axis=1)[:, :-lag])
    with np.errstate(divide="ignore", invalid="ignore"):
        memory = (target * own).sum(axis=1)[:, None]
        shared = own @ source.T
        partial = (target @ source.T - memory * shared) / np.sqrt((1.0 - memory**2) * (1.0 - shared**2))
        flow = -0.5 * np.log1p(-(partial**2))
    np.fill_diagonal(flow, 0.0)
    return flow


def _standardised(series: np.ndarray) -> np.ndarray:
    """Rows with mean 0 and unit norm, so that products are correlations."""
    series = np.ascontiguousarray(series)
    series = series - series.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return series / np.sqrt((series**2).sum(axis=1, keepdims=True))


def outflow(series: np.ndarray, lag: int, nearest: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean transfer entropy from each region to the others, and that of the surrogates [surrogate, region]."""
    samples, regions = series.shape[1], len(series)
    shifts = np.random.default_rng(SHIFT_SEED).integers(nearest, samples - nearest, SURROGATES, endpoint=True)
    flows = [transfer_entropy(series, lag, int(s)).sum(axis=0) / (regions - 1) for s in (0, *shifts)]
    return flows[0], np.array(flows[1:])


class InformationReducer:
    """Keeps the signal of unlesioned runs, and gives the outflow of every region.

    Parameters
    ----------
    options : (make of the signal, its options, lag in ms)
        The signal is one of `ngnmm_core.analysis.fc.SIGNALS`.
    """

    def __init__(self, options, window):
        make, signal_options, self.lag_ms = options
        self.signal = make(signal_options, window)
        self.points, self.regions = window.points, window.regions
        lesioned = np.zeros(self.points, bool) if window.included is None else (window.included == 0).any(axis=1)
        self.wanted = np.flatnonzero(~lesioned)
        factors = time_factor(window.model, window.parameters) * np.ones(self.points)
        self.longest, self.nearest = (self._samples(length * factors) for length in (LONGEST_MS, NEAREST_MS))
        self.kept: list[np.ndarray] = []
        self.count = 0

    def _samples(self, times_ms: np.ndarray) -> np.ndarray:
        """Round times [point] to samples, one at least."""
        return np.maximum(np.rint(times_ms / self.signal.sample_ms).astype(int), 1)

    def consume(self, block) -> None:
        """Keep the next samples of the signal."""
        signal = self.signal.push(block) if len(self.wanted) else None
        if signal is not None and len(signal):
            self.kept.append(signal.astype(np.float32))
            self.count += len(signal)
            while self.count - len(self.kept[0]) >= self.longest.max():
                self.count -= len(self.kept.pop(0))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Outflow [point, region] and that of surrogates [point, surrogate, region]; NaN for lesioned runs."""
        flow = np.full((self.points, self.regions), np.nan)
        surrogates = np.full((self.points, SURROGATES, self.regions), np.nan)
        lag = max(round(self.lag_ms / self.signal.sample_ms), 1)
        wanted = [k for k in self.wanted if self.count > 2 * self.nearest[k] + lag and activity.active[k].all()]
        if wanted:
            series = np.concatenate(self.kept).transpose(1, 3, 2, 0)
            by_point = series.reshape(-1, self.regions, series.shape[-1])
            for k in wanted:
                kept = by_point[k, :, -self.longest[k] :].astype(float)
                flow[k], surrogates[k] = outflow(kept, lag, int(self.nearest[k]))
        return {"lesion_information": flow, "lesion_information_surrogates": surrogates}
