"""What a study is said to cost: the formula with fixed rates, and what jobs ask a cluster for."""

from dataclasses import replace

import numpy as np
import pytest
from made_up_results import REGIONS, make_study

from ngnmm_core.orchestration import job_resources as resources
from ngnmm_core.preflight import calibration
from ngnmm_core.preflight.cost import (
    JOB_SECONDS,
    disk_bytes,
    memory_mb,
    seconds_per_point,
)
from ngnmm_core.preflight.estimate import estimate, estimate_text, total_text, wall_seconds
from ngnmm_core.stages.continuation import CURVE_SECONDS, DIAGRAM_SECONDS
from ngnmm_core.stages.contract import Rates
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.checked_json import write_checked

FIXED = Rates(fixed=0.5, transient=0.001, window=0.003, lanes=8, source="a processor")
TIMES = {"duration_ms": 3000, "transient_ms": 1000}


@pytest.fixture
def study():
    """24 points, 3 s each."""
    grid = {"G": [1, 2, 3, 4], "I_ext_e": [3, 8, 13], "seed": [0, 1]}
    return make_study(grid=grid, simulation=TIMES)


@pytest.fixture
def own_calibrations(tmp_path, monkeypatch):
    """What a test measures stays in a folder of its own; kernels are those of all tests."""
    monkeypatch.setattr(calibration, "cache_directory", lambda: tmp_path)


@pytest.mark.parametrize(
    ("points", "seconds"), [(8, 8 * 7.5), (16, 16 * 7.5), (1, 8 * 7.5), (9, 16 * 7.5)], ids=["8", "16", "1", "9"]
)
def test_cpu_seconds_with_a_fixed_calibration(points, seconds):
    """0.5 s + 1000 ms at 1 ms each + 2000 ms at 3 ms each; points fill lanes of eight."""
    assert FIXED.seconds(points, TIMES) == pytest.approx(seconds)


def test_what_does_not_simulate_costs_the_same_for_every_point():
    assert Rates(fixed=0.25).seconds(12, {}) == 3.0


def test_an_estimate_with_a_fixed_calibration(study):
    found = estimate(study, "simulation", REGIONS, [8, 8, 4], FIXED)
    assert (found.points, found.missing) == (24, 20)
    assert found.jobs == pytest.approx([60 + JOB_SECONDS] * 3)
    assert found.disk_bytes == pytest.approx(disk_bytes(study, "simulation", REGIONS) * 20 / 24)
    text = estimate_text(found)
    assert all(word in text for word in ("24 points", "20 to compute in 3 jobs", "3.1 min of CPU time", "MB of memory"))
    in_all = total_text([found, replace(found, jobs=(3600.0,), missing=4)], workers=2)
    assert all(word in in_all for word in ("24 points in 4 jobs", "1.1 CPU-hours", "on 2 cores", "a processor"))
    assert "calibrate" in total_text([replace(found, source="")], 1)
    assert total_text([replace(found, jobs=())], 1) == ""
    assert total_text([replace(found, jobs=(), missing=0)], 1, drawings=3) == ""
    assert estimate_text(estimate(study, "simulation", REGIONS, [], FIXED)).endswith("24 points, all there")


def test_a_forecast_counts_kernels_that_are_to_be_compiled_and_figures_to_be_drawn(study):
    """Two stages of 12 s each on two cores, jobs of 62 s on both, five figures of 5 s: 12 + 62 + 15 s."""
    new = replace(FIXED, source="")
    stages = [estimate(study, stage, REGIONS, [8], new, compiled=False) for stage in ("simulation", "highlights")]
    assert [one.compiling for one in stages] == [12.0, 12.0]
    stages = [replace(one, jobs=(62.0,)) for one in stages]
    text = total_text(stages, 2, drawings=5)
    assert f"{(24 + 124 + 25) / 3600:.2g} CPU-hours, 89 s on 2 cores (27 s of it compiling and figures)" in text
    assert "62 s on 2 cores, " in total_text([replace(one, compiling=0.0) for one in stages], 2)
    assert estimate(study, "simulation", REGIONS, [8], new).compiling == 0.0  # found by this study already
    assert estimate(study, "simulation", REGIONS, [], new, compiled=False).compiling == 0.0  # nothing to compute
    assert estimate(study, "simulation", REGIONS, [8], FIXED, compiled=False).compiling == 0.0  # measured with them


@pytest.mark.parametrize(
    ("jobs", "workers", "seconds"),
    [([3, 3, 3, 3], 2, 6), ([3, 3, 3], 2, 6), ([9, 1, 1, 1], 2, 9), ([2], 64, 2), ([1, 2], 1, 3)],
)
def test_wall_time_is_that_of_the_busiest_core(jobs, workers, seconds):
    assert wall_seconds(jobs, workers) == seconds


def test_disk_space_counts_every_number_twice(study):
    """Rates of 6 regions: three variables for two populations (4 bytes), and what says how a simulation ended."""
    rates = 3 * 2 * REGIONS * 4
    ended = 1 + 1 + 8 + 4 + 1 + 8  # two statuses, network_regime, diverged_at_ms, diverged_region, step_ms
    assert disk_bytes(study, "simulation", REGIONS) == 2 * 24 * (rates + ended)


