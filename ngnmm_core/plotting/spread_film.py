"""The film of a spread: the observable on the brain from before the stimulus to the last recruitment."""

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from ngnmm_core.plotting.parts.brain import region_centres
from ngnmm_core.plotting.parts.film import Film
from ngnmm_core.plotting.parts.labels import label, number, point_text
from ngnmm_core.plotting.parts.surface import surface_of
from ngnmm_core.plotting.spread import series_time, stimulus_onset

FRAMES = 80
# shares of the time from the stimulus to the last recruitment that are shown before and after
BEFORE, AFTER = 0.08, 0.12


def film(stem: str, dataset: xr.Dataset) -> Film:
    """Make the film of that name in the catalogue: `film_1` is the first point of a `highlights.nc`."""
    return spread_film(dataset.isel(highlight=int(stem.rpartition("_")[2]) - 1))


def spread_film(point: xr.Dataset) -> Film:
    """Frames at equal steps; a region has a thick rim once it is recruited."""
    time, series = series_time(point), point["observable_series"].transpose("time", "region")
    onset = point["onset_time"].values
    start = stimulus_onset(point)
    first, last = _span(time, start, onset)
    chosen = np.unique(np.searchsorted(time, np.linspace(first, last, FRAMES)).clip(0, len(time) - 1))
    frames = series.values[chosen]
    with np.errstate(invalid="ignore"):
        recruited = onset[None, :] <= time[chosen][:, None]
    since = "after the stimulus" if start is not None else "of the simulation"
    titles = [
        f"{point_text(point)}: {number(round(t - (start or 0.0)))} ms {since}, {count} of {frames.shape[1]} recruited"
        for t, count in zip(time[chosen], recruited.sum(axis=1), strict=True)
    ]
    text = label(series.attrs, text="observable")
    scale = Normalize(*np.percentile(frames, (1.0, 99.0)))
    return Film(frames, region_centres(point), ("viridis", scale), text, titles, recruited, surface_of(point))


def _span(time: np.ndarray, start: float | None, onset: np.ndarray) -> tuple[float, float]:
    """First and last time of the film; all of the series where nothing is recruited."""
    if start is None:
        return float(time[0]), float(time[-1])
    length = max(float(np.nanmax(onset)) - start, 10.0 * float(time[1] - time[0]))
    return max(start - BEFORE * length, float(time[0])), min(start + (1.0 + AFTER) * length, float(time[-1]))
