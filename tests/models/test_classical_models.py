"""Jansen-Rit and Wilson-Cowan: published numbers, limits, and every analysis on them."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.analysis.registry import get_analysis
from ngnmm_core.connectome import Connectome
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.dynamics.dispersion import dispersion
from ngnmm_core.dynamics.equilibria import eigenvalues
from ngnmm_core.dynamics.equilibrium_branch import HOPF, SADDLE_NODE, EquilibriumSystem
from ngnmm_core.dynamics.regimes import REST
from ngnmm_core.dynamics.variational import Variational
from ngnmm_core.kernels.functions import exp
from ngnmm_core.models import get_model
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.stages import msf
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.activity import NetworkRegime

CYCLES = {"jansen_rit": {"p": 230.0, "G": 50.0}, "wilson_cowan": {"P": 1.25, "G": 1.0}}
classical = pytest.mark.parametrize("name", CYCLES)


@pytest.fixture(scope="module")
def cycle():
    """`cycle(name)`: model, the cycle at its example point, and all parameters."""

    @cache
    def find(name):
        model = get_model(name)
        parameters = model.resolve(CYCLES[name])
        arrays = {n: np.full(1, float(v)) for n, v in parameters.items()}
        return model, find_attractors(model, arrays, 1.0)[0], parameters

    return find


def test_jansen_rit_floquet_exponent_and_period(cycle):
    """p = 230, epsilon = 50, Lambda = 0.7 of Clusella et al. (2023): two independent codes give these numbers."""
    model, attractor, parameters = cycle("jansen_rit")
    assert attractor.period == pytest.approx(118.944, abs=5e-4)
    relation = dispersion(model, parameters, 1.0, attractor, np.array([1.0, 0.7]))
    assert 1000 * relation.growth_rate[1] == pytest.approx(0.61250, abs=1e-5)  # per second


def test_jansen_rit_bifurcations():
    """Grimbert and Faugeras (2006), doi:10.1162/neco.2006.18.12.3052: three Hopf points and a saddle-node."""
    model = get_model("jansen_rit")
    found = EquilibriumSystem(model, model.resolve({}), 0.0).bifurcations(-300.0, 500.0)
    hopf = sorted(b.drive for b in found if b.kind == HOPF)
    np.testing.assert_allclose(hopf, [-12.15, 89.83, 315.70], atol=0.006)
    assert any(b.drive == pytest.approx(113.58, abs=0.011) for b in found if b.kind == SADDLE_NODE)


def test_jansen_rit_rates_follow_the_sigmoid():
    model = get_model("jansen_rit")
    p = model.resolve({})
    constants = model.coefficients(p)
    rates = lambda y0, v: [q.rate((y0, v, 0.0, 0.0, 0.0, 0.0), constants) for q in model.populations]
    assert 1000 * rates(0.0, p["v0"])[0] == pytest.approx(p["e0"])
    assert 1000 * rates(0.0, 1e3)[0] == pytest.approx(2 * p["e0"])
    pyramidal, excitatory, inhibitory = rates(p["v0"] / p["C1"], 0.0)
    assert 1000 * excitatory == pytest.approx(p["e0"])
    assert inhibitory < excitatory
    assert model.sent((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), constants) == pyramidal


@pytest.mark.parametrize(
    ("P", "low", "high", "stable"), [(0.0, -1e-9, 1e-9, True), (1.25, 0.15, 0.25, False), (2.5, 0.25, 0.35, True)]
)
def test_wilson_cowan_rests_cycles_and_rests(P, low, high, stable):
    """Muldoon et al. (2016), figure 2: a low fixed point, a limit cycle, and a high fixed point."""
    model = get_model("wilson_cowan")
    branch = EquilibriumSystem(model, model.resolve({}), 0.0).equilibria(P)
    assert len(branch.drive) == 1
    assert low <= branch.states[0, 0] <= high
    assert branch.stable[0] == stable


def test_jansen_rit_near_its_hopf_point_settles_slowly_and_rests():
    """p = 317 is 1.3 Hz above the Hopf point at 315.70: the velocities, zero at rest, are still small oscillations."""
    model = get_model("jansen_rit")
    arrays = {n: np.full(1, float(v)) for n, v in model.resolve({"p": 317.0}).items()}
    (attractor,) = find_attractors(model, arrays, 1.0)
    assert attractor.regime == REST
    growth = eigenvalues(model, attractor.state[None], arrays, np.zeros(1), np.zeros(1)).real.max()
    assert -2e-3 < growth < 0


@classical
@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_equilibrium_curve_solves_the_equations(name, weight):
    model = get_model(name)
    system = EquilibriumSystem(model, model.resolve({"r": 0.5} if name == "jansen_rit" else {"r_e": 0.7}), weight)
    branch = system.branch(-10.0, 300.0 if name == "jansen_rit" else 20.0)
    chosen = range(0, len(branch.drive), max(len(branch.drive) // 50, 1))
    assert len(chosen) > 20
    for k in chosen:
        assert np.abs(system.field(branch.states[k : k + 1], branch.drive[k])).max() < 1e-13
        assert branch.drive[k] == pytest.approx(system.at(branch.coordinate[k])[1][0])


@classical
@pytest.mark.parametrize("seed", range(6))
def test_no_equilibrium_is_missed_whatever_the_drive(name, seed):
    """Against solve_ivp from the nominal state, with parameters under which the state saturates at either end."""
    model, rng = get_model(name), np.random.default_rng(seed)
    if name == "jansen_rit":
        values = {"p": [3300.0, 2e4, -500.0][seed % 3], "v0": rng.uniform(2, 60), "A": rng.uniform(2, 9)}
    else:
        values = {"P": [-3.0, 6.0, 40.0][seed % 3], "theta_e": [-1.0, rng.uniform(-3, 5)][seed // 3]}
    p = model.resolve(values)
    drive, constants = tuple(p[n] for n in model.drives), model.coefficients(p)
    slope = lambda t, x: np.array(model.derivative(tuple(x), drive, constants, 0.0), float)
    start = np.array([s.initial for s in model.states])
    end = solve_ivp(slope, (0.0, 4000.0), start, "LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    assert np.abs(slope(0.0, end)).max() < 1e-6, "the case is made for rest"
    found = find_equilibria(model, values)
    assert found.stable.any()
    gaps = np.abs(found.states[found.stable] - end) / (np.abs(end) + 1e-2)
    assert gaps.max(axis=1).min() < 1e-5


@pytest.mark.parametrize(("name", "drive", "rate"), [("wilson_cowan", "P", -1 / 8), ("jansen_rit", "p", -1 / 20)])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_equilibria_where_the_exponential_overflows(name, drive, rate, sign):
    """All sigmoids are flat: the slowest eigenvalue is that of a leak, up to Wilson and Cowan's refractoriness."""
    found = find_equilibria(get_model(name), {drive: sign * 1e6})
    assert found.stable.tolist() == [True]
    slowest = found.eigenvalues.real.max()
    assert 2.0 * rate <= slowest + 1e-9
    assert slowest <= 0.99 * rate


