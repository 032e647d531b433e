"""A model beside recordings: both connectivities with their scatter, and the dynamics of connectivity."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ngnmm_core.connectome.cohort import NULL, SUBJECT
from ngnmm_core.connectome.functional_networks import network_order, networks_of
from ngnmm_core.plotting.parts.cells import wrapped
from ngnmm_core.plotting.parts.fit_signals import signal_title
from ngnmm_core.plotting.parts.frame import add_legend
from ngnmm_core.plotting.parts.labels import number, symbol
from ngnmm_core.plotting.parts.style import (
    ACCENT,
    MM,
    MUTED,
    SECOND,
    TEXT,
    TWO_COLUMNS,
    new_figure,
    say_undefined,
    themed,
)
from ngnmm_core.recordings.connectivity import edge_specific, matrix_of, pearson

CONNECTIVITY_MM, DYNAMICS_MM, TITLE_MM = 66.0, 58.0, 56.0  # heights; room for a title
SURROGATE = "surrogate"  # what axes end with that number the surrogates of a map
MOST_DOTS = 20_000  # of a scatter, beyond which they are thinned
MATRICES = {
    "recorded_fcd_matrix": "recording",
    "surrogate_fcd_matrix": "its surrogate, phases random",
    "best_fcd_matrix": "model",
}


@themed
def connectivity(dataset: xr.Dataset) -> Figure:
    """Draw recorded and modelled connectivity at the best point, and one against the other, in a row per signal.

    Regions stand by network where their names say it, else clustered by the recordings.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `fit.nc`.
    """
    names = [str(name) for name in dataset["fit_signal"].values]
    figure = new_figure(TWO_COLUMNS, CONNECTIVITY_MM * len(names))
    parts = np.ravel(figure.subfigures(len(names), 1, squeeze=False))
    networks = networks_of([str(label) for label in dataset["region"].values])
    for part, name in zip(parts, names, strict=True):
        here, row = dataset.sel(fit_signal=name), part.subplots(1, 3)
        part.suptitle(_point_text(here), x=0.01, ha="left", fontsize=TEXT, color=MUTED)
        recorded, model = (here[f"{of}_fc"].values.astype(float) for of in ("recorded", "best"))
        order = np.array(network_order(networks)) if networks else _clustered(recorded)
        sides = ((row[0], recorded, "recordings"), (row[1], model, f"model, {signal_title(name)}"))
        for axes, values, title in sides:
            matrix = matrix_of(values, diagonal=np.nan)[np.ix_(order, order)]
            image = axes.imshow(matrix, cmap="viridis", norm=_norm(values))
            axes.set_title(wrapped(title, TITLE_MM))
            axes.set(xticks=[], yticks=[], xlabel="regions, by network" if networks else "regions, clustered")
            part.colorbar(image, ax=axes, orientation="horizontal", shrink=0.8, pad=0.02)
            if networks:
                _mark_networks(axes, [networks[k] for k in order], named=axes is row[0])
        _scatter(row[2], recorded, model)
    return figure


def _mark_networks(axes: Axes, networks: list[str], named: bool) -> None:
    """Draw a line where a network ends, and write the names at the middles on the left."""
    starts = [k for k, name in enumerate(networks) if k == 0 or networks[k - 1] != name]
    for k in starts[1:]:
        axes.axhline(k - 0.5, color="white", lw=0.8)
        axes.axvline(k - 0.5, color="white", lw=0.8)
    if named:
        ends = [*starts[1:], len(networks)]
        middles = [(a + b - 1) / 2.0 for a, b in zip(starts, ends, strict=True)]
        axes.set_yticks(middles, [networks[k] for k in starts])
        axes.tick_params(axis="y", length=0)


def _norm(values: np.ndarray) -> Normalize:
    """Spread the colours over what a matrix has, but for 1 % at both ends: model and recordings differ in strength."""
    if not np.isfinite(values).any():
        return Normalize(0.0, 1.0)
    low, high = np.nanpercentile(values, (1, 99))
    return Normalize(low, max(high, low + 1e-6))


def _scatter(axes: Axes, recorded: np.ndarray, model: np.ndarray) -> None:
    """Draw a dot per pair of regions; correlations of what is shown stand above."""
    step = max(len(recorded) // MOST_DOTS, 1)
    axes.plot(recorded[::step], model[::step], ".", ms=1.2, color=ACCENT, alpha=0.4, mec="none", rasterized=True)
    axes.set(xlabel="FC of recordings", ylabel="FC of the model", box_aspect=1.0)
    if not (np.isfinite(recorded).all() and np.isfinite(model).all()):
        say_undefined(axes, "not defined")
        return
    specific = pearson(edge_specific(recorded), edge_specific(model))
    axes.set_title(f"r = {pearson(recorded, model):.2f}\nedge-specific {specific:.2f}")


def _clustered(edges: np.ndarray) -> np.ndarray:
    """Order of the regions by hierarchical clustering of connectivity (average linkage of 1 - r)."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if not np.isfinite(edges).all():
        return np.arange(len(matrix_of(edges)))
    return leaves_list(linkage(np.maximum(1.0 - edges, 0.0), "average"))


