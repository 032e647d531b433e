"""Raw series on request, and memory that does not grow with the duration."""

import tracemalloc
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
import xarray as xr

from ngnmm_core.analysis.registry import get_analysis
from ngnmm_core.analysis.series import SeriesOptions, SeriesReducer
from ngnmm_core.connectome import Connectome
from ngnmm_core.connectome.cohort import Cohort
from ngnmm_core.points import Kind
from ngnmm_core.simulation.series_file import STRETCH, series_path
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.stages.task import Task
from ngnmm_core.sweep.shard import compute

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
    compute("simulation", task)
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
    compute("simulation", task)
    assert not list(task.series.parent.iterdir())


def test_results_do_not_depend_on_it(task_of):
    with_series, without = (compute("simulation", task_of(keep_series=kept)) for kept in (True, False))
    for name, values in without.data_vars.items():
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
        compute("simulation", task)
    assert not list(task.series.parent.iterdir())


def test_series_of_several_connectomes_stand_in_one_file(task_of, ei):
    """Points on two subjects and a null, in any order: each has the series that its connectome gives alone."""
    task = task_of()
    raw = np.random.default_rng(1).uniform(0.1, 2.0, (2, 5, 5)) * (1 - np.eye(5))
    subjects = {float(k + 7): Connectome(weights, LABELS) for k, weights in enumerate(raw)}
    cohort = Cohort(subjects[7.0], subjects, ("weights", 3), {7.0: "sub-7", 8.0: "sub-8"})
    chosen = {"subject": 7.0 + np.arange(11) % 2, "null": np.array([0.0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1])}
    points = task.points.having(chosen, Kind.CONNECTOME)
    normalised = subjects[7.0].normalised("row")
    compute("simulation", replace(task, connectome=normalised, points=points, cohort=cohort))
    with xr.open_dataset(task.series) as file:
        kept = file.load()
    assert kept["subject"].values.tolist() == [f"sub-{7 + k % 2}" for k in range(11)]
    for k in (1, 4, 10):
        own = cohort.at(chosen["subject"][k], chosen["null"][k]).normalised("row")
        alone = Simulator(ei, own, Simulation(**SETTINGS), [(SeriesReducer, SeriesOptions(last_ms=240.0))])
        expected = alone.run(task.points.take(slice(k, k + 1)))["observable_series"][0]
        np.testing.assert_array_equal(kept["observable"][k], expected)


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
            compute("simulation", job)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1100.0)  # compiles
    short, long = peak(1100.0), peak(11_000.0)
    assert long < 1.1 * short
