"""Variables are written without xarray as xarray writes them."""

import subprocess
import sys

import netCDF4
import numpy as np
import pytest
import xarray as xr

from ngnmm_core.stages.results import as_dataset
from ngnmm_core.storage.netcdf import write_netcdf, write_variables

VARIABLES = {
    "small": (("point",), np.array([1.0, np.nan, 3.0]), {"units": "Hz", "long_name": "a rate"}),
    "large": (("point", "frequency"), np.linspace(0, 1, 1200, dtype="f4").reshape(3, -1), {"units": "mV2 Hz-1"}),
    "status": (("point",), np.array([0, 1, 2], np.int8), {"flag_values": np.array([0, 1, 2], np.int8)}),
    "steps": (("point", "frequency"), np.arange(1200).reshape(3, -1), {"long_name": "integers, Δ", "count": 3}),
    "frequency": (("frequency",), np.linspace(0.0, 40.0, 400), {"units": "Hz"}),
    "region": (("region",), np.array(["left", "rechts", "gauche é"]), {"long_name": "names"}),
    "names": (("point", "region"), np.array([["a", "b", ""]] * 3), {}),
}
ATTRIBUTES = {"context": '{"model": "ei_ngnmm"}', "shard": "abc"}


def content(path):
    """All that netCDF tells of a file, and its values."""
    found = {}
    with netCDF4.Dataset(path) as file:
        found["file"] = file.__dict__, {name: (len(d), d.isunlimited()) for name, d in file.dimensions.items()}
        for name, variable in file.variables.items():
            variable.set_auto_maskandscale(False)
            attributes = {
                key: (str(getattr(value, "dtype", "")), repr(value)) for key, value in variable.__dict__.items()
            }
            stored = variable.dtype, variable.dimensions, variable.filters(), variable.chunking(), variable.endian()
            found[name] = (
                stored,
                attributes,
                variable[...].tobytes() if variable.dtype != str else list(variable[...].flat),
            )
    return found


def test_variables_are_written_as_xarray_writes_them(tmp_path):
    dataset = as_dataset(VARIABLES).assign_attrs(ATTRIBUTES)
    theirs, ours = (
        write_netcdf(dataset, tmp_path / "theirs.nc"),
        write_variables(VARIABLES, ATTRIBUTES, tmp_path / "ours.nc"),
    )
    assert content(ours) == content(theirs)
    assert set(content(ours)) == {"file", *VARIABLES}
    with xr.open_dataset(ours) as one, xr.open_dataset(theirs) as other:
        xr.testing.assert_identical(one, other)
        xr.testing.assert_identical(one, dataset)
    again = write_variables(VARIABLES, ATTRIBUTES, tmp_path / "again.nc")
    assert again.read_bytes() == ours.read_bytes()


@pytest.mark.parametrize(
    ("values", "attributes", "told"),
    [
        (np.zeros(3, complex), {}, "complex"),
        (np.zeros(3, bool), {}, "bool"),
        (np.zeros(3), {"options": {"a": 1}}, "attribute 'options'"),
    ],
)
def test_what_netcdf_cannot_hold_is_refused_and_nothing_is_written(values, attributes, told, tmp_path):
    with pytest.raises(TypeError, match=told) as error:
        write_variables({"wrong": (("point",), values, attributes)}, {}, tmp_path / "a.nc")
    assert "wrong" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_writing_does_not_load_xarray(tmp_path):
    """A job would take as long for that as for writing its file."""
    program = (
        "import sys, numpy as np, ngnmm_core.sweep.shard; from ngnmm_core.storage.netcdf import write_variables; "
        "write_variables({'a': (('point',), np.zeros(3), {})}, {}, sys.argv[1]); assert 'xarray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.nc")], check=True)
