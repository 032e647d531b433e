"""A model beside recordings: the ladder of scores, both connectivities with their scatter, and the dynamics of FC."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ngnmm_core.plotting.parts.frame import add_legend
from ngnmm_core.plotting.parts.labels import number, symbol
from ngnmm_core.plotting.parts.style import (
    ACCENT,
    FAINT,
    INK,
    MM,
    MUTED,
    SECOND,
    TWO_COLUMNS,
    new_figure,
    say_undefined,
    themed,
)

KINDS = {"r": "raw", "edge_r": "edge-specific", "gsr_r": "no global signal"}
LADDER, CONNECTIVITY, DYNAMICS, OWN, MAPS = "fit_ladder", "fit_connectivity", "fit_dynamics", "fit_own", "fit_maps"
ROW_MM, MARGIN_MM, PANEL_MM = 4.6, 14.0, 58.0
MOST_DOTS = 20_000  # of a scatter, beyond which they are thinned
BASELINES = {
    "sc": "SC",
    "log_sc": "log SC",
    "sqrt_sc": "root of SC",
    "distance": "distance",
    "strength": "strengths",
    "size": "region sizes",
    "linear_row": "linear model, rows",
    "linear_eigenvalue": "linear model, eigenvalue",
}
SIGNALS = {
    "linear_fc": "linear theory",
    "bold": "BOLD",
    "fc:gamma_envelope": "envelopes",
    "fc:orthogonalised_envelope": "orthogonalised envelopes",
}


def draw(stem: str, dataset: xr.Dataset) -> Figure | None:
    """Draw the figure of that name in the catalogue."""
    drawn = {LADDER: ladder, CONNECTIVITY: connectivity, DYNAMICS: dynamics, OWN: own_connectomes, MAPS: map_scales}
    return drawn[stem](dataset)


def signal_title(name: str) -> str:
    """Return the name of a signal as shown in a figure: `linear theory, 0.01-0.1 Hz`."""
    if name in SIGNALS:
        return SIGNALS[name]
    kind, _, band = name.partition(":")
    return SIGNALS.get(kind, kind) + (f", {band} Hz" if band else "")


@themed
def ladder(dataset: xr.Dataset) -> Figure:
    """Scores of nulls, baselines, the model and single subjects, one under the other; a panel per kind and signal.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `fit.nc`.
    """
    names = [str(name) for name in dataset["fit_signal"].values]
    rungs = _rungs(dataset)
    limit = "one subject against the others" if len(dataset["subject"]) > 1 else "one group against the other"
    height = MARGIN_MM + ROW_MM * len(rungs) * len(names) + 6.0 * (len(names) - 1)
    figure = new_figure(TWO_COLUMNS, height)
    panels = figure.subplots(len(names), len(KINDS), sharex="col", sharey=True, squeeze=False)
    for row, name in zip(panels, names, strict=True):
        for axes, (kind, title) in zip(row, KINDS.items(), strict=True):
            _ladder_panel(axes, dataset.sel(fit_signal=name), kind, rungs)
            axes.set_title(f"{signal_title(name)}: {title}" if axes is row[0] else title)
    for axes in panels[-1]:
        axes.set_xlabel("Correlation with recordings")
    handles = [
        Line2D([], [], ls="", marker="o", ms=4, color=SECOND, label="model, best point of the grid"),
        Line2D([], [], ls="", marker="D", ms=3.4, mfc="none", mec=SECOND, label="model, held out"),
        Line2D([], [], ls="", marker="o", ms=4, color=MUTED, label="without a model"),
        Line2D([], [], ls="", marker="|", ms=6, color=ACCENT, label=limit),
    ]
    height += add_legend(figure, handles, 4)
    figure.set_figheight(height * MM)
    return figure


@themed
def own_connectomes(dataset: xr.Dataset) -> Figure:
    """Show what a subject's own connectome adds over those of others, a dot per subject; a panel per kind and signal.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `fit.nc`, with `own_minus_others_r` where recorded subjects have connectomes in it.
    """
    names = [str(name) for name in dataset["fit_signal"].values]
    figure = new_figure(TWO_COLUMNS, MARGIN_MM + 0.6 * PANEL_MM * len(names))
    panels = figure.subplots(len(names), len(KINDS), sharex=True, sharey="row", squeeze=False)
    for row, name in zip(panels, names, strict=True):
        for axes, (kind, title) in zip(row, KINDS.items(), strict=True):
            found = dataset.get(f"own_minus_others_{kind}")
            gain = np.zeros(0) if found is None else found.sel(fit_signal=name).values
            known = gain[np.isfinite(gain)]
            if not len(known):
                say_undefined(axes, "no recorded subject has a connectome here")
            axes.axhline(0.0, color=INK, lw=0.4)
            axes.plot(np.arange(1, len(gain) + 1), gain, "o", ms=4, color=SECOND)
            if len(known):
                axes.axhline(known.mean(), color=SECOND, lw=0.8, ls="--")
                title = f"{title}: above 0 in {int((known > 0).sum())} of {len(known)}"
            axes.set_title(f"{signal_title(name)}, {title}" if len(names) > 1 and axes is row[0] else title)
        row[0].set_ylabel("Own minus others' connectomes")
    for axes in panels[-1]:
        axes.set_xlabel("Subject")
    return figure


def _rungs(dataset: xr.Dataset) -> list[str]:
    nulls = ["null"] if "null_r" in dataset else []
    held = ["held_out"] if "held_out_r" in dataset else []
    return [*nulls, *map(str, dataset["baseline"].values), "model", *held, "ceiling"]


def _ladder_panel(axes: Axes, dataset: xr.Dataset, kind: str, rungs: list[str]) -> None:
    texts = {
        **BASELINES,
        "null": "null connectomes",
        "model": "model",
        "held_out": "model, held out",
        "ceiling": "ceiling",
    }
    for y, rung in enumerate(reversed(rungs)):
        axes.axhline(y, color=FAINT, lw=0.4, zorder=0)
        if rung in ("null", "held_out", "ceiling"):
            values = dataset[f"{rung}_{kind}"].values
            values = values[np.isfinite(values)]
            color = {"null": MUTED, "held_out": SECOND, "ceiling": ACCENT}[rung]
            marker = {"null": ".", "held_out": "D", "ceiling": "|"}[rung]
            axes.plot(values, np.full(len(values), y), marker, ms=3.4, color=color, mfc="none", ls="")
            if len(values):
                axes.plot(values.mean(), y, marker, ms=6, color=color, ls="")
        else:
            value = dataset[f"best_{kind}"] if rung == "model" else dataset[f"baseline_{kind}"].sel(baseline=rung)
            axes.plot(float(value), y, "o", ms=4, color=SECOND if rung == "model" else MUTED)
    if not np.isfinite(dataset[f"baseline_{kind}"]).any():
        say_undefined(axes, "needs series")
    axes.axvline(0.0, color=INK, lw=0.4)
    axes.set_yticks(range(len(rungs)), [texts.get(rung, rung) for rung in reversed(rungs)])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(rungs) - 0.4)


@themed
def connectivity(dataset: xr.Dataset) -> Figure:
    """Draw recorded and modelled connectivity at the best point, and one against the other, in a row per signal."""
    names = [str(name) for name in dataset["fit_signal"].values]
    figure = new_figure(TWO_COLUMNS, PANEL_MM * len(names))
    panels = figure.subplots(len(names), 3, squeeze=False)
    for row, name in zip(panels, names, strict=True):
        here = dataset.sel(fit_signal=name)
        recorded, model = (here[f"{of}_fc"].values.astype(float) for of in ("recorded", "best"))
        order = _clustered(recorded)
        for axes, values, title in (
            (row[0], recorded, "recordings"),
            (row[1], model, f"model ({signal_title(name)}), {_point_text(here)}"),
        ):
            image = axes.imshow(_matrix(values)[np.ix_(order, order)], cmap="vlag", norm=_norm(values))
            axes.set_title(title)
            axes.set(xticks=[], yticks=[], xlabel="regions, clustered by recordings")
            figure.colorbar(image, ax=axes, shrink=0.7, pad=0.02)
        _scatter(row[2], recorded, model, here)
    return figure


def _norm(values: np.ndarray):
    from matplotlib.colors import Normalize

    limit = max(float(np.nanpercentile(np.abs(values), 99)) if np.isfinite(values).any() else 1.0, 1e-6)
    return Normalize(-limit, limit)


def _scatter(axes: Axes, recorded: np.ndarray, model: np.ndarray, dataset: xr.Dataset) -> None:
    step = max(len(recorded) // MOST_DOTS, 1)
    axes.plot(recorded[::step], model[::step], ".", ms=1.2, color=ACCENT, alpha=0.4, mec="none", rasterized=True)
    found = {title: float(dataset[f"best_{kind}"]) for kind, title in KINDS.items()}
    scores = ", ".join(f"{title} {score:.2f}" for title, score in found.items() if np.isfinite(score))
    axes.set_title(f"best correlations of the grid\n{scores}", fontsize=6.0)
    axes.set(xlabel="FC of recordings", ylabel="FC of the model")


def _matrix(edges: np.ndarray) -> np.ndarray:
    regions = round((1.0 + np.sqrt(1.0 + 8.0 * len(edges))) / 2.0)
    matrix = np.eye(regions)
    i, j = np.triu_indices(regions, 1)
    matrix[i, j] = matrix[j, i] = edges
    return matrix


def _clustered(edges: np.ndarray) -> np.ndarray:
    """Order of the regions by hierarchical clustering of connectivity (average linkage of 1 - r)."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if not np.isfinite(edges).all():
        return np.arange(len(_matrix(edges)))
    return leaves_list(linkage(np.maximum(1.0 - edges, 0.0), "average"))


