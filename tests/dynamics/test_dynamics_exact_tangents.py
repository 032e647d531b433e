"""Perturbations by the exact flow: those of Luther's method in the limit of short steps, with order five and more."""

import numpy as np
import pytest

from ngnmm_core.dynamics.exact_flow import flow_constants, flow_kernel_of, has_flow
from ngnmm_core.dynamics.network_tangent_growth import NetworkTangentGrowth
from ngnmm_core.dynamics.packing import WIDTH, to_lanes
from ngnmm_core.dynamics.tangent_growth import TangentGrowth, TransverseStretching
from ngnmm_core.dynamics.variational import Solutions
from ngnmm_core.kernels.flow_tangents import ROOM, make_flow_variational
from ngnmm_core.models import get_model, model_names
from ngnmm_core.simulation.initial_states import perturbed

EIGHT = np.arange(8)


def points(model, **values):
    """Eight points with unequal constants."""
    base = {name: np.full(8, float(v)) for name, v in model.resolve(values).items()}
    for k, name in enumerate(p.name for p in model.parameters if p.positive):
        base[name] = base[name] * (1.0 + 0.03 * ((EIGHT + k) % 5))
    return base


def on_the_attractor(model, arrays):
    """States [point, state] after 200 ms of small steps."""
    states = np.tile(model.nominal, (8, 1)) * (1.0 + 0.05 * EIGHT[:, None])
    return Solutions(model, arrays, arrays["G"]).sample(states, 0.005, 40000, 1)[1]


def by_flow(model, arrays, states, feedback, steps_and_ms):
    """States [point, state] and propagators [point, state, state] by the exact flow."""
    steps, dt_ms = steps_and_ms
    size = len(model.states)
    state = to_lanes(states.T)
    tangents = to_lanes(np.broadcast_to(np.eye(size)[:, :, None], (size, size, 8)))
    run = flow_kernel_of(model, make_flow_variational)
    gains = to_lanes(np.stack([arrays["G"], feedback]))
    run(state, tangents, flow_constants(model, arrays, dt_ms, ROOM), gains, to_lanes(np.zeros((steps, 1))))
    return state.reshape(size, WIDTH).T, tangents.reshape(size, size, WIDTH).transpose(2, 1, 0)


def errors_of(found, expected):
    return [np.abs(f - e).max() / np.abs(e).max() for f, e in zip(found, expected, strict=True)]


@pytest.mark.parametrize(("name", "values"), [("ei_ngnmm", {"I_ext_e": 10, "G": 11}), ("ngnmm_population", {"G": 2.0})])
@pytest.mark.parametrize("share", [1.0, -0.3])
def test_a_step_of_perturbations_is_the_derivative_of_the_flow(name, values, share):
    """Unequal time constants, widths and weights; along the state itself and along another Lambda; 10 ms."""
    model = get_model(name)
    arrays = points(model, **values)
    states = on_the_attractor(model, arrays)
    feedback = share * arrays["G"]
    end, propagators = Solutions(model, arrays, arrays["G"]).propagate(
        states, [np.full(8000, 0.00125)] * 8, feedback[:, None]
    )
    expected = (end, propagators[:, 0])
    coarse, middle, fine = (
        errors_of(by_flow(model, arrays, states, feedback, (round(10 / h), h)), expected) for h in (0.1, 0.05, 0.025)
    )
    assert max(coarse) < 1e-6
    for k in range(2):
        assert middle[k] < coarse[k] / 2**4.5 + 1e-11
        assert fine[k] < middle[k] / 2**4.5 + 1e-11


@pytest.mark.parametrize("complex_modes", [False, True])
def test_transverse_stretching_is_that_of_luthers_method(ei, complex_modes):
    """Over 20 ms at a chaotic point, for several Lambda, real and complex."""
    arrays = {n: np.full(1, float(v)) for n, v in ei.resolve({"I_ext_e": 10.0, "G": 11.0}).items()}
    start = Solutions(ei, arrays, arrays["G"]).sample(ei.nominal[None], 0.005, 40000, 1)[1].T.copy()
    modes = np.array([1.0, 0.3 + 0.4j, -0.5 - 0.1j]) if complex_modes else np.array([1.0, 0.3, -0.5])
    gains = 11.0 * np.concatenate([[1.0], modes])[:, None]
    logs = [
        TransverseStretching(ei, arrays, gains, exact).run(start, dt, round(1 / dt), 20)[1].sum(axis=0)
        for exact, dt in ((True, 0.05), (False, 0.005))
    ]
    np.testing.assert_allclose(*logs, atol=1e-7)


