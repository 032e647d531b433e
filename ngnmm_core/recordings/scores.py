"""Scores of a model against recordings, with a bootstrap over subjects.

Edges of one subject are not independent of each other, so they are never what is resampled.  Every point is scored
against the same draws of subjects, so that differences between points can be told from chance.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ngnmm_core.recordings.connectivity import edge_specific, fc_without_global_signal, mean_fc, regressed
from ngnmm_core.recordings.targets import Targets

SCORES = ("r", "edge_r", "gsr_r", "rmse", "fcd_ks")
SMALLER_IS_BETTER = ("rmse", "fcd_ks")
LIMITS = (0.025, 0.975)  # of what is reported as low and high
SEED = 0xB007
CHUNK = 4_000_000  # numbers of resampled connectivity that are made at once


@dataclass(frozen=True)
class Signal:
    """A model's connectivity [edge], s.d. [region] for the global signal, quantiles of FCD; None if unknown."""

    fc: np.ndarray
    amplitude: np.ndarray | None = None
    fcd: np.ndarray | None = None

    def without_global(self) -> "Signal":
        """Regress the global signal out, as recordings are cleaned of it; the FCD is not known then."""
        if self.amplitude is None:
            raise ValueError("without amplitudes there is no global signal")
        return Signal(*regressed(self.fc, self.amplitude))


def subject_weights(subjects: int, draws: int, seed: int = 0) -> np.ndarray:
    """Weights [1 + draws, subject]: all alike, then those of draws with replacement."""
    rng = np.random.default_rng([SEED, seed])
    drawn = rng.integers(subjects, size=(draws, subjects))
    counts = np.array([np.bincount(row, minlength=subjects) for row in drawn]).reshape(draws, subjects)
    return np.concatenate([np.full((1, subjects), 1.0 / subjects), counts / subjects])


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores models against the mean of weighted subjects.

    Parameters
    ----------
    targets : Targets
    weights : array (draw, subject)
        Each row sums to 1; see `subject_weights`.
    """

    targets: Targets
    weights: np.ndarray
    _memo: dict = field(default_factory=dict, repr=False)

    def score(self, kind: str, signal: Signal) -> np.ndarray:
        """Scores [draw] of a model; NaN where the model or the recordings don't say.

        Parameters
        ----------
        kind : str
            One of `SCORES`: `r` Pearson over edges; `edge_r` the same with one additive effect per region taken out of
            both; `gsr_r` after regression of the global signal in both; `rmse`; `fcd_ks`.
        signal : Signal
        """
        if kind == "fcd_ks":
            return self._fcd(signal.fcd)
        fc = signal.fc
        if kind == "gsr_r":
            fc = None if signal.amplitude is None else fc_without_global_signal(fc, signal.amplitude)
        if fc is None or not np.isfinite(fc).all():
            return np.full(len(self.weights), np.nan)
        fc = np.ascontiguousarray(fc, float)
        if kind == "rmse":
            return np.concatenate([np.sqrt(np.mean((part - fc) ** 2, axis=1)) for part in self._chunks("fc")])
        if kind == "edge_r":
            fc = edge_specific(fc)
        centred = fc - fc.mean()
        size = np.sqrt(centred @ centred)
        if not size > 1e-12 * max(np.abs(signal.fc).max(), 1e-300) * np.sqrt(len(fc)):
            return np.full(len(self.weights), np.nan)  # nothing but round-off is left
        return np.concatenate([part @ (centred / size) for part in self._directions(kind)])

    def _chunks(self, source: str):
        """Mean connectivity [some draws, edge] of the weighted subjects, chunk by chunk."""
        fc = self.targets.gsr_fc if source == "gsr_fc" else self.targets.fc
        step = max(CHUNK // fc.shape[1], 1)
        for start in range(0, len(self.weights), step):
            yield mean_fc(fc, self.weights[start : start + step])

    def _directions(self, kind: str):
        """Give unit vectors [some draws, edge] whose product with a centred one is a correlation; kept if few."""
        if kind in self._memo:
            return self._memo[kind]
        of = edge_specific if kind == "edge_r" else lambda part: part
        made = (_unit(of(part)) for part in self._chunks("gsr_fc" if kind == "gsr_r" else "fc"))
        if len(self.weights) * self.targets.fc.shape[1] > 8 * CHUNK:
            return made
        return self._memo.setdefault(kind, list(made))

    @cached_property
    def _pool(self) -> np.ndarray:
        return np.sort(self.targets.fcd.ravel())

    def _fcd(self, quantiles: np.ndarray | None) -> np.ndarray:
        """KS distance from the windows of the drawn subjects taken together, [draw]."""
        fcd = self.targets.fcd
        if quantiles is None or not (np.isfinite(quantiles).all() and np.isfinite(fcd).all()):
            return np.full(len(self.weights), np.nan)
        own = np.sort(np.asarray(quantiles, float))
        places = np.concatenate([own, self._pool])
        share = lambda x: np.searchsorted(np.sort(x), places, side="right") / len(x)
        each = np.stack([share(subject) for subject in fcd])
        return np.abs(self.weights @ each - share(own)).max(axis=1)


def _unit(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # what recordings don't say stays undefined
        return centred / np.sqrt(np.einsum("be,be->b", centred, centred))[:, None]


def with_limits(scores: np.ndarray) -> tuple[float, float, float]:
    """Score, low and high limit from scores [1 + draws], the first of which is that of all subjects."""
    if len(scores) < 2 or not np.isfinite(scores).all():
        return float(scores[0]), np.nan, np.nan
    low, high = np.quantile(scores[1:], LIMITS)
    return float(scores[0]), float(low), float(high)


def best_point(scores: np.ndarray, kind: str) -> int:
    """Position of the best of scores [point]; -1 if all are NaN."""
    if not np.isfinite(scores).any():
        return -1
    return int(np.nanargmin(scores) if kind in SMALLER_IS_BETTER else np.nanargmax(scores))


def confidence_set(scores: np.ndarray, kind: str, level: float = 0.95) -> np.ndarray:
    """Points that the best one does not beat in at least `level` of the draws of subjects.

    Parameters
    ----------
    scores : array (point, 1 + draw)
        The first column of all subjects.
    kind : str

    Returns
    -------
    array (member,) of int
        The best point first, then by falling score; empty if all scores are NaN.
    """
    best = best_point(scores[:, 0], kind)
    if best < 0:
        return np.empty(0, int)
    sign = -1.0 if kind in SMALLER_IS_BETTER else 1.0
    with np.errstate(invalid="ignore"):
        loses = (
            (sign * (scores[best, 1:] - scores[:, 1:]) > 0).mean(axis=1)
            if scores.shape[1] > 1
            else np.ones(len(scores))
        )
    members = np.flatnonzero(np.isfinite(scores[:, 0]) & (loses < level))
    members = members[members != best]
    order = np.argsort(-sign * scores[members, 0], kind="stable")
    return np.concatenate([[best], members[order]]).astype(int)