def _point_text(dataset: xr.Dataset) -> str:
    values = zip(dataset["axis"].values, dataset["best_point"].values, strict=True)
    return ", ".join(f"{symbol(str(name))} = {number(float(value))}" for name, value in values if np.isfinite(value))


@themed
def dynamics(dataset: xr.Dataset) -> Figure | None:
    """Distributions of the dynamics of connectivity: every recording, and the model at its best point."""
    recorded, model = dataset["recorded_fcd"], dataset["best_fcd"].values
    levels = dataset["quantile"].values
    figure = new_figure(TWO_COLUMNS / 2, PANEL_MM)
    axes = figure.subplots()
    for values in recorded.values:
        axes.plot(values, levels, color=ACCENT, lw=0.6, alpha=0.7)
    axes.plot(model, levels, color=SECOND, lw=1.4)
    surrogate = float(dataset["surrogate_fcd_ks"].sel(fit_signal="bold").mean())
    axes.set_title(f"KS of a recording from its own surrogate: {surrogate:.2f}")
    axes.set(xlabel="Correlation between FC of two windows", ylabel="Share of pairs of windows")
    handles = [Line2D([], [], color=ACCENT, lw=0.6, label="recordings"), Line2D([], [], color=SECOND, label="model")]
    figure.set_figheight((PANEL_MM + add_legend(figure, handles, 2)) * MM)
    return figure


