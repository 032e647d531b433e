"""A search for the best parameters: the scores of all points that were tried, and where they lie."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.parts.labels import symbol
from ngnmm_core.plotting.parts.style import ACCENT, MUTED, SECOND, TWO_COLUMNS, new_figure, themed

PANEL_MM = 55.0
SMALLER_IS_BETTER = ("rmse", "fcd_ks")
MOST_PARAMETERS = 3


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the figure `optimisation` of the catalogue."""
    return search_figure(dataset)


@themed
def search_figure(dataset: xr.Dataset) -> Figure:
    """Scores in the order of the search with the best so far, and scores over each of the first parameters.

    Parameters
    ----------
    dataset : xarray.Dataset
        An `optimisation.nc`.
    """
    kind = str(dataset["kind"].values[0])
    scores, steps = dataset["score"].values[:, 0], dataset["step_of"].values
    names = [str(name) for name in dataset["parameter"].values][:MOST_PARAMETERS]
    figure = new_figure(TWO_COLUMNS, PANEL_MM)
    panels = figure.subplots(1, 1 + len(names), sharey=True, squeeze=False)[0]
    colors = [(ACCENT, SECOND)[min(int(s), 1)] for s in range(int(steps.max()) + 1)]
    best = np.minimum if kind in SMALLER_IS_BETTER else np.maximum
    for s, color in enumerate(colors):
        here = np.flatnonzero(steps == s)
        panels[0].plot(here + 1, scores[here], ".", ms=3, color=color, label=str(dataset["step"].values[s]))
        known = np.where(np.isfinite(scores[here]), scores[here], np.inf if best is np.minimum else -np.inf)
        panels[0].plot(here + 1, best.accumulate(known), color=MUTED, lw=0.8)
        for axes, k in zip(panels[1:], range(len(names)), strict=True):
            axes.plot(dataset["tried"].values[here, k], scores[here], ".", ms=3, color=color)
    panels[0].set(xlabel="Point tried", ylabel=f"Score ({kind})")
    panels[0].legend()
    for axes, name in zip(panels[1:], names, strict=True):
        axes.set_xlabel(symbol(name))
    return figure