def _point_text(dataset: xr.Dataset) -> str:
    """Name the best point; null connectomes and surrogates are never among them."""
    words = []
    for name, value in zip(map(str, dataset["axis"].values), dataset["best_point"].values, strict=True):
        if not np.isfinite(value) or name == NULL or name.endswith(f".{SURROGATE}"):
            continue
        if name == SUBJECT and "connectome" in dataset.coords:
            words.append(f"connectome of {dataset['connectome'].values[int(value)]}")
        else:
            words.append(f"{symbol(name)} = {number(float(value))}")
    return "best point: " + ", ".join(words) if words else ""


@themed
def dynamics(dataset: xr.Dataset) -> Figure | None:
    """Draw matrices of the dynamics of connectivity and, below, the distributions of all recordings and the model.

    The matrix of the model is there where its BOLD was kept.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `fit.nc` in which dynamics are scored.
    """
    matrices = {name: title for name, title in MATRICES.items() if name in dataset}
    rows = 2 if matrices else 1
    height = DYNAMICS_MM * rows
    figure = new_figure(TWO_COLUMNS, height)
    parts = np.ravel(figure.subfigures(rows, 1, squeeze=False))
    if matrices:
        panels = parts[0].subplots(1, len(matrices), squeeze=False)[0]
        for axes, (name, title) in zip(panels, matrices.items(), strict=True):
            image = axes.imshow(dataset[name].values, cmap="viridis", vmin=0.0, vmax=1.0, origin="lower")
            axes.set(xlabel="window", ylabel="window" if axes is panels[0] else "")
            axes.set_title(wrapped(title, TITLE_MM))
        parts[0].colorbar(image, ax=list(panels), label="correlation of FC", shrink=0.9, pad=0.01)
    axes = parts[-1].subplots()
    handles = _distributions(axes, dataset)
    figure.set_figheight((height + add_legend(figure, handles, 3)) * MM)
    return figure


def _distributions(axes: Axes, dataset: xr.Dataset) -> list[Line2D]:
    """Draw cumulative distributions; return what explains the lines."""
    levels, handles = dataset["quantile"].values, []
    groups = len(dataset["subject"]) == 1 and str(dataset["subject"].values[0]) == "group"
    recorded = "a group" if groups else "recordings"
    kinds: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("recorded_fcd", recorded, {"color": ACCENT, "lw": 1.4 if groups else 0.7}),
        ("held_out_fcd", "another group", {"color": ACCENT, "lw": 1.0, "ls": ":"}),
        ("individual_fcd", "single subjects", {"color": MUTED, "lw": 0.8}),
        ("surrogate_fcd", "their surrogates", {"color": ACCENT, "lw": 0.7, "ls": "--"}),
        ("individual_surrogate_fcd", "their surrogates", {"color": MUTED, "lw": 0.8, "ls": "--"}),
        ("best_fcd", "model, best point", {"color": SECOND, "lw": 1.8}),
    )
    for name, text, look in kinds:
        if name not in dataset or not np.isfinite(dataset[name]).any():
            continue
        for values in np.atleast_2d(dataset[name].values):
            axes.plot(values, levels, **look)
        handles.append(Line2D([], [], label=text, **look))
    axes.set_title(_distances(dataset))
    axes.set(xlabel="Correlation between FC of two windows", ylabel="Share of pairs", ylim=(0.0, 1.0))
    return handles


def _distances(dataset: xr.Dataset) -> str:
    """Name the distances that belong beside the curves."""
    here = dataset.sel(fit_signal="bold")
    limit = "individual_surrogate_fcd_ks" if "individual_surrogate_fcd_ks" in dataset else "surrogate_fcd_ks"
    words = (
        ("recording to surrogate", limit),
        ("one to the others", "ceiling_fcd_ks"),
        ("model, its best", "best_fcd_ks"),
    )
    known = {text: float(here[name].mean()) for text, name in words if name in here}
    shown = ", ".join(f"{text} {value:.2f}" for text, value in known.items() if np.isfinite(value))
    return f"KS distance: {shown}" if shown else ""
