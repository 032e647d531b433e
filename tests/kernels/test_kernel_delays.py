"""Conduction delays: against a solution of the delay equations written out here, closed forms, and bit by bit."""

import numpy as np
import pytest
from delayed_networks import BETWEEN, EQUAL, NEARLY, REGIONS, SPAN_MS, UNEQUAL, W, solver
from numba import njit

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.models import get_model
from ngnmm_core.simulation.delays import Delays, _polynomial, _window
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.integrators import get_integrator
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.simulation.trial import Trial

INPUT, G = 8.0, 15.0


@njit
def _slope(x, c, out):
    """The E-I node (docs/models.md): tau 8 ms, tau_s 1 and 5 ms, eta -5, Delta 1, J 5 and 13."""
    for i in range(len(x)):
        re, ve, se, ri, vi, si = x[i]
        out[i, 0] = (1.0 / (np.pi * 8.0) + 2.0 * re * ve) / 8.0
        out[i, 1] = (ve * ve - 5.0 + INPUT - (np.pi * 8.0 * re) ** 2) / 8.0 + 5.0 * se - 13.0 * si + c[i]
        out[i, 2] = re - se
        out[i, 3] = (1.0 / (np.pi * 8.0) + 2.0 * ri * vi) / 8.0
        out[i, 4] = (vi * vi - 5.0 - (np.pi * 8.0 * ri) ** 2) / 8.0 + 13.0 * se - 5.0 * si + c[i]
        out[i, 5] = (ri - si) / 5.0


_path = solver(_slope, 2)


@pytest.fixture(scope="module")
def start(ei):
    nominal = np.array([s.initial for s in ei.states])
    return np.abs(nominal + 0.01 * np.random.default_rng(1).standard_normal((REGIONS, 6)))


@pytest.fixture(scope="module")
def solution(start):
    """`solution(delays)`: states [time, region, state], 0.1 ms apart; half the step changes them by 3e-8 of a range."""
    found = {}

    def solve(delays):
        key = delays.tobytes()
        if key not in found:
            found[key] = _path(start, G, delays)
        return found[key]

    return solve


@pytest.fixture(scope="module")
def run_of(ei, points_of, start):
    """`run_of(method, delays, **options)`: a run of the E-I node; `delays` in ms, None for none."""

    def build(method="riccati", delays=UNEQUAL, rounded=False, noise=(), points=1, dtype="float64"):
        kind = {"noisy": bool(noise) and method == "riccati"}
        engine = Engine(ei, W, method, dtype, delays=None if delays is None else Delays(delays, rounded), **kind)
        at = points_of(ei, points, I_ext_e=INPUT, G=G).parameters
        return Run(engine, at, np.broadcast_to(start, (points, *start.shape)), noise=noise)

    return build


@pytest.fixture(scope="module")
def error(run_of, solution):
    """`error(method, dt, delays)`: largest difference of every state after 100 ms."""

    def measure(method, dt, delays, rounded=False):
        run = run_of(method, delays, rounded)
        run.advance(dt, round(SPAN_MS / dt), 1)
        return np.abs(run.by_point(run.states)[0] - solution(delays)[-1]).max(axis=0)

    return measure


def _largest(run, dt, path):
    """Largest error of all states at all times, over the range of each."""
    found = np.stack([run.by_point(x)[0] for x in run.advance(dt, round(0.1 / dt), len(path))]).astype(float)
    return (np.abs(found - path).max(axis=(0, 1)) / np.ptp(path, axis=(0, 1))).max()


KINDS = {"unequal": UNEQUAL, "equal": EQUAL, "between steps": BETWEEN, "nearly equal": NEARLY}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_exact_flow_agrees_with_the_delay_equations(run_of, solution, kind):
    """All states at all times, at the peaks of bursts too; with equal delays all regions burst at once.

    Perturbations of the start grow by about 20 (unequal) or 40 (equal) times of a range in these 100 ms.
    """
    delays, path = KINDS[kind], solution(KINDS[kind])
    bounds = {"unequal": (1e-4, 3e-6, 1e-7), "equal": (2e-2, 1e-4, 1e-7)}.get(kind, (2e-2, 4e-4, 1e-6))
    errors = np.array([_largest(run_of(delays=delays), dt, path) for dt in (0.1, 0.05, 0.025)])
    assert (errors < bounds).all(), errors
    assert np.log2(errors[0] / errors[1]) > 4.0
    assert np.log2(errors[1] / errors[2]) > 5.0


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_local_steps_agree_with_the_delay_equations_at_their_default_step(run_of, solution, kind):
    """All states at all times, as above; perturbations grow by 20 to 40 times."""
    dt, delays, path = get_integrator("multirate").delayed_step_ms, KINDS[kind], solution(KINDS[kind])
    assert _largest(run_of("multirate", delays), dt, path) < (1e-7 if delays is UNEQUAL else 1e-6)
    if delays is UNEQUAL:
        assert _largest(run_of("multirate", delays), 2 * dt, path) < 3e-6