def test_the_cost_of_a_point_does_not_depend_on_the_machine(study, own_calibrations):
    """Shards are cut by it: the same study is cut in the same way everywhere."""
    before = seconds_per_point(study, "simulation", 90)
    write_checked(calibration.calibration_file(study, "simulation", 90), vars(FIXED))
    assert calibration.rates(study, "simulation", 90) == FIXED
    assert seconds_per_point(study, "simulation", 90) == before


def test_reference_rates_follow_the_settings():
    def rate(regions=90, **simulation):
        return STAGES["simulation"].cost(make_study(simulation={**TIMES, **simulation}), regions).transient

    assert rate(dt_ms=0.025) == pytest.approx(2 * rate(dt_ms=0.05))
    single = rate(method="multirate", precision="float32")
    assert single == pytest.approx(0.5 * rate(method="multirate"))
    assert rate(2000, method="rk4") == pytest.approx(4 * rate(1000, method="rk4"), rel=0.1)
    assert rate(method="rk4") > rate() > 0


def test_curves_in_the_plane_cost_by_the_values_that_they_start_from():
    def seconds(**options):
        analyses = {"continuation": {"parameter": "I_ext_e", "range": [0, 20], **options}}
        study = make_study(grid={"G": [2, 5]}, analyses=analyses)
        points = len(STAGES["continuation"].layout(study, REGIONS).points)
        return points, points * STAGES["continuation"].cost(study, REGIONS).fixed

    (diagrams, alone), (more, three) = seconds(), seconds(second="G", ladder=[2, 5, 8])
    assert (diagrams, more) == (2, 3)
    assert three - alone == pytest.approx(DIAGRAM_SECONDS + 3 * CURVE_SECONDS)
    assert seconds(second="G", ladder=[2, 5, 8, 9, 10, 11])[1] - three == pytest.approx(3 * CURVE_SECONDS)
    assert seconds(second="G")[1] - alone == pytest.approx(DIAGRAM_SECONDS + 2 * CURVE_SECONDS)


def test_a_calibration_is_kept_and_belongs_to_its_code_and_settings(study, own_calibrations):
    assert calibration.rates(study, "simulation", REGIONS) == STAGES["simulation"].cost(study, REGIONS)
    file = calibration.calibration_file(study, "simulation", REGIONS)
    file.write_text("{")
    assert calibration.rates(study, "simulation", REGIONS) == STAGES["simulation"].cost(study, REGIONS)
    longer = make_study(simulation={**TIMES, "duration_ms": 9000})
    assert calibration.calibration_file(longer, "simulation", REGIONS) == file
    other = make_study(simulation={**TIMES, "method": "rk4"})
    assert calibration.calibration_file(other, "simulation", REGIONS) != file
    assert calibration.calibration_file(study, "simulation", 90) != file


@pytest.mark.slow
def test_this_machine_is_measured(study, own_calibrations):
    """Rates are positive, the window costs at least the transient, and a tenth of the step costs more."""
    fine = make_study(simulation={**TIMES, "dt_ms": 0.005})
    found = {dt: calibration.calibrate(s, "simulation", REGIONS) for dt, s in ((0.05, study), (0.005, fine))}
    for s, measured in ((study, found[0.05]), (fine, found[0.005])):
        assert calibration.rates(s, "simulation", REGIONS) == measured
        assert measured.window > 0.5 * measured.transient > 0
        assert measured.source
    assert found[0.005].transient > found[0.05].transient  # ten times, but other programs use the machine too
    assert calibration.calibrate(make_study(analyses=["msf"]), "msf", REGIONS).fixed > 0


@pytest.mark.slow
def test_regions_that_are_named_are_there_when_a_machine_is_measured(own_calibrations):
    stimulus = {"parameter": "I_ext_e", "regions": ["Precuneus_L", 0]}
    named = {**TIMES, "stimuli": [stimulus], "resection": {"regions": ["Cuneus_R"]}}
    assert calibration.calibrate(make_study(analyses=["rates"], simulation=named), "simulation", REGIONS).window > 0


def test_the_disk_that_a_study_without_simulation_takes_is_known():
    study = make_study(analyses={"bistability": {}}, simulation={"transient_ms": 9000, "duration_ms": 100})
    assert disk_bytes(study, "bistability", REGIONS) > 0


def test_memory_does_not_depend_on_the_duration_and_grows_with_regions_and_points():
    short, long = (make_study(analyses=["rates", "fc"], simulation={**TIMES, "duration_ms": d}) for d in (2000, 200000))
    assert memory_mb(short, "simulation", 90, 64) == memory_mb(long, "simulation", 90, 64)
    sizes = [memory_mb(short, "simulation", n, p) for n, p in ((90, 8), (90, 64), (90, 4096), (1000, 64))]
    assert sizes == sorted(sizes)


