"""Simulations through to their results: independence of points, divergence, sampling."""

import re

import numpy as np
import pytest
from scipy import signal as scipy_signal

import ngnmm_core.simulation.batch
import ngnmm_core.simulation.engine
from ngnmm_core.analysis.fc import FcOptions, FcReducer, check_window
from ngnmm_core.analysis.rates import RatesOptions, RatesReducer
from ngnmm_core.analysis.series import SeriesOptions, SeriesReducer
from ngnmm_core.analysis.spectra import SpectraOptions, SpectraReducer
from ngnmm_core.analysis.synchrony import SynchronyOptions, SynchronyReducer
from ngnmm_core.connectome import Connectome
from ngnmm_core.errors import InputError
from ngnmm_core.points import Kind
from ngnmm_core.simulation.lesions import CUT, LESION, NONE, REGION, RENORMALISED
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator, make_window
from ngnmm_core.simulation.stimuli import Stimulus
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.activity import ActivityStatus, NetworkRegime

REDUCERS = (
    (RatesReducer, RatesOptions()),
    (SpectraReducer, SpectraOptions(segment_ms=100.0)),
    (FcReducer, FcOptions()),
    (SynchronyReducer, SynchronyOptions()),
    (SeriesReducer, SeriesOptions(last_ms=50.0)),
)
SHORT = Simulation(duration_ms=700.0, transient_ms=100.0)
TOO_MUCH = Stimulus(parameter="I_ext_e", amplitude=1e12, onset_ms=150.0, regions=[3])


@pytest.fixture(scope="module")
def simulate(ei, directed5):
    """`simulate(points, settings, W)`: all results of a simulation."""

    def run(points, settings=SHORT, W=directed5):
        return Simulator(ei, Connectome(W), settings, REDUCERS).run(points)

    return run


@pytest.fixture(scope="module")
def eleven(ei, points_of, simulate):
    """Points of all kinds, more than fit a lane vector, and their results."""
    points = points_of(
        ei, 11, I_ext_e=[3, 13, 13, 15, 10, 8, 13, 9, 2, 12, 13], G=[5, 5, 0, 9, 12, 2, 5, 1, 0, 8, 5],
        seed=[0, 0, 0, 1, 0, 2, 1, 0, 0, 3, 0],
    )  # fmt: skip
    return points, simulate(points)


def same(some, all_of_them, chosen):
    assert some.keys() == all_of_them.keys()
    for name, values in some.items():
        np.testing.assert_array_equal(values, all_of_them[name][chosen], err_msg=name)


def test_results_of_a_point_do_not_depend_on_the_others(simulate, eleven):
    points, results = eleven
    for chosen in ([0], [10], [5], [1, 2, 3], [10, 4, 7, 0], [9, 8, 7, 6, 5, 4, 3, 2, 1]):
        same(simulate(points.take(chosen)), results, chosen)
    same({n: v[[1]] for n, v in results.items()}, results, [10])  # the same point, in another batch


def test_results_do_not_depend_on_lane_vectors_that_share_the_weights(simulate, eleven, monkeypatch):
    points, results = eleven
    monkeypatch.setattr(ngnmm_core.simulation.engine, "L2_BYTES", 0)
    same(simulate(points), results, np.arange(11))


def test_the_block_size_matters_to_round_off_only(simulate, eleven, monkeypatch):
    """The states and what is filtered are the same bits; sums over blocks are not."""
    points, results = eleven
    monkeypatch.setattr(ngnmm_core.simulation.batch, "BLOCK_SAMPLES", 250)
    for name, values in simulate(points).items():
        if name in ("observable_series", "power_spectrum", "peak_frequency", "mean_power_spectrum"):
            np.testing.assert_array_equal(values, results[name], err_msg=name)
        np.testing.assert_allclose(values, results[name], rtol=1e-9, atol=1e-11, err_msg=name)


def test_regimes_and_what_is_undefined(eleven):
    _, results = eleven
    assert results["network_regime"][[1, 2, 6]].tolist() == [NetworkRegime.OSCILLATING] * 3
    for name, values in results.items():
        if values.dtype.kind == "f" and name not in ("fc", "synchrony", "peak_frequency", "diverged_at_ms"):
            resolved = (
                values[..., 3:] if name == "band_power" else values
            )  # delta, theta, alpha: too narrow for segments
            assert np.isfinite(resolved).all(), name
    assert (results["simulation_status"] == Status.OK).all()
    assert np.isnan(results["diverged_at_ms"]).all()
    assert (results["diverged_region"] == -1).all()


def test_the_shortest_window_that_is_accepted_has_a_connectivity(ei, directed5, points_of):
    with pytest.raises(InputError, match="too short for fc") as caught:
        check_window(FcOptions(), Simulation(duration_ms=100.0, transient_ms=50.0))
    shortest = float(re.search(r"at least (\d+) ms", str(caught.value))[1])
    settings = Simulation(duration_ms=50.0 + shortest, transient_ms=50.0)
    check_window(FcOptions(), settings)
    results = Simulator(ei, Connectome(directed5), settings, [(FcReducer, FcOptions())]).run(
        points_of(ei, I_ext_e=13, G=5)
    )
    assert np.isfinite(results["fc"]).all()


