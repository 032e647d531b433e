"""Every quantity of a sweep against its null connectomes: `nulls.nc`, written after the merge."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from ngnmm_core.analysis.null_statistics import NULL, NullStatus, null_zscore
from ngnmm_core.errors import InputError
from ngnmm_core.storage.netcdf import write_netcdf

NOT_COMPARED = ("step_ms", "diverged_at_ms", "diverged_region")
POINT = "point"


def null_scores(sweep: xr.Dataset) -> xr.Dataset:
    """Give the z-score of every quantity over the null connectomes, at every other point of the grid.

    Parameters
    ----------
    sweep : xarray.Dataset
        A merged sweep, or what `ngnmm_core.simulate` gives, with `null` among its dimensions (or, of a list of points,
        its coordinates).

    Returns
    -------
    xarray.Dataset
        `NAME_zscore` and `NAME_zscore_status` (0 ok, 1 not defined on the true connectome, 2 fewer than three nulls,
        3 nulls without spread) of every quantity NAME that depends on `null`, flags aside.

    Raises
    ------
    InputError
        For a sweep without null connectomes.
    """
    sweep = _with_dimension(sweep)
    data = {}
    for name, values in _quantities(sweep):
        z, status = null_zscore(values)
        meaning = str(values.attrs.get("long_name", name))
        about = {"units": "1", "long_name": f"z-score over null connectomes: {meaning}"}
        data[f"{name}_zscore"] = z.astype(np.float32).assign_attrs(about)
        meanings = NullStatus.meanings()
        flags = {"flag_values": np.arange(len(meanings), dtype=np.int8), "flag_meanings": " ".join(meanings)}
        data[f"{name}_zscore_status"] = status.assign_attrs(
            {"units": "1", "long_name": f"status of {name}_zscore", **flags}
        )
    true = sweep.isel({NULL: 0}, drop=True)
    kept = [name for name, c in true.coords.items() if set(c.dims) <= {d for v in data.values() for d in v.dims}]
    attributes = {**sweep.attrs, "title": "Quantities against null connectomes", "nulls": sweep.sizes[NULL] - 1}
    return xr.Dataset(data, {name: true[name] for name in kept}, attributes)


def _quantities(sweep: xr.Dataset) -> Iterator[tuple[str, xr.DataArray]]:
    for name, values in sweep.data_vars.items():
        flag = "flag_meanings" in values.attrs or str(name).endswith("_status")
        if NULL in values.dims and not flag and name not in NOT_COMPARED and values.dtype.kind in "fiu":
            yield str(name), values


def _with_dimension(sweep: xr.Dataset) -> xr.Dataset:
    """Bring null connectomes that are a coordinate of a list of points into a dimension."""
    if NULL in sweep.dims:
        return sweep
    if NULL not in sweep.coords or sweep[NULL].dims != (POINT,):
        raise InputError("nulls: the sweep has no null connectomes; allowed: one of a study with the key `nulls`")
    numbers = sweep[NULL].values
    parts = [sweep.isel({POINT: np.flatnonzero(numbers == number)}) for number in np.unique(numbers)]
    constant = [name for name in sweep.data_vars if POINT not in sweep[name].dims]
    parts = [part.drop_vars([NULL, *constant]) for part in parts]  # in the same order, as the study lists them
    return xr.concat(parts, NULL, coords="minimal", compat="override", join="override")


def write_nulls(sweep: Path, output: Path) -> None:
    """Write `nulls.nc` of a study."""
    with xr.open_dataset(sweep) as merged:
        found = null_scores(merged)
    write_netcdf(found, output)
