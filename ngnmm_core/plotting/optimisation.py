"""A search for the best parameters: the scores of all points that were tried, and where they lie."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.parts.frame import add_legend
from ngnmm_core.plotting.parts.labels import symbol
from ngnmm_core.plotting.parts.style import ACCENT, MM, MUTED, SECOND, TWO_COLUMNS, new_figure, themed

PANEL_MM = 55.0
SMALLER_IS_BETTER = ("rmse", "fcd_ks")
MOST_PARAMETERS = 3
DIM = 0.4  # opacity of dots where several searches are drawn


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
    names = [str(name) for name in dataset["parameter"].values][:MOST_PARAMETERS]
    figure = new_figure(TWO_COLUMNS, PANEL_MM)
    panels = figure.subplots(1, 1 + len(names), sharey=True, squeeze=False)[0]
    if "subject" in dataset.dims:
        for k in range(dataset.sizes["subject"]):
            _draw_search(panels, dataset.isel(subject=k), kind, DIM, labelled=k == 0)
        panels[0].set_title(f"{dataset.sizes['subject']} connectomes; circles: the best point on each", loc="left")
        best = dataset[["best", "best_score"]].isel(step=-1)
        for axes, k in zip(panels[1:], range(len(names)), strict=True):
            axes.plot(best["best"].values[:, k], best["best_score"].values[:, 0], "o", ms=4, mfc="none", color="black")
    else:
        _draw_search(panels, dataset, kind, 1.0, labelled=True)
    panels[0].set(xlabel="Point tried", ylabel=f"Score ({kind.replace('_', ' ')})")
    panels[0].plot([], [], color=MUTED, lw=0.8, label="best so far")
    for axes, name in zip(panels[1:], names, strict=True):
        axes.set_xlabel(symbol(name))
    handles = panels[0].get_legend_handles_labels()[0]
    figure.set_figheight((PANEL_MM + add_legend(figure, handles, len(handles))) * MM)
    return figure


def _draw_search(panels, search: xr.Dataset, kind: str, alpha: float, labelled: bool) -> None:
    """Draw one search: scores in its order, with the best so far, and over each parameter."""
    scores, steps = search["score"].values[:, 0], search["step_of"].values
    best = np.minimum if kind in SMALLER_IS_BETTER else np.maximum
    for s in range(int(steps.max()) + 1):
        here, color = np.flatnonzero(steps == s), (ACCENT, SECOND)[min(s, 1)]
        label = str(search["step"].values[s]) if labelled else None
        panels[0].plot(here + 1, scores[here], ".", ms=3, color=color, alpha=alpha, label=label)
        known = np.where(np.isfinite(scores[here]), scores[here], np.inf if best is np.minimum else -np.inf)
        panels[0].plot(here + 1, best.accumulate(known), color=MUTED, lw=0.8)
        for k, axes in enumerate(panels[1:]):
            axes.plot(search["tried"].values[here, k], scores[here], ".", ms=3, color=color, alpha=alpha)
