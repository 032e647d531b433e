"""Quantities against null connectomes: z-scores, their statuses, the file and the map."""

import numpy as np
import pytest
import xarray as xr

from ngnmm_core import simulate
from ngnmm_core.analysis.null_statistics import NullStatus, null_zscore
from ngnmm_core.plotting.maps import declared_maps
from ngnmm_core.plotting.nulls import null_map
from ngnmm_core.products.null_results import null_scores, write_nulls
from ngnmm_core.storage.netcdf import write_netcdf

SETTINGS = {"duration_ms": 60, "transient_ms": 20, "method": "rk4", "dt_ms": 0.1}


def test_z_scores_are_what_they_are_called():
    values = xr.DataArray([[3.0, 3.0], [1.0, 3.0], [2.0, np.nan], [4.5, 1.0], [0.0, 2.0]], dims=("null", "G"))
    z, status = null_zscore(values)
    first, second = [1.0, 2.0, 4.5, 0.0], [3.0, 1.0, 2.0]
    expected = [(3 - np.mean(of)) / np.std(of, ddof=1) for of in (first, second)]
    np.testing.assert_allclose(z, expected, rtol=1e-14)
    assert list(status.values) == [NullStatus.OK, NullStatus.OK]


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ([np.nan, 1, 2, 3], NullStatus.NOT_DEFINED),
        ([1, np.nan, 2, 3], NullStatus.FEW_NULLS),
        ([2, 1, 1, 1 + 1e-12], NullStatus.NO_SPREAD),
        ([0, 0, 0, 0], NullStatus.NO_SPREAD),
    ],
)
def test_where_there_is_none_it_is_said(column, wanted):
    z, status = null_zscore(xr.DataArray(np.array(column, float), dims="null"))
    assert np.isnan(z)
    assert status == wanted


def test_the_rounding_of_single_precision_is_no_spread():
    """Regions in synchrony have one rate whatever their weights: nulls differ in the last digit of what is kept."""
    rate = np.float32(63.6)
    rates = np.array([np.nextafter(rate, np.float32(100)), rate, np.nextafter(rate, np.float32(0)), rate], np.float32)
    for values, kept_as in ((rates, None), (rates.astype(float), np.dtype("float32"))):
        z, status = null_zscore(xr.DataArray(values, dims="null"), kept_as)
        assert np.isnan(z)
        assert status == NullStatus.NO_SPREAD
    _, status = null_zscore(xr.DataArray(rates * np.float32([1.0, 1.0, 1.00001, 1.0]), dims="null"))
    assert status == NullStatus.OK


def test_missing_counts_are_no_numbers():
    z, status = null_zscore(xr.DataArray(np.array([5, -1, 1, 2, 3], np.int32), dims="null"))
    assert z == pytest.approx(3.0)
    assert status == NullStatus.OK


@pytest.fixture(scope="module")
def sweep():
    weights = np.random.default_rng(0).uniform(0.1, 3.0, (6, 6)) * (1 - np.eye(6))
    nulls = {"kind": "weights", "count": 5}
    return simulate({"I_ext_e": 13}, weights + weights.T, {"G": [2, 5, 8]}, ["rates", "msf"], nulls=nulls, **SETTINGS)


def test_every_quantity_of_a_sweep_is_compared(sweep, tmp_path):
    write_nulls(write_netcdf(sweep, tmp_path / "sweep.nc"), tmp_path / "nulls.nc")
    with xr.open_dataset(tmp_path / "nulls.nc") as file:
        found = file.load()
    assert found["msf_zscore"].dims == ("G", "mode")
    assert found["firing_rate_zscore"].dims == ("G", "population", "region")
    assert not [name for name in found if name.startswith(("simulation_status", "step_ms", "regime"))]
    nulls = sweep["msf"].sel(null=slice(1, None)).values
    expected = (sweep["msf"].sel(null=0).values - nulls.mean(axis=0)) / nulls.std(axis=0, ddof=1)
    transverse = found["msf_zscore_status"].values == NullStatus.OK
    assert transverse[:, 1:].all()
    np.testing.assert_allclose(found["msf_zscore"].values[transverse], expected[transverse], rtol=1e-6)
    assert found.attrs["nulls"] == 5


def test_a_list_of_points_is_compared_likewise(sweep):
    names = ["msf", "eigenvalue_real"]
    listed = sweep[["msf"]].stack(point=("null", "G")).reset_index("point").transpose("point", ...)
    listed = listed.assign(eigenvalue_real=(("point", "mode"), np.repeat(sweep["eigenvalue_real"].values, 3, axis=0)))
    found, wanted = null_scores(listed), null_scores(sweep[names])
    np.testing.assert_array_equal(found["msf_zscore"].values, wanted["msf_zscore"].values)
    np.testing.assert_array_equal(found["eigenvalue_real_zscore"].values[0], wanted["eigenvalue_real_zscore"].values)


def test_a_sweep_without_nulls_is_refused(sweep, refused):
    refused(lambda: null_scores(sweep.isel(null=0, drop=True)), "no null connectomes", "nulls")


def test_the_map_is_of_the_reduced_quantity(sweep):
    quantity = declared_maps()["growth_rate"]
    figure = null_map(sweep, quantity)
    (line,) = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]
    largest = sweep["msf"].isel(mode=slice(1, None)).max("mode")
    nulls = largest.sel(null=slice(1, None))
    expected = (largest.sel(null=0) - nulls.mean("null")) / nulls.std("null", ddof=1)
    np.testing.assert_allclose(line.get_ydata(), expected.values, rtol=1e-9)
    assert "z over 5 nulls" in figure.axes[0].get_ylabel().replace("\n", " ")