@pytest.mark.parametrize("delays", [UNEQUAL, EQUAL], ids=["unequal", "equal"])
@pytest.mark.slow
def test_in_single_precision_the_paths_are_those_of_the_delay_equations(run_of, solution, delays):
    """Rounding errors of 6e-8, 20 to 40 times as large after 100 ms, beside the error of the step."""
    assert _largest(run_of("riccati", delays, dtype="float32"), 0.025, solution(delays)) < 3e-5
    assert _largest(run_of("multirate", delays, dtype="float32"), 0.025, solution(delays)) < 3e-5
    assert _largest(run_of("rk4", delays, dtype="float32"), 0.01, solution(delays)) < 1e-2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_with_the_step_that_a_point_chooses_all_states_are_accurate(ei, points_of, kind):
    """Regions with equal delays burst together, which wants finer steps: the watch sees it."""
    delays = KINDS[kind]
    settings = Simulation(duration_ms=200.0, transient_ms=100.0, velocity_m_per_s=10.0)
    simulator = Simulator(ei, Connectome(W, tract_length=10.0 * delays), settings, [])
    points = points_of(ei, 1, I_ext_e=INPUT, G=G)
    rungs, wrong = Trial(simulator, points, simulator.settings.ladder).rungs()
    dt = simulator.settings.ladder.steps_ms[rungs[0]]
    assert not wrong.any()
    assert dt == (0.05 if kind == "unequal" else 0.025)
    run = simulator.start(points)
    begin = run.by_point(run.states)[0].astype(float).copy()
    path = _path(begin, G, delays)
    assert _largest(run, dt, path) < 1e-5


def test_without_its_delays_the_network_would_be_elsewhere(run_of, solution):
    run = run_of(delays=None)
    run.advance(0.1, 1000, 1)
    assert np.abs(run.by_point(run.states)[0] - solution(UNEQUAL)[-1]).max() > 1.0


@pytest.mark.parametrize(
    ("method", "dt", "bound"), [("rk4", 0.01, 1e-4), pytest.param("heun", 0.01, 2e-2, marks=pytest.mark.slow)]
)
def test_the_other_methods_agree_with_the_delay_equations(error, method, dt, bound):
    assert error(method, dt, UNEQUAL).max() < bound


def test_halving_the_step_divides_the_error_by_more_than_sixteen(error):
    """The kink of what is sent at the start included."""
    errors = [error("riccati", dt, UNEQUAL)[2] for dt in (0.1, 0.05, 0.025)]
    assert np.log2(errors[0] / errors[1]) > 4.5
    assert np.log2(errors[1] / errors[2]) > 4.0


@pytest.mark.parametrize("method", ["riccati", "multirate", "rk4"])
def test_the_kink_of_the_start_leaves_no_trace_where_it_arrives(run_of, solution, method):
    """Without the correction of what is kept of the start these are 1e-6 and, for `rk4`, 3e-6 within 30 ms."""
    dt, path = {"rk4": 0.01}.get(method, 0.05), solution(UNEQUAL)[:300]
    bound = 1.5e-6 if method == "rk4" else 1e-7
    assert _largest(run_of(method), dt, path) < bound


def test_between_steps_the_past_follows_from_a_cubic():
    back = np.array([0.0, 0.3, 1.0, 2.7, 40.25])
    start = np.maximum(np.floor(back) - 1, 0)
    nodes = start[:, None] + np.arange(4)
    for power in range(4):
        np.testing.assert_allclose((_polynomial(back, start) * nodes**power).sum(axis=1), back**power, atol=1e-10)
    near = (back > 1) & (back < 3)  # where the fourth derivative of cos(h back) is about h^4
    off = [np.abs((_polynomial(back, start) * np.cos(h * nodes)).sum(axis=1) - np.cos(h * back)) for h in (0.1, 0.05)]
    off = [each[near].max() for each in off]
    assert np.log2(off[0] / off[1]) == pytest.approx(4.0, abs=0.3)