def test_at_rest_nothing_is_made_of_noise(ei, points_of, simulate):
    """Measured at (3, 5): v_e has a deviation of 5e-14, and a naive mean correlation is exactly 1."""
    results = simulate(points_of(ei, I_ext_e=3, G=5), Simulation(duration_ms=2000.0, transient_ms=1700.0))
    assert results["network_regime"] == [NetworkRegime.REST]
    for name in ("fc", "synchrony", "peak_frequency"):
        assert np.isnan(results[name]).all(), name
    assert results["fc_status"] == results["spectra_status"] == results["synchrony_status"] == [ActivityStatus.AT_REST]
    assert results["rates_status"] == [Status.OK]
    assert results["firing_rate_std"].max() < 1e-6
    assert (results["firing_rate"] > 0).all()


@pytest.mark.parametrize("method", ["rk4", "multirate"])
def test_a_point_that_diverges_is_told_with_its_time(ei, directed5, points_of, simulate, integrate, method):
    W = directed5.copy()
    W[2] *= 1e6  # region 2 receives too much where G is not zero
    points = points_of(ei, 3, I_ext_e=[13.0, 13.0, 9.0], G=[0.0, 5.0, 0.0])
    settings = Simulation(duration_ms=400.0, transient_ms=100.0, method=method).resolved(exact=True)
    results = simulate(points, settings, W)
    same({n: v[[0, 2]] for n, v in results.items()}, simulate(points.take([0, 2]), settings, W), [0, 1])
    assert results["simulation_status"].tolist() == [Status.OK, Status.DIVERGED, Status.OK]
    start = Simulator(ei, Connectome(W), settings).initial_states(points.take([1]))
    steps = settings.steps_per_sample(settings.longest_step_ms)
    path = integrate(ei, W, points.take([1]), start, settings.longest_step_ms, 2000, steps, method)[:, 0]
    sample = int(np.argmin(np.isfinite(path).all(axis=(1, 2))))
    assert results["diverged_at_ms"][1] == pytest.approx(0.2 * (sample + 1))
    assert 0 <= results["diverged_region"][1] < 5
    for name, values in results.items():
        missing = np.isnan(values[1]) if values.dtype.kind == "f" else values[1] == -1
        if name not in ("diverged_at_ms", "diverged_region", "step_ms") and not name.endswith("_status"):
            assert np.all(missing), name
    for name in ("synchrony_status", "rates_status", "spectra_status", "fc_status"):
        assert results[name][1] == Status.DIVERGED, name


@pytest.mark.slow
def test_divergence_in_the_window_is_found_too(ei, points_of, simulate):
    """An input that becomes too large only after the transient."""
    results = simulate(points_of(ei), SHORT.model_copy(update={"stimuli": (TOO_MUCH,)}))
    assert results["simulation_status"] == [Status.DIVERGED]
    assert 150.0 < results["diverged_at_ms"][0] <= 151.0


@pytest.mark.parametrize("method", ["rk4", pytest.param("multirate", marks=pytest.mark.slow)])
@pytest.mark.parametrize("G", [0.0, 5.0])
def test_the_region_that_diverges_first_is_told(ei, points_of, simulate, G, method):
    """All regions are NaN within one sample; the points beside it go on as if it were not there."""
    settings = SHORT.model_copy(update={"stimuli": (TOO_MUCH,), "method": method})
    results = simulate(points_of(ei, G=G), settings)
    assert results["diverged_region"] == [3]


@pytest.mark.slow
def test_points_that_diverge_leave_the_others_untouched_by_the_search(ei, points_of, simulate):
    """Two points diverge at other times in other regions; the search repeats parts of the run of all of them."""
    stimulus = TOO_MUCH.model_copy(update={"name": "blow", "regions": "all", "amplitude": 0.0})
    extras = {"blow.amplitude": [0.0, 1e12, 1e12], "blow.region": [0, 1, 4], "blow.onset_ms": [150.0, 150.4, 250.0]}
    points = points_of(ei, 3, I_ext_e=13, G=5, **extras)
    settings = SHORT.model_copy(update={"stimuli": (stimulus,)})
    results = simulate(points, settings)
    assert results["diverged_region"].tolist() == [-1, 1, 4]
    assert results["diverged_at_ms"][1:] == pytest.approx([150.6, 250.2], abs=0.21)
    same({n: v[:1] for n, v in results.items()}, simulate(points.take([0]), settings), [0])