def test_growth_of_perturbations_along_the_state_is_that_of_luthers_method(ei):
    arrays = points(ei, I_ext_e=10.0, G=11.0)
    states = on_the_attractor(ei, arrays).T.copy()
    gains = np.stack([arrays["G"]] * 2)
    flow, luther = (
        TangentGrowth(ei, arrays, gains, 4, exact).run(states, dt, round(1 / dt), 20)
        for exact, dt in ((True, 0.05), (False, 0.005))
    )
    np.testing.assert_allclose(flow[0], luther[0], atol=1e-6)
    np.testing.assert_allclose(flow[1].sum(axis=0), luther[1].sum(axis=0), atol=1e-5)


def test_perturbations_of_a_network_converge_with_the_order_of_the_flow(ei):
    """A directed network of unequal regions: steps of h and h/2 from the same past, and Luther's at the same h / 8."""
    rng = np.random.default_rng(3)
    W = rng.random((11, 11)) * (rng.random((11, 11)) < 0.6)
    np.fill_diagonal(W, 0.0)
    W /= W.sum(axis=1, keepdims=True)
    parameters = {n: float(v) for n, v in ei.resolve({"I_ext_e": 10.0, "G": 11.0}).items()}
    start = perturbed(ei, np.tile(ei.nominal, (1, 11, 1)), np.array([1]), 0.1)[0]

    def difference(dt_ms):
        fine = NetworkTangentGrowth(ei, W, parameters, start, 10, dt_ms / 2)
        fine.follow(round(100 / dt_ms))
        fine.advance(1)
        coarse = NetworkTangentGrowth(ei, W, parameters, start, 10, dt_ms)
        coarse.begin_from(fine, fine.with_past())
        fine.follow(round(40 / dt_ms))
        coarse.follow(round(20 / dt_ms))
        scale = np.abs(fine.columns).max()
        return np.abs(coarse.state - fine.state).max(), np.abs(coarse.columns - fine.columns).max() / scale

    coarse, middle, fine = (difference(h) for h in (0.1, 0.05, 0.025))
    assert max(coarse) < 1e-4
    for k in range(2):
        assert middle[k] < coarse[k] / 2**4
        assert fine[k] < coarse[k] / 2**10  # the fifth order over two halvings


@pytest.mark.parametrize("regional", [False, True])
def test_perturbations_of_a_network_are_those_of_luthers_method(ei, regional):
    """Also where every region has its own parameters; both take the same constant past for a start."""
    rng = np.random.default_rng(4)
    W = rng.random((11, 11))
    np.fill_diagonal(W, 0.0)
    W /= W.sum(axis=1, keepdims=True)
    parameters = {n: float(v) for n, v in ei.resolve({"I_ext_e": 10.0, "G": 11.0}).items()}
    if regional:
        for name in ("G", "I_ext_e", "tau_e", "Delta_i", "J_ei", "tau_si"):
            parameters[name] = parameters[name] * rng.uniform(0.8, 1.2, 11)
    start = perturbed(ei, np.tile(ei.nominal, (1, 11, 1)), np.array([1]), 0.1)[0]
    ends = []
    for exact in (True, False):
        run = NetworkTangentGrowth(ei, W, parameters, start, 10, 0.0125, exact)
        run.follow(800)
        ends.append((run.state, run.columns))
    np.testing.assert_allclose(ends[0][0], ends[1][0], atol=1e-6)
    np.testing.assert_allclose(ends[0][1], ends[1][1], atol=1e-6 * np.abs(ends[1][1]).max())


def test_which_models_have_the_flow():
    """Those that declare QIF populations which make up their state; no other one may be integrated with it."""
    having = [name for name in model_names() if has_flow(get_model(name))]
    assert {"ei_ngnmm", "ngnmm_population"} <= set(having)
    assert not {"jansen_rit", "wilson_cowan", "ngnmm_sfa", "ngnmm_gap"} & set(having)