def test_the_mean_over_a_step_follows_from_three_values_and_the_means_between():
    """Exact for powers up to four (the integral is of fifth degree), sixth order with its integral beyond."""
    back = np.array([0.0, 0.3, 1.0, 2.7, 40.25, -0.6])
    start = np.maximum(np.floor(back), 0)
    weights = _window(back, start)
    first = -start[:, None]
    for power in range(5):
        over = lambda to, n=power: (to ** (n + 1) - (to - 1.0) ** (n + 1)) / (n + 1)
        known = np.stack([first**power, over(first), (first - 1) ** power, over(first - 1), (first - 2) ** power], -1)
        found, chosen = (weights * known[:, 0]).sum(axis=1), back >= 0 if power == 4 else slice(None)
        np.testing.assert_allclose(found[chosen], over(-back)[chosen], rtol=1e-9, atol=1e-10)
    errors = []
    for h in (0.4, 0.2):  # of sin(h t)
        over = lambda to, h=h: -(np.cos(h * to) - np.cos(h * (to - 1.0))) / h
        t = first[:, 0]
        known = np.stack([np.sin(h * t), over(t), np.sin(h * (t - 1)), over(t - 1), np.sin(h * (t - 2))], axis=-1)
        errors.append(np.abs((weights * known).sum(axis=1) - over(-back))[[1, 3]].max())
    assert np.log2(errors[0] / errors[1]) > 4.7


@pytest.mark.parametrize("method", ["rk4", *(pytest.param(m, marks=pytest.mark.slow) for m in ("heun", "multirate"))])
def test_signals_of_a_chain_arrive_when_they_must(linear_node, points_of, method):
    """x' = -x / tau + what the one before has sent D ago: closed form; one step early or late would be seen."""
    tau, h, delays = 10.0, 0.01, np.array([[0.0, 0, 0], [3.0, 0, 0], [0, 5.5, 0]])
    chain = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    run = Run(
        Engine(linear_node, chain, method, delays=Delays(delays)),
        points_of(linear_node, tau=tau, G=0.1).parameters,
        np.array([[[1.0], [0.0], [0.0]]]),
    )
    x = np.stack([run.by_point(s)[0, :, 0] for s in run.advance(h, 10, 120)])
    t = 0.1 * np.arange(1, 121)
    decay, u = lambda s: np.exp(-s / tau), np.maximum(t - 3.0, 0.0)
    constant = lambda s: tau * (1 - decay(s))  # answer to a constant that has always been sent
    second = 0.1 * np.where(t < 3, constant(t), constant(3.0) * decay(u) + u * decay(u))
    np.testing.assert_allclose(x[:, 0], decay(t), atol=1e-6)
    np.testing.assert_allclose(x[:, 1], second, atol=2e-6)
    assert np.abs(np.interp(t - h, t, second) - second).max() > 3e-4
    # the third hears of the second, which has sent 0 before the start, after 5.5 ms
    assert np.abs(x[t < 5.49, 2]).max() == 0.0
    assert 0.0 < x[np.argmax(t > 5.55), 2] < 1e-3


@pytest.mark.slow
def test_growth_at_rest_on_a_ring_with_equal_delays_is_the_root_of_the_characteristic_equation(ei, points_of):
    """Alternating perturbation of four regions: det(lambda - A + G exp(-lambda D) B) = 0."""
    ring = 0.5 * (np.roll(np.eye(4), 1, axis=0) + np.roll(np.eye(4), -1, axis=0))
    delays, values = 4.0 * (ring > 0), {"I_ext_e": 3.0, "G": 14.0}
    p, points = ei.resolve(values), points_of(ei, 1, **values)
    quiet = Run(Engine(ei, ring, "riccati", delays=Delays(delays)), points.parameters, np.full((1, 4, 6), 0.01))
    quiet.advance(0.1, 8000, 1)
    rest = quiet.by_point(quiet.states)[0, 0].copy()
    constants, drive = ei.coefficients(p), tuple(p[name] for name in ei.drives)
    sent = lambda x: p["G"] * ei.sent(tuple(x), constants)
    slope = lambda x, coupling: np.array(ei.derivative(tuple(x), drive, constants, coupling))
    step = 1e-6 * np.eye(6)
    A = np.column_stack([(slope(rest + h, sent(rest)) - slope(rest - h, sent(rest))) / 2e-6 for h in step])
    B = np.column_stack([(slope(rest, sent(rest - h)) - slope(rest, sent(rest + h))) / 2e-6 for h in step])
    # the eigenvalue of the alternating mode is -1
    f = lambda z: np.linalg.det(z * np.eye(6) - A - np.exp(-4.0 * z) * B)
    roots = []
    for guess in [complex(a, b) for a in np.linspace(-0.3, 0.1, 9) for b in np.linspace(0.0, 1.5, 16)]:
        z = guess
        for _ in range(60):
            change = f(z) * 2e-6 / (f(z + 1e-6) - f(z - 1e-6))
            z = z - change
        if abs(change) < 1e-9 and abs(z) < 10:
            roots.append(z)
    leading = max(roots, key=lambda z: z.real)
    start = np.broadcast_to(rest, (1, 4, 6)) + 1e-4 * np.array([1, -1, 1, -1])[None, :, None] * np.tile(
        [0.1, 1, 0.1], 2
    )
    run = Run(Engine(ei, ring, "riccati", delays=Delays(delays)), points.parameters, start)
    path = np.stack([run.by_point(x)[0, :, 1] for x in run.advance(0.05, 20, 160)])
    u = (path[:, 0] - path[:, 1])[40:80]
    # u(n + 1) = a u(n) + b u(n - 1) has the roots exp(lambda)
    a, b = np.linalg.lstsq(np.column_stack([u[1:-1], u[:-2]]), u[2:], rcond=None)[0]
    found = np.log(np.roots([1.0, -a, -b]).astype(complex))
    assert np.abs(found.real).min() < 1.0
    assert min(abs(z - leading) for z in found) < 2e-4 + 2e-3 * abs(leading)


