"""Raw series on request, and memory that does not grow with the duration."""

import tracemalloc

import netCDF4
import numpy as np
import pytest
import xarray as xr

from ngnmm_core.analysis.registry import get_analysis
from ngnmm_core.analysis.series import SeriesOptions, SeriesReducer
from ngnmm_core.connectome import Connectome
from ngnmm_core.simulation.series_file import STRETCH, series_path
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.stages import simulation
from ngnmm_core.stages.task import Task

SETTINGS = {"duration_ms": 300.0, "transient_ms": 60.0, "keep_series": True}
LABELS = ("a", "b", "c", "d", "e")


@pytest.fixture
def task_of(ei, directed5, points_of, tmp_path):
    """`task_of(**settings)`: rates of eleven points, more than a batch, with a place for their series."""
    points = points_of(ei, 11, I_ext_e=np.linspace(3, 15, 11), G=5, seed=np.arange(11) % 3)
    rates = get_analysis("rates")

    def build(**settings):
        path = series_path(tmp_path / "shard.nc")
        chosen = ((rates, rates.options()),)
        return Task(ei, Connectome(directed5, LABELS), points, SETTINGS | settings, chosen, path)

    return build


def test_the_file_holds_every_sample_of_every_point(task_of, ei, directed5):
    task = task_of()
    simulation.run(task)
    settings = Simulation(**SETTINGS)
    whole = Simulator(ei, Connectome(directed5), settings, [(SeriesReducer, SeriesOptions(last_ms=240.0))]).run(
        task.points
    )
    with xr.open_dataset(task.series) as file:
        assert dict(file.sizes) == {"point": 11, "region": 5, "time": 1200}
        np.testing.assert_array_equal(file.observable, whole["observable_series"])
        np.testing.assert_allclose(file.time, 0.2 * np.arange(1, 1201))
        np.testing.assert_array_equal(file.I_ext_e, task.points.parameters["I_ext_e"])
        np.testing.assert_array_equal(file.seed, task.points.seeds)
        assert file.region.values.tolist() == list(LABELS)
        assert (file.observable.attrs["units"], file.time.attrs["units"]) == ("1", "ms")
    with netCDF4.Dataset(task.series) as file:
        assert file["observable"].chunking() == [1, 5, STRETCH]


def test_nothing_is_written_unless_asked_for(task_of):
    task = task_of(keep_series=False)
    simulation.run(task)
    assert not list(task.series.parent.iterdir())


def test_results_do_not_depend_on_it(task_of):
    with_series, without = (simulation.run(task_of(keep_series=kept)) for kept in (True, False))
    for name, values in without.items():
        np.testing.assert_array_equal(with_series[name], values, err_msg=name)


def test_a_job_that_fails_leaves_no_file(task_of, monkeypatch):
    task, calls = task_of(), []

    def fails(self, *batch):
        calls.append(batch)
        if len(calls) == 2:
            raise OSError("disk full")
        return plain(self, *batch)

    plain = Simulator.run_batch
    monkeypatch.setattr(Simulator, "run_batch", fails)
    with pytest.raises(OSError, match="disk full"):
        simulation.run(task)
    assert not list(task.series.parent.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("kept", [False, True])
def test_memory_does_not_grow_with_the_duration(task_of, ei, kept):
    """All analyses of a simulation; ten times the window in the same memory, to a tenth."""
    task = task_of()
    analyses = tuple((a, a.options()) for a in map(get_analysis, ("rates", "spectra", "fc", "synchrony")))

    def peak(window_ms):
        times = {"duration_ms": 60.0 + window_ms, "transient_ms": 60.0, "keep_series": kept}
        job = Task(
            ei, Connectome(task.connectome.weights, LABELS), task.points.take(slice(0, 2)), times, analyses, task.series
        )
        tracemalloc.start()
        try:
            simulation.run(job)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1100.0)  # compiles
    short, long = peak(1100.0), peak(11_000.0)
    assert long < 1.1 * short