@pytest.mark.parametrize(("name", "ends"), [("wilson_cowan", (-3.0, 6.0)), ("jansen_rit", (-400.0, 5000.0))])
def test_branches_reach_the_ends_of_the_range(name, ends):
    model = get_model(name)
    branch = EquilibriumSystem(model, model.resolve({}), 0.0).branch(*ends)
    assert (branch.drive[0], branch.drive[-1]) == ends
    assert (branch.drive >= ends[0]).all()
    assert (branch.drive <= ends[1]).all()
    assert (np.diff(branch.coordinate) > 0).all()


@classical
def test_coupling_is_input_to_the_excitatory_drive(name):
    """What arrives acts like more of the external input: p in Hz, or P."""
    model = get_model(name)
    state = tuple(s.initial + 0.01 for s in model.states)
    (drive, per_coupling), coupling = {"jansen_rit": ("p", 1e3), "wilson_cowan": ("P", 1.0)}[name], 0.003
    p = model.resolve({})
    q = p | {drive: p[drive] + per_coupling * coupling}
    coupled, driven = (
        model.derivative(state, tuple(values[n] for n in model.drives), model.coefficients(values), c)
        for values, c in ((p, coupling), (q, 0.0))
    )
    np.testing.assert_allclose(coupled, driven, rtol=1e-12, atol=1e-15)


@classical
def test_fastest_rate_bounds_the_jacobian_along_the_cycle(name, cycle):
    model, attractor, parameters = cycle(name)
    variational = Variational(model, parameters, parameters["G"])
    state, step, fastest = attractor.orbit.state, 0.01, 0.0
    for _ in range(20):
        state = variational.flow(state, attractor.period / 20, 400, [parameters["G"]])[0]
        propagator = variational.flow(state, step, 1, [parameters["G"]])[1][0]
        fastest = max(fastest, np.abs(np.linalg.eigvals((propagator - np.eye(len(state))) / step)).max())
    assert 0.1 * model.fastest_rate(parameters) < fastest < model.fastest_rate(parameters)


@classical
def test_network_master_stability(name, points_of, ring6):
    model = get_model(name)
    results = msf.run(Task(model, Connectome(ring6, tuple("abcdef")), points_of(model, 1, **CYCLES[name]), {}, ()))
    assert results["msf_status"][0] == Status.OK
    assert np.isfinite(results["msf"]).all()