@pytest.mark.parametrize("method", ["riccati", "multirate"])
@pytest.mark.slow
def test_rounded_delays_are_those_of_whole_steps(run_of, method):
    """Where delays are whole steps nothing is rounded, and the cubic takes the values themselves."""
    whole = np.rint(UNEQUAL * 10.0) / 10.0
    ends = []
    for rounded, delays in ((False, whole), (True, whole), (True, whole + 0.049 * (whole > 0))):
        run = run_of(method, delays=delays, rounded=rounded)
        run.advance(0.1, 300, 1)
        ends.append(run.by_point(run.states).copy())
    np.testing.assert_allclose(ends[1], ends[0], rtol=0, atol=1e-8)
    np.testing.assert_array_equal(ends[2], ends[1])


@pytest.mark.parametrize(
    ("method", "dt", "noise"),
    [("riccati", 0.1, ()), ("riccati", 0.05, (0.1, None)), ("heun", 0.02, (0.1, None)), ("multirate", 0.05, ())],
)
@pytest.mark.slow
def test_a_run_goes_on_from_call_to_call_and_from_a_snapshot(run_of, method, dt, noise):
    whole, parts = (run_of(method, noise=noise) for _ in range(2))
    expected, at_start = whole.advance(dt, 13, 50), parts.snapshot()
    parts.advance(dt, 77, 1)
    parts.restore(at_start)
    found = [parts.advance(dt, 13, n) for n in (3, 20)]
    snapshot = parts.snapshot()
    parts.advance(dt, 77, 1)
    parts.restore(snapshot)
    np.testing.assert_array_equal(np.concatenate([*found, parts.advance(dt, 13, 27)]), expected)


@pytest.mark.slow
def test_noise_with_delays_follows_one_path_whatever_the_step(run_of):
    ends = []
    for dt in (0.1, 0.05, 0.0125):
        run = run_of(noise=(0.3, None))
        run.advance(dt, round(25.0 / dt), 1)
        ends.append(run.by_point(run.states).copy())
    coarse, fine = (np.abs(end - ends[-1]).max() for end in ends[:2])
    assert 1.5 * fine < coarse < 1e-3


@pytest.mark.slow
def test_adaptation_goes_on_with_delays(points_of):
    """Further filters of a rate are states as well, by the exact flow and by another method."""
    model, ends = get_model("ei_ngnmm_adaptation"), []
    start = np.broadcast_to([state.initial for state in model.states], (1, len(W), len(model.states)))
    points = points_of(model, I_ext_e=INPUT, G=G, alpha=3.0, tau_A=40.0)
    for method, dt in (("riccati", 0.05), ("rk4", 0.01)):
        run = Run(Engine(model, W, method, delays=Delays(UNEQUAL, False)), points.parameters, start)
        run.advance(dt, round(30.0 / dt), 1)
        ends.append(run.by_point(run.states)[0].copy())
    assert np.abs(ends[0][:, model.state_names.index("A")]).min() > 0.1
    np.testing.assert_allclose(*ends, rtol=2e-3, atol=2e-3)
