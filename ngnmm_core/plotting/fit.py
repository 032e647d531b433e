"""Scores of a model against recordings: the ladder, own connectomes against others', score against a map's scale."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ngnmm_core.plotting.fit_matrices import connectivity, dynamics
from ngnmm_core.plotting.parts.fit_signals import signal_title
from ngnmm_core.plotting.parts.frame import add_legend, label_below
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
ROW_MM, MARGIN_MM, PANEL_MM = 5.0, 24.0, 62.0
BASELINES = {
    "sc": "SC",
    "log_sc": "log SC",
    "sqrt_sc": "root of SC",
    "distance": "distance",
    "strength": "strengths",
    "size": "region sizes",
    "linear_row": "linear, rows",
    "linear_eigenvalue": "linear, eigenvalue",
}


def draw(stem: str, dataset: xr.Dataset) -> Figure | None:
    """Draw the figure of that name in the catalogue."""
    drawn = {LADDER: ladder, CONNECTIVITY: connectivity, DYNAMICS: dynamics, OWN: own_connectomes, MAPS: map_scales}
    return drawn[stem](dataset)


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
    height = MARGIN_MM + ROW_MM * len(rungs) * len(names) + 10.0 * (len(names) - 1)
    figure = new_figure(TWO_COLUMNS, height)
    panels = figure.subplots(len(names), len(KINDS), sharex="col", sharey=True, squeeze=False)
    for row, name in zip(panels, names, strict=True):
        for axes, (kind, title) in zip(row, KINDS.items(), strict=True):
            _ladder_panel(axes, dataset.sel(fit_signal=name), kind, rungs)
            axes.set_title(f"{signal_title(name) if axes is row[0] else ''}\n{title}")
    label_below(panels[-1], "Correlation with recordings")
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
                title = f"{title}:\nabove 0 in {int((known > 0).sum())} of {len(known)}"
            axes.set_title(f"{signal_title(name)}, {title}" if len(names) > 1 and axes is row[0] else title)
        row[0].set_ylabel("Own minus others' connectomes")
    for axes in panels[-1]:
        axes.set_xlabel("Subject")
    return figure


def _rungs(dataset: xr.Dataset) -> list[str]:
    nulls = ["null"] if "null_r" in dataset else []
    held = ["held_out"] if "held_out_r" in dataset else []
    few = ["individual"] if "individual_r" in dataset else []
    known = xr.concat([dataset[f"baseline_{kind}"].notnull() for kind in KINDS], "kind").any(["kind", "fit_signal"])
    return [*nulls, *map(str, dataset["baseline"].values[known]), "model", *held, *few, "ceiling"]


def _ladder_panel(axes: Axes, dataset: xr.Dataset, kind: str, rungs: list[str]) -> None:
    texts = {
        **BASELINES,
        "null": "null connectomes",
        "model": "model",
        "held_out": "model, held out",
        "individual": "single subjects",
        "ceiling": "ceiling",
    }
    for y, rung in enumerate(reversed(rungs)):
        axes.axhline(y, color=FAINT, lw=0.4, zorder=0)
        if rung in ("null", "held_out", "individual", "ceiling"):
            values = dataset[f"{rung}_{kind}"].values
            values = values[np.isfinite(values)]
            color = {"null": MUTED, "held_out": SECOND, "individual": SECOND, "ceiling": ACCENT}[rung]
            marker = {"null": ".", "held_out": "D", "individual": "D", "ceiling": "|"}[rung]
            axes.plot(values, np.full(len(values), y), marker, ms=3.4, color=color, mfc="none", ls="")
            if len(values):
                axes.plot(values.mean(), y, marker, ms=6, color=color, ls="")
            if rung == "individual":
                limits = dataset[f"individual_ceiling_{kind}"].values
                axes.plot(limits, np.full(len(limits), y), "|", ms=6, color=ACCENT, ls="")
        else:
            value = dataset[f"best_{kind}"] if rung == "model" else dataset[f"baseline_{kind}"].sel(baseline=rung)
            axes.plot(float(value), y, "o", ms=4, color=SECOND if rung == "model" else MUTED)
    if not np.isfinite(dataset[f"baseline_{kind}"]).any():
        say_undefined(axes, "needs series")
        axes.set_xticks([])
    axes.axvline(0.0, color=INK, lw=0.4)
    axes.set_yticks(range(len(rungs)), [texts.get(rung, rung) for rung in reversed(rungs)])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(rungs) - 0.4)


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
