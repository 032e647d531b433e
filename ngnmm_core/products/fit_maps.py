"""Scores against the scale of a map, for the map itself and for its surrogates: a part of `fit.nc`.

A map earns its place only where it does better than the same values on other regions, each tuned alike.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.connectome.cohort import NULL
from ngnmm_core.recordings.scores import best_point
from ngnmm_core.simulation.map_settings import MapSettings

if TYPE_CHECKING:
    from ngnmm_core.products.fit_results import FitResults
    from ngnmm_core.products.signal_scores import SignalScores


def unshuffled(maps: Sequence[MapSettings], axes: Mapping[str, np.ndarray], but: str = "") -> np.ndarray:
    """Tell which points have the maps themselves, [point]; the surrogates of the map called `but` may be any."""
    own = np.ones(max(map(len, axes.values()), default=1), bool)
    for one in maps:
        if one.name != but and one.axes[1] in axes:
            own &= axes[one.axes[1]] == 0
    return own


def map_coordinates(results: "FitResults") -> dict[str, tuple]:
    """Scales and surrogates of every map whose scale is an axis, as coordinates."""
    found: dict[str, tuple] = {}
    for one in _scaled(results):
        for name, values in zip(one.axes, _values(results, one), strict=True):
            found[name] = (name, values, {"units": "1"})
    return found


def map_profiles(results: "FitResults", words: Mapping[str, str]) -> dict[str, tuple]:
    """Scores of the best point at every scale of a map, by surrogate (0 is the map itself).

    Parameters
    ----------
    results : FitResults
    words : mapping of str to str
        What each kind of score is.

    Returns
    -------
    dict of str to tuple
        By name dimensions, values and text: `NAME_profile_KIND` (surrogate, scale, fit_signal); where something is held
        out `NAME_profile_held_out_KIND`, the same points' scores there (of several subjects the mean); and with
        surrogates `NAME_p_KIND` (fit_signal), the share of them, the map counted, that do at least as well, each at its
        best scale: held out if there is that.
    """
    found: dict[str, tuple] = {}
    held = results.study.options["fit"].hold_out is not None
    for one in _scaled(results):
        dims = (*reversed(one.axes), "fit_signal")
        for kind, text in words.items():
            both = [_profile(results, one, results.scores[name], kind, held) for name in results.names]
            tuned, tested = (np.stack([pair[k] for pair in both], axis=-1) for k in range(2))
            found[f"{one.name}_profile_{kind}"] = (dims, tuned, f"best point at a scale of {one.name}: {text}")
            if held:
                about = f"best point at a scale of {one.name}, on what was held out: {text}"
                found[f"{one.name}_profile_held_out_{kind}"] = (dims, tested, about)
            if len(tuned) > 1:
                p = np.array([_chance(tuned[..., s], tested[..., s], kind) for s in range(len(results.names))])
                found[f"{one.name}_p_{kind}"] = (("fit_signal",), p, f"share of maps as good as {one.name}: {text}")
    return found


def _scaled(results: "FitResults") -> list[Any]:
    return [one for one in results.study.maps if one.axes[0] in results.axes]


def _values(results: "FitResults", one) -> tuple[np.ndarray, np.ndarray]:
    """Scales and surrogates of a map that the grid has."""
    scale, surrogate = one.axes
    return np.unique(results.axes[scale]), np.unique(results.axes.get(surrogate, np.zeros(1)))


def _profile(results: "FitResults", one, scores: "SignalScores", kind: str, held: bool) -> tuple:
    """Scores [surrogate, scale] of the best points, and theirs on what was held out (the same without)."""
    scales, surrogates = _values(results, one)
    of_group = scores.of_group(kind)[:, 0]
    number = results.axes.get(one.axes[1], np.zeros(len(of_group)))
    allowed = unshuffled(results.study.maps, results.axes, one.name)
    if NULL in results.axes:
        allowed &= results.axes[NULL] == 0
    tuned, tested = (np.full((len(surrogates), len(scales)), np.nan) for _ in range(2))
    for i, surrogate in enumerate(surrogates):
        for j, scale in enumerate(scales):
            here = np.flatnonzero(allowed & (number == surrogate) & (results.axes[one.axes[0]] == scale))
            k = best_point(of_group[here], kind) if len(here) else -1
            if k >= 0:
                tuned[i, j] = of_group[here[k]]
                tested[i, j] = np.mean(scores.held_out(kind, here)) if held else tuned[i, j]
    return tuned, tested


def _chance(tuned: np.ndarray, tested: np.ndarray, kind: str) -> float:
    """Share of maps [surrogate, scale] that do at least as well as the first, each at the scale it is tuned to."""
    scale = [best_point(row, kind) for row in tuned]
    reached = np.array([row[k] if k >= 0 else np.nan for row, k in zip(tested, scale, strict=True)])
    if not np.isfinite(reached[0]):
        return np.nan
    return float((reached >= reached[0]).sum() / np.isfinite(reached).sum())