def test_a_lesioned_simulation_gives_the_results_of_the_smaller_network(ei, directed5, points_of, simulate):
    """The last region is taken out: the others keep their random numbers in the smaller network."""
    base = points_of(ei, 3, I_ext_e=13, G=5)
    extras = {LESION: np.array([NONE, CUT, RENORMALISED], float), REGION: np.array([-1.0, 4.0, 4.0])}
    results = simulate(base.having(extras, Kind.SETTING))
    same({n: v[:1] for n, v in results.items()}, simulate(base.take([0])), [0])
    pairs = [k for k, (_, j) in enumerate(zip(*np.triu_indices(5, 1), strict=True)) if j != 4]
    for k in (1, 2):
        W = directed5[:4, :4] / (1.0 if k == 1 else directed5[:4, :4].sum(axis=1, keepdims=True))
        smaller = simulate(base.take([0]), W=W)
        np.testing.assert_allclose(results["synchrony"][k], smaller["synchrony"][0], rtol=1e-6)
        np.testing.assert_allclose(results["fc"][k][:, pairs], smaller["fc"][0], atol=1e-6)
        np.testing.assert_allclose(results["mean_power_spectrum"][k], smaller["mean_power_spectrum"][0], rtol=1e-6)
        np.testing.assert_allclose(results["firing_rate"][k][:, :4], smaller["firing_rate"][0], rtol=1e-6)


def test_stored_samples_give_the_spectrum_of_the_whole_solution(ei, ring6, points_of):
    """Bursts alias when they are thinned; filtered before, the spectrum is within 0.5 dB down to -60 dB."""

    class Whole:
        """Keeps the observable of the first point."""

        def __init__(self, options, window):
            self.parts = []

        def consume(self, block):
            self.parts.append(block.observable[:, 0, :, 0].copy())

        def finish(self, activity):
            return {"whole": np.concatenate(self.parts)[None]}

    times = {"duration_ms": 5000.0, "transient_ms": 1000.0, "dt_ms": 0.02, "method": "rk4"}
    points = points_of(ei, I_ext_e=13, G=5)
    every_step = Simulator(ei, Connectome(ring6), Simulation(sample_ms=0.02, **times), [(Whole, None)]).run(points)[
        "whole"
    ][0]
    options = SpectraOptions(segment_ms=500.0)
    stored = Simulator(ei, Connectome(ring6), Simulation(sample_ms=0.2, **times), [(SpectraReducer, options)]).run(
        points
    )
    decimator = SpectraReducer(options, make_window(ei, Connectome(np.eye(6)), Simulation(**times), points)).decimator
    first = 10 * (1 + (len(decimator.taps) - 1) // 2) - 1  # the filter's delay: both see the same segments
    same_time = every_step[first:][: 50 * decimator.outputs(20_000)]
    frequency, density = scipy_signal.welch(same_time, 50_000.0, nperseg=25_000, axis=0)
    kept = (frequency <= 200.0) & (frequency > 2.0)  # without the bins that the removal of the mean touches
    level = lambda psd: 10 * np.log10(psd / density[kept].max())
    exact, ours = level(density[kept].T), level(stored["power_spectrum"][0][:, 2:])
    assert exact.min() < -40.0
    assert np.abs(ours - exact)[exact > -60.0].max() < 0.5
    thinned = scipy_signal.welch(same_time[::25], 2000.0, nperseg=1000, axis=0)[1][2:101]
    assert np.abs(level(thinned.T) - exact).max() > 3.0  # the test would see aliasing


@pytest.mark.slow
def test_single_precision_gives_the_statistics_of_double(ei, points_of, simulate):
    """Trajectories part, but a synchronised cycle keeps its rates, spectrum and synchrony; sixteen points to a lane."""
    points = points_of(
        ei, 18, I_ext_e=np.repeat([15.0, 3.0], 9), G=np.repeat([3.0, 5.0], 9), seed=np.tile(np.arange(9), 2)
    )
    settings = Simulation(duration_ms=1000.0, transient_ms=700.0)
    double = simulate(points, settings)
    single = simulate(points, settings.model_copy(update={"precision": "float32"}))
    assert single.keys() == double.keys()
    np.testing.assert_allclose(single["firing_rate"], double["firing_rate"], rtol=1e-3)
    np.testing.assert_allclose(single["population_synchrony"], double["population_synchrony"], rtol=1e-3)
    np.testing.assert_allclose(single["peak_frequency"][:9], double["peak_frequency"][:9], rtol=2e-3)
    np.testing.assert_allclose(single["gamma_power"][:9], double["gamma_power"][:9], rtol=1e-2)
    np.testing.assert_array_equal(single["network_regime"][:9], NetworkRegime.OSCILLATING)
    assert (single["simulation_status"] == Status.OK).all()


@pytest.mark.slow
def test_the_methods_agree_on_a_synchronised_network(ei, points_of, simulate):
    """A stable cycle: the solution does not depend on the method beyond its error."""
    points, times = points_of(ei, I_ext_e=15, G=3), {"duration_ms": 1000.0, "transient_ms": 700.0}
    multirate, rk4 = (simulate(points, Simulation(method=method, **times)) for method in ("multirate", "rk4"))
    for name in ("firing_rate", "mean_power_spectrum", "gamma_power", "synchrony", "observable_series"):
        np.testing.assert_allclose(multirate[name], rk4[name], rtol=2e-4, atol=2e-5, err_msg=name)
