"""Hub scores as a table: the regions of every point and kind of lesion, by falling z-score."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

COLUMNS = (
    "hub_zscore", "hub_pvalue", "hub_score", "hub_score_low", "hub_score_high", "hub_synchrony_change",
    "hub_synchrony_zscore", "hub_gamma_change", "hub_gamma_zscore", "hub_stability", "information_flow",
    "information_flow_pvalue", "dynamical_influence", "strength", "eigenvector_centrality", "betweenness",
)  # fmt: skip


def hub_table(hubs: "xr.Dataset") -> "pd.DataFrame":
    """One row per point, kind of lesion and region, with the region's name; those without a score come last."""
    import pandas as pd

    coordinates = [str(name) for name, c in hubs.coords.items() if c.dims == ("hub_point",)]
    names = [str(name) for name, c in hubs.coords.items() if c.dims == ("region",) and name != "region"]
    frames = []
    for point in range(hubs.sizes["hub_point"]):
        for lesion in hubs.lesion.values:
            part = hubs.isel(hub_point=point).sel(lesion=lesion)
            regions = part.sizes["region"]
            frame = {name: np.full(regions, part[name].item()) for name in coordinates}
            frame |= {"lesion": np.full(regions, lesion), "region": part.region.values}
            frame |= {n: part[n].values for n in names if part[n].dtype.kind not in "f"}
            frame |= {name: np.broadcast_to(part[name].values, regions) for name in COLUMNS}
            frames.append(_ranked(pd.DataFrame(frame), len(coordinates) + 1))
    return pd.concat(frames, ignore_index=True)


def _ranked(frame: "pd.DataFrame", position: int) -> "pd.DataFrame":
    ranked = frame.sort_values("hub_zscore", ascending=False, kind="stable", na_position="last").reset_index(drop=True)
    ranked.insert(position, "rank", np.arange(1, len(ranked) + 1))
    return ranked
