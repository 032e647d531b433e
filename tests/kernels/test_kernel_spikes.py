"""Spikes counted while integrating: against DOP853, against samples of every step, and as rates of a study."""

import numpy as np
import pytest

import ngnmm_core.simulation.engine
from ngnmm_core.analysis.rates import RatesOptions, RatesReducer
from ngnmm_core.connectome import Connectome
from ngnmm_core.models import get_model
from ngnmm_core.simulation.delays import Delays
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.integrators import get_integrator
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.simulation.spike_counts import rate_state

BURSTING, RATES = {"I_ext_e": 8.0, "G": 15.0}, [0, 3]  # r_e and r_i
FINE_MS = 0.0125


def integrals(rates, step_ms, parts):
    """Trapezoids [part, ...] of rates [time, ...]."""
    middle = 0.5 * step_ms * (rates[1:] + rates[:-1])
    return middle.reshape(parts, -1, *rates.shape[1:]).sum(axis=1)


@pytest.fixture(scope="module")
def exact(ei, directed5, points_of, start_of, dop853):
    """Start, and spikes [part, region, population] in four times 10 ms by DOP853."""
    start = start_of(ei, 1, 5)
    parameters = {name: float(values[0]) for name, values in points_of(ei, **BURSTING).parameters.items()}
    path = dop853(ei, directed5, parameters, start[0], FINE_MS * np.arange(3201), rtol=1e-10)
    return start, integrals(path[..., RATES], FINE_MS, 4)


@pytest.mark.parametrize(
    ("method", "dtype", "dt", "most"),
    [
        ("riccati", "float64", 0.1, 1e-6),
        ("riccati", "float32", 0.1, 1e-4),
        ("multirate", "float64", 0.05, 1e-5),
        ("rk4", "float64", 0.01, 1e-6),
    ],
)
def test_counts_of_a_start_are_the_integral_of_the_rate(ei, directed5, points_of, exact, method, dtype, dt, most):
    start, expected = exact
    run = Run(Engine(ei, directed5, method, dtype), points_of(ei, **BURSTING).parameters, start)
    samples = np.stack([run.by_point(x)[0] for x in run.advance(dt, round(0.2 / dt), 200, counts=4)])
    found = run.spikes[:, 0, ..., 0].astype(float)
    np.testing.assert_allclose(found, expected, rtol=most)
    if dtype == "float64":  # what is lost between samples
        coarse = 0.2 * samples[:, :, RATES].sum(axis=0)
        assert np.abs(coarse / expected.sum(axis=0) - 1.0).max() > 100 * most


KINDS = {
    "heun": ("heun", 0.01, {}, (0.05, np.zeros(1, int))),
    "noise": ("riccati", 0.0125, {"noisy": True}, (0.05, np.zeros(1, int))),
    "delays": ("riccati", 0.0125, {"delays": Delays(np.full((5, 5), 3.0) - 3.0 * np.eye(5), False)}, ()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_those_of_the_path(ei, directed5, points_of, start_of, kind):
    """Trapezoids of all steps; how a stretch is divided into calls and parts changes nothing."""
    method, dt, options, noise = KINDS[kind]
    engine = Engine(ei, directed5, method, **options)
    runs = [Run(engine, points_of(ei, **BURSTING).parameters, start_of(ei, 1, 5), noise=noise) for _ in range(2)]
    path = np.concatenate([runs[0].states[None].copy(), runs[0].advance(dt, 1, 2400)])[:, 0, ..., 0]
    expected = integrals(path[..., RATES], dt, 1)[0]
    parts = []
    for samples, counts in ((4, 1), (6, 3), (2, 2)):
        runs[1].advance(dt, 200, samples, counts)
        parts.append(runs[1].spikes[:, 0, ..., 0])
    assert [len(part) for part in parts] == [1, 3, 2]
    np.testing.assert_allclose(np.concatenate(parts).sum(axis=0), expected, rtol=2e-5)


def test_mean_rates_of_a_study_are_exact_with_samples_that_are_far_apart(ei, directed5, points_of, dop853):
    """A second run, of a point beside it, changes no bit."""
    settings = Simulation(duration_ms=60.0, transient_ms=20.0, sample_ms=0.2)
    points = points_of(ei, 2, I_ext_e=[8.0, 3.0], G=[15.0, 5.0])
    simulator = Simulator(ei, Connectome(directed5), settings, ((RatesReducer, RatesOptions()),))
    found = simulator.run(points)["firing_rate"]
    np.testing.assert_array_equal(simulator.run(points.take([0]))["firing_rate"], found[:1])
    parameters = {name: float(values[0]) for name, values in points.parameters.items()}
    start = simulator.initial_states(points)[0]
    path = dop853(ei, directed5, parameters, start, FINE_MS * np.arange(4801), rtol=1e-10)
    expected = 1000.0 * integrals(path[1600:, :, RATES], FINE_MS, 1)[0].T / 40.0
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)


def test_a_method_that_counts_no_spikes_gives_means_of_samples(ei, directed5, points_of, monkeypatch):
    silent = get_integrator("rk4")._replace(counts_spikes=False)
    monkeypatch.setattr(ngnmm_core.simulation.engine, "get_integrator", lambda name: silent)
    settings = Simulation(duration_ms=3.0, transient_ms=1.0, sample_ms=0.2, method="rk4")
    simulator = Simulator(ei, Connectome(directed5), settings, ((RatesReducer, RatesOptions()), (Samples, None)))
    found = simulator.run(points_of(ei, **BURSTING))
    np.testing.assert_allclose(found["firing_rate"], 1000.0 * found["samples"].mean(axis=1), rtol=1e-12)


class Samples:
    """Keeps the rates of all samples, [point, sample, population, region]."""

    def __init__(self, options, window):
        self.kept = []

    def consume(self, block):
        self.kept.append(block.states[:, 0, :, RATES, 0].swapaxes(0, 1))

    def finish(self, activity):
        return {"samples": np.concatenate(self.kept)[None]}


def test_rates_that_are_states_are_told_from_functions_of_potentials():
    def found(name):
        model = get_model(name)
        return [rate_state(model, population) for population in model.populations]

    assert found("ei_ngnmm_synapses") == [0, 4]
    assert found("ngnmm_gap") == [0]
    assert found("jansen_rit") == [None, None, None]  # sigmoids
    assert found("wilson_cowan") == [None, None]  # no rates
