"""Video: v_e of all regions on the brain in three views, one frame per millisecond."""

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from ngnmm_core.plotting.paper.points import at, last, name_of
from ngnmm_core.plotting.parts.brain import region_centres
from ngnmm_core.plotting.parts.film import Film

SHOWN_MS, FRAME_MS = 140.0, 1.0
REACH = 2.0


def film(stem: str, dataset: xr.Dataset) -> Film:
    """Assemble the film from the single points in detail."""
    point = at(dataset, I_ext_e=13.0, G=5.0)
    series = last(point, SHOWN_MS)
    step = max(round(FRAME_MS / float(np.diff(series["time"].values[:2])[0])), 1)
    frames = series.values[:, ::step].T
    titles = [f"{name_of(point)}, t = {k * FRAME_MS:.0f} ms" for k in range(len(frames))]
    return Film(frames, region_centres(point), ("vlag", Normalize(-REACH, REACH)), r"$v_{\mathrm{e}}$", titles)