def test_memory_with_delays_follows_from_the_longest_tract_and_the_lowest_velocity(tmp_path):
    from ngnmm_core.preflight.cost import history_bytes

    sizes = {}
    for longest in (50.0, 200.0, None):
        path = tmp_path / f"own{longest}.npz"
        W = np.ones((6, 6)) - np.eye(6)
        lengths = {} if longest is None else {"tract_length": longest * W}
        np.savez(path, weights=W, **lengths)
        simulation = {"duration_ms": 2000, "transient_ms": 500}
        study = make_study(
            connectome={"path": str(path)}, analyses=["rates"], simulation=simulation,
            grid={"G": [2], "velocity_m_per_s": [10, 5, None]},
        )  # fmt: skip
        sizes[longest] = history_bytes(study, "simulation", 6)
    per_slot = 2 * 2 * 8 * 8 * 6  # bytes of values and means, two copies of them, of eight points and six regions
    # delays of 10, 40 and, where lengths are not there, 60 ms at 5 m/s, in quarters of steps of 0.1 ms / 4 at the least
    assert (sizes[200.0] - sizes[50.0]) / per_slot == pytest.approx(30 / 0.025 * 4)
    assert (sizes[None] - sizes[50.0]) / per_slot == pytest.approx(50 / 0.025 * 4)


def test_memory_with_delays_of_narrow_populations_is_that_of_their_shorter_steps():
    from ngnmm_core.preflight.cost import history_bytes

    sizes = [
        history_bytes(
            make_study(
                connectome={"name": "dk-84"}, analyses=["rates"], grid={"G": [2], "Delta": widths},
                simulation={"duration_ms": 2000, "transient_ms": 500, "velocity_m_per_s": 5},
            ), "simulation", 84,
        )
        for widths in ([1.0], [1.0, 0.5], [1.0, 0.5, 0.1])
    ]  # fmt: skip
    per_slot = 2 * 2 * 8 * 8 * 84
    # 44.86 ms in quarters of a quarter of 0.1, 0.05 and 0.0125 ms
    np.testing.assert_allclose(np.diff(sizes) / per_slot, 224.3 / 5 * 4 * 4 * np.array([10, 60]))


def test_longest_tracts_of_the_registry_are_those_of_its_connectomes():
    """Stated before anything is fetched, for every entry that has lengths; held to the data where those are read."""
    from ngnmm_core.connectome.registry import load_registry
    from ngnmm_core.preflight.cost import longest_tract_mm

    longest = {
        (name, subjects): longest_tract_mm(
            make_study(connectome={"name": name, "subjects": subjects} if subjects else {"name": name})
        )
        for name, subjects in (("hcp-aal2-94", None), ("hcp-aal2-94", "each"), ("dk-84", None), ("schaefer-1000", None))
    }
    assert longest["schaefer-1000", None] == (300.0, False)  # the wheel's lengths are not taken
    assert longest["hcp-aal2-94", "each"][0] > longest["hcp-aal2-94", None][0] > longest["dk-84", None][0] > 200
    assert {name for name in load_registry() if load_registry().entry(name).options.get("tract_lengths")} == {
        name for name in load_registry() if load_registry().entry(name).longest_tract_mm
    }


@pytest.mark.parametrize(
    ("method", "step_ms"), [("rk4", 0.1), ("riccati", 0.1), ("multirate", 0.05), ("riccati", 0.02)]
)
def test_memory_of_the_past_is_that_of_its_arrays(tmp_path, method, step_ms):
    from ngnmm_core.preflight.cost import history_bytes
    from ngnmm_core.simulation.delays import Delays, delayed_weights, history_arrays

    W = np.ones((6, 6)) - np.eye(6)
    np.savez(tmp_path / "own.npz", weights=W, tract_length=200.0 * W)
    simulation = {"duration_ms": 2000, "transient_ms": 500, "velocity_m_per_s": 2.0, "method": method, "dt_ms": step_ms}
    study = make_study(
        connectome={"path": str(tmp_path / "own.npz")}, analyses=["rates"], simulation=simulation, grid={"G": [2]}
    )
    arrays = history_arrays(delayed_weights(W, Delays(100.0 * W), step_ms, "float64", method), 1)
    there = 2 * sum(array.nbytes for name, array in arrays.items() if name != "thinned")  # a copy to go back to
    assert there <= history_bytes(study, "simulation", 6) < 1.2 * there


def test_lanes_are_those_of_the_kernels():
    from ngnmm_core.kernels.lanes import lane_width
    from ngnmm_core.stages.simulation import LANES

    assert {precision: lane_width(np.dtype(precision)) for precision in LANES} == LANES


def test_every_attempt_asks_for_twice_as_much(study):
    first = resources.shard_memory(study, "simulation", 90, 8), resources.shard_minutes(study, "simulation", 90, 8)
    for amount in first:
        asked = np.array([resources.grown(amount, attempt) for attempt in (1, 2, 3)])
        np.testing.assert_allclose(asked, amount * np.array([1, 2, 4]), atol=1)
    assert resources.shard_minutes(study, "simulation", 90, 8000) > first[1]