@themed
def map_scales(dataset: xr.Dataset) -> Figure | None:
    """Draw the best score at every scale of a map, beside its surrogates; a row per map and signal, a panel per kind.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `fit.nc` of a study with the scale of a map as an axis.
    """
    maps = [str(name).removesuffix("_profile_r") for name in dataset if str(name).endswith("_profile_r")]
    rows = [(name, str(signal)) for name in maps for signal in dataset["fit_signal"].values]
    kinds = [kind for kind in KINDS if any(np.isfinite(dataset[f"{name}_profile_{kind}"]).any() for name in maps)]
    if not kinds:
        return None
    figure = new_figure(TWO_COLUMNS, MARGIN_MM + 0.9 * PANEL_MM * len(rows))
    panels = figure.subplots(len(rows), len(kinds), squeeze=False)
    for row, (name, signal) in zip(panels, rows, strict=True):
        for axes, kind in zip(row, kinds, strict=True):
            _map_panel(axes, dataset.sel(fit_signal=signal), name, kind)
            axes.set_xlabel(f"Scale of {name}")
        row[0].set_ylabel(f"Correlation with recordings\n({signal_title(signal)})")
    handles = [
        Line2D([], [], color=SECOND, lw=1.4, marker="o", ms=3, label="map, best point at a scale"),
        Line2D([], [], ls="", marker="D", ms=3.4, mfc="none", mec=SECOND, label="the same, held out"),
        Line2D([], [], color=MUTED, lw=0.6, label="surrogates of the map"),
    ]
    figure.set_figheight((MARGIN_MM + 0.9 * PANEL_MM * len(rows) + add_legend(figure, handles, 3)) * MM)
    return figure


def _map_panel(axes: Axes, dataset: xr.Dataset, name: str, kind: str) -> None:
    tuned, scale = dataset[f"{name}_profile_{kind}"].values, dataset[f"{name}.scale"].values
    for values in tuned[1:]:
        axes.plot(scale, values, color=MUTED, lw=0.6, alpha=0.6)
    axes.plot(scale, tuned[0], color=SECOND, lw=1.4, marker="o", ms=3)
    held = dataset.get(f"{name}_profile_held_out_{kind}")
    if held is not None:
        axes.plot(scale, held.values[0], "D", ms=4.4, mfc="none", mec=SECOND)
    p = dataset.get(f"{name}_p_{kind}")
    axes.set_title(KINDS[kind] + (f": {float(p):.2f} of maps do as well" if p is not None else ""))
