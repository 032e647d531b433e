"""Dynamics of connectivity, of recordings, of their surrogates and of the model: a part of `fit.nc`."""

from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.recordings.fcd import fcd_matrix, surrogate, window_volumes
from ngnmm_core.recordings.preprocessing import clean
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.recordings.scores import best_point

if TYPE_CHECKING:
    from ngnmm_core.products.fit_results import FitResults

SIGNAL = "bold"


def dynamics(results: "FitResults") -> dict[str, tuple]:
    """Collect distributions of the dynamics of connectivity, and matrices of one recording and of the best point.

    Returns
    -------
    dict of str to tuple
        By name dimensions, values and text.  `recorded_fcd`, `surrogate_fcd` (subject, quantile), `best_fcd`
        (quantile); where there are several groups `held_out_fcd` (quantile), with single subjects `individual_fcd`
        and `individual_surrogate_fcd` (individual, quantile).  `recorded_fcd_matrix` and `surrogate_fcd_matrix`
        of the first series, and `best_fcd_matrix` where BOLD is kept.  Empty where dynamics are not scored.
    """
    if "fcd_ks" not in results.study.options["fit"].scores:
        return {}
    target, at = results.targets[SIGNAL], _best(results)
    own = np.full(target.fcd.shape[1], np.nan) if at is None else results.readers[SIGNAL].at(at).fcd
    text = "correlation between FC of windows"
    found: dict[str, tuple] = {
        "recorded_fcd": (("subject", "quantile"), target.fcd, f"{text}, recordings"),
        "surrogate_fcd": (("subject", "quantile"), target.surrogate_fcd, f"{text}, phase-randomised recordings"),
        "best_fcd": (("quantile",), own, f"{text}, model at its best point"),
    }
    if target.held_out_fcd is not None:
        found["held_out_fcd"] = (("quantile",), target.held_out_fcd, f"{text}, another group")
    if target.individuals is not None:
        dims, few = ("individual", "quantile"), target.individuals
        found["individual_fcd"] = (dims, few.fcd, f"{text}, single subjects")
        found["individual_surrogate_fcd"] = (dims, few.surrogate_fcd, f"{text}, single subjects, phase-randomised")
    return found | _matrices(results, at, text)


def _best(results: "FitResults") -> tuple | None:
    """Give the position of the best point in the grid, by the study's own score."""
    kind = results.study.options["fit"].best_by
    k = best_point(results.scores[SIGNAL].of_group(kind)[results.true_points, 0], kind)
    return np.unravel_index(int(results.true_points[k]), results.grid[1]) if k >= 0 else None


def _matrices(results: "FitResults", at: tuple | None, text: str) -> dict[str, tuple]:
    """Matrices [window, window] of the first recording, of a surrogate of it, and of the best point."""
    bold, found = results.study.options[SIGNAL], {}
    regress = bold.global_signal == "regress"
    recordings = _with_series(results.recordings)
    if recordings is not None:
        series = clean(recordings.runs[0][0], recordings.tr_s, bold.band_hz, regress)
        windows = window_volumes(bold.fcd.window_s, bold.fcd.step_s, recordings.tr_s)
        dims, who = ("window", "other_window"), recordings.subjects[0]
        found["recorded_fcd_matrix"] = (dims, fcd_matrix(series, *windows), f"{text}, {who}")
        randomised = fcd_matrix(surrogate(series, 0), *windows)
        found["surrogate_fcd_matrix"] = (dims, randomised, f"{text}, {who}, phase-randomised")
    if at is not None and SIGNAL in results.sweep:
        kept = results.sweep[SIGNAL].transpose(*results.grid[0], "region", "time").values[at].astype(float)
        tr_s = bold.tr_ms / 1000.0
        windows = window_volumes(bold.fcd.window_s, bold.fcd.step_s, tr_s)
        matrix = fcd_matrix(clean(kept, tr_s, bold.band_hz, regress), *windows)
        found["best_fcd_matrix"] = (("model_window", "other_model_window"), matrix, f"{text}, model at its best point")
    return found


def _with_series(recordings: Recordings) -> Recordings | None:
    """Choose the recordings, or the single subjects beside a group: those that have series."""
    return recordings if recordings.runs else recordings.individuals
