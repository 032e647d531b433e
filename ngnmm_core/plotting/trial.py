"""Single trials of working memory: firing rates against time, with the epochs of the task."""

import json
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ngnmm_core.plotting.parts.frame import add_legend
from ngnmm_core.plotting.parts.labels import number, point_text
from ngnmm_core.plotting.parts.layout import SEED
from ngnmm_core.plotting.parts.quantities import flag_words
from ngnmm_core.plotting.parts.style import ACCENT, FAINT, INK, MM, MUTED, SECOND, TWO_COLUMNS, new_figure, themed

ROW_MM, AXIS_MM = 26.0, 9.0
MOST_TRIALS, MOST_OTHERS = 6, 40
CUE, PROBE = "#e6eef5", "#f8e8dc"  # of the epochs
WHY = {"no_threshold": "does not count: one region has no active state", "active_before_cue": "active before the cue"}
ANSWERS = {"match": "match", "no_match": "no match", "undefined": "none"}


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the figure `trials` of the catalogue."""
    return trials_figure(dataset)


@themed
def trials_figure(dataset: xr.Dataset) -> Figure:
    """Every highlighted trial, one below the other.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `highlights.nc` with `memory`.
    """
    count = min(dataset.sizes["highlight"], MOST_TRIALS)
    height = count * ROW_MM + AXIS_MM
    figure = new_figure(TWO_COLUMNS, height)
    rows = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    varying = _varying(dataset)
    for k, axes in enumerate(rows):
        _trial(axes, dataset.isel(highlight=k), varying)
    _name_epochs(rows[0], dataset.isel(highlight=0))
    rows[-1].set_xlabel("Time (ms)")
    figure.supylabel("Firing rate (Hz)")
    height += add_legend(figure, _handles(dataset), 6)
    figure.set_figheight(height * MM)
    return figure


def _varying(dataset: xr.Dataset) -> list[str]:
    """Parameters that tell the trials apart."""
    names = [str(n) for n, c in dataset.coords.items() if c.dims == ("highlight",) and n != "highlight"]
    return [n for n in names if len(np.unique(dataset[n].values)) > 1]


def _trial(axes: Axes, trial: xr.Dataset, varying: list[str]) -> None:
    time = trial["time"].values + json.loads(trial.attrs["config"])["simulation"]["transient_ms"]
    rates = trial["rate_series"].isel(population=0).transpose("region", "time").values
    cued, probed = (trial[name].values == 1 for name in ("is_cued", "is_probed"))
    _epochs(axes, trial)
    others = np.flatnonzero(~cued & ~probed)
    for region in others[:: max(1, -(-len(others) // MOST_OTHERS))]:
        axes.plot(time, rates[region], color=FAINT if len(rates) > 1 else INK, linewidth=0.5, zorder=2)
    for where, color, zorder in ((probed & ~cued, SECOND, 3), (cued, ACCENT, 4)):
        for region in np.flatnonzero(where):
            axes.plot(time, rates[region], color=color, linewidth=0.8, zorder=zorder)
    threshold = float(trial["activity_threshold"])
    if np.isfinite(threshold):
        axes.axhline(threshold, color=MUTED, linewidth=0.6, linestyle=":", zorder=1)
    axes.set(xlim=(time[0], time[-1]), ylim=(0.0, 1.08 * max(float(np.nanmax(rates)), 1.5 * np.nan_to_num(threshold))))
    axes.set_title(_title(trial, varying))


def _events(trial: xr.Dataset) -> dict[str, float]:
    return {str(e): float(t) for e, t in zip(trial["event"].values, trial["event_time"].values, strict=True)}


def _name_epochs(axes: Axes, trial: xr.Dataset) -> None:
    """Words at the top of a panel, which gets room for them."""
    events, (left, right) = _events(trial), axes.get_xlim()
    axes.set_ylim(0.0, 1.25 * axes.get_ylim()[1])
    ends = {
        "fixation": (left, events["cue_onset"]),
        "cue": (events["cue_onset"], events["cue_end"]),
        "delay": (events["cue_end"], events["probe_onset"]),
        "probe": (events["probe_onset"], min(events["probe_end"], right)),
    }
    for name, (start, stop) in ends.items():
        if np.isfinite(stop):
            style: dict[str, Any] = {"ha": "center", "va": "top", "color": MUTED}
            axes.text(0.5 * (start + stop), 0.98, name, transform=axes.get_xaxis_transform(), **style)


def _epochs(axes: Axes, trial: xr.Dataset) -> None:
    events = _events(trial)
    if events["cue_onset"] < events["cue_end"] and float(trial["is_cued"].max()) == 1:
        axes.axvspan(events["cue_onset"], events["cue_end"], color=CUE, linewidth=0, zorder=0)
    if np.isfinite(events["probe_end"]) and float(trial["is_probed"].max()) == 1:
        axes.axvspan(events["probe_onset"], events["probe_end"], color=PROBE, linewidth=0, zorder=0)


def _title(trial: xr.Dataset, varying: list[str]) -> str:
    same = [name for name, c in trial.coords.items() if c.ndim == 0 and c.dtype.kind == "f" and name not in varying]
    words = [point_text(trial.drop_vars(same))]
    words[0] += f", seed {int(trial[SEED])}" if SEED in varying else ""
    outcome = str(flag_words(trial["delay_outcome"]).item())
    if outcome == "undefined":
        status = str(flag_words(trial["memory_status"]).item())
        outcome = WHY.get(status, status)
    words.append(outcome.replace("_", " "))
    loss = float(trial["loss_time"])
    if np.isfinite(loss):
        words.append(f"lost after {number(round(loss))} ms")
    answer = str(flag_words(trial["answer"]).item())
    if answer != "undefined":
        right = int(trial["answer"]) == int(trial["right_answer"])
        words.append(f"answer: {ANSWERS[answer]} ({'right' if right else 'wrong'})")
    return "; ".join(filter(None, (word.strip(", ") for word in words)))


def _handles(dataset: xr.Dataset) -> list:
    handles: list = [Patch(color=CUE, label="cue")]
    if (dataset["is_probed"] == 1).any():
        handles.append(Patch(color=PROBE, label="probe"))
    handles.append(Line2D([], [], color=ACCENT, label="cued region"))
    if ((dataset["is_probed"] == 1) & (dataset["is_cued"] != 1)).any():
        handles.append(Line2D([], [], color=SECOND, label="probed region, without cue"))
    if dataset.sizes["region"] > 1:
        handles.append(Line2D([], [], color=FAINT, label="other regions"))
    handles.append(Line2D([], [], color=MUTED, linestyle=":", linewidth=0.8, label="threshold of activity"))
    return handles
