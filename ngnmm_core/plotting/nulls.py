"""Maps of how quantities stand among those on null connectomes: z-scores over the grid."""

from collections.abc import Iterable
from dataclasses import replace

import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.analysis.contract import Analysis
from ngnmm_core.analysis.maps import Look, Map, as_it_is
from ngnmm_core.analysis.null_statistics import NULL, null_zscore
from ngnmm_core.plotting.maps import declared_maps, quantity_map
from ngnmm_core.plotting.parts.quantities import grid_values, on_true_connectome

STEM = "map_null_"


def draw(stem: str, dataset: xr.Dataset, analyses: Iterable[Analysis] = ()) -> Figure | None:
    """Draw the figure of that name in the catalogue; `analyses` are the user's own."""
    return null_map(dataset, declared_maps(analyses)[stem.removeprefix(STEM)])


def null_map(dataset: xr.Dataset, quantity: Map) -> Figure | None:
    """Draw the z-score of one quantity over the null connectomes, of its mean over seeds, then averaged over subjects.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `sweep.nc` with the dimension `null`.
    quantity : Map
        As an analysis declares it.

    Returns
    -------
    Figure or None
        None for a single point, and for a dataset without the variable.
    """
    if quantity.variable not in dataset or NULL not in dataset[quantity.variable].dims:
        return None
    z, _ = null_zscore(grid_values(dataset, quantity, over=("seed",)), dataset[quantity.variable].dtype)
    name = f"{quantity.variable}_zscore"
    true = on_true_connectome(dataset).assign({name: z.assign_attrs(units="1")})
    text = f"{quantity.text}: z over {dataset.sizes[NULL] - 1} nulls"
    look = Look("vlag", diverging=True)
    drawn = replace(
        quantity, variable=name, text=text, reduce=as_it_is, look=look, doubtful=None, above=None, instead=None
    )
    return quantity_map(true, drawn)