@pytest.mark.slow
@classical
def test_every_analysis_of_simulations(name, points_of, directed5):
    model = get_model(name)
    settings = Simulation(duration_ms=1800.0, transient_ms=600.0, sample_ms=0.5, dt_ms=0.1, method="rk4")
    names = ("rates", "spectra", "fc", "synchrony", "series")
    analyses = [get_analysis(n) for n in names]
    reducers = [(a.reducer, a.options(segment_ms=500.0) if a.name == "spectra" else a.options()) for a in analyses]
    results = Simulator(model, Connectome(directed5), settings, reducers).run(
        points_of(model, 2, **CYCLES[name], seed=[0, 1])
    )
    assert (results["network_regime"] == NetworkRegime.OSCILLATING).all()
    assert np.isfinite(results["synchrony"]).all()
    assert np.isfinite(results["fc"]).all()
    assert np.isfinite(results["peak_frequency"]).all()
    assert np.isnan(results["population_synchrony"]).all()  # neither has a Kuramoto modulus
    assert results["firing_rate"].shape == (2, len(model.populations), 5)
    if name == "jansen_rit":
        assert ((results["firing_rate"] > 0) & (results["firing_rate"] < 5)).all()  # Hz, below 2 e0
        np.testing.assert_allclose(results["peak_frequency"], 1000 / 118.9, rtol=0.2)
    else:
        assert np.isnan(results["firing_rate"]).all()
        assert np.isnan(results["firing_rate_std"]).all()


def test_exponentials_saturate_instead_of_overflowing():
    assert exp(1e6) == exp(708.0) == exp(np.array([1e6]))[0]
    assert np.isnan(exp(float("nan")))
    assert np.isnan(exp(np.array([np.nan]))[0])
    assert exp(-1e6) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize(("p", "G", "Lambda"), [(200.0, 20.0, -0.2), (160.0, 50.0, 0.5)])
def test_jansen_rit_growth_rates_elsewhere_by_an_independent_integration(p, G, Lambda):
    """Period and largest Floquet exponent from the equations and their derivatives written out again, by DOP853."""
    S = lambda v: 0.005 / (1 + np.exp(0.56 * (6 - v)))  # 1/ms
    dS = lambda v: 0.56 * S(v) * (1 - S(v) / 0.005)

    def slope(t, x):
        """A column under its own feedback; after it, perturbations that receive Lambda times as much."""
        y0, y1, y2, z0, z1, z2 = x[:6]
        base = [
            z0, z1, z2,
            0.325 * S(y1 - y2) - 0.2 * z0 - 0.01 * y0,
            0.325 * (0.001 * p + 108 * S(135 * y0) + G * S(y1 - y2)) - 0.2 * z1 - 0.01 * y1,
            1.1 * 33.75 * S(33.75 * y0) - 0.1 * z2 - 0.0025 * y2,
        ]  # fmt: skip
        u0, u1, u2, w0, w1, w2 = x[6:].reshape(6, -1)
        sent = dS(y1 - y2) * (u1 - u2)
        rest = [
            w0, w1, w2,
            0.325 * sent - 0.2 * w0 - 0.01 * u0,
            0.325 * (108 * 135 * dS(135 * y0) * u0 + Lambda * G * sent) - 0.2 * w1 - 0.01 * u1,
            1.1 * 33.75 * 33.75 * dS(33.75 * y0) * u0 - 0.1 * w2 - 0.0025 * u2,
        ]  # fmt: skip
        return np.concatenate([base, np.ravel(rest)])

    solve = lambda x, ms, **more: solve_ivp(slope, (0, ms), x, "DOP853", rtol=1e-11, atol=1e-13, **more)
    settled = solve(np.array([0.1, 19.0, 15.0, 0, 0, 0]), 4000).y[:, -1]
    v = np.subtract(*solve(settled, 300).y[1:3])
    middle = 0.5 * (v.min() + v.max())
    rising = lambda t, x: x[1] - x[2] - middle
    rising.direction = 1.0
    crossed = solve(settled, 600, events=rising)
    period, start = np.diff(crossed.t_events[0])[0], crossed.y_events[0][0]
    monodromy = solve(np.concatenate([start, np.eye(6).ravel()]), period).y[6:, -1].reshape(6, 6)
    expected = np.log(np.abs(np.linalg.eigvals(monodromy)).max()) / period
    model = get_model("jansen_rit")
    parameters = model.resolve({"p": p, "G": G})
    (attractor,) = find_attractors(model, {n: np.full(1, float(v)) for n, v in parameters.items()}, 1.0)
    assert attractor.period == pytest.approx(period, abs=1e-5)
    relation = dispersion(model, parameters, 1.0, attractor, np.array([1.0, Lambda]))
    assert relation.growth_rate[1] == pytest.approx(expected, abs=1e-7)
