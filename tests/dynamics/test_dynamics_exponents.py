"""Lyapunov exponents of the homogeneous system and across it: reference numbers, closed forms, honest errors."""

import json
from pathlib import Path

import numpy as np
import pytest

from ngnmm_core import simulate
from ngnmm_core.analysis.lyapunov import ExponentStatus
from ngnmm_core.dynamics import lyapunov_runs
from ngnmm_core.dynamics.attractor import Attractor, find_attractors
from ngnmm_core.dynamics.attractor_exponents import homogeneous_exponents, transverse_spectra
from ngnmm_core.dynamics.differentiation import linearise
from ngnmm_core.dynamics.dispersion import dispersion
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.lyapunov_runs import (
    Settings,
    block_mean,
    exponents_of,
    has_zero,
    kaplan_yorke_dimension,
    lyapunov_exponents,
    transverse_exponents,
    with_exact_zero,
)
from ngnmm_core.dynamics.packing import WIDTH, to_lanes
from ngnmm_core.dynamics.regimes import CHAOS, LIMIT_CYCLE, REST, TORUS
from ngnmm_core.dynamics.step_size import trial_errors
from ngnmm_core.dynamics.tangent_growth import TangentGrowth
from ngnmm_core.kernels.llvm import align_stack, kernel, make_tuple_access
from ngnmm_core.kernels.lyapunov import make_orthonormalised
from ngnmm_core.models import get_model
from ngnmm_core.models._base import COUPLING, Model, Parameter, Population, State

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "homogeneous_system.json").read_text(encoding="utf-8")
)["lyapunov"]
CHAOTIC = json.loads((Path(__file__).parents[1] / "reference" / "chaotic_exponents.json").read_text(encoding="utf-8"))


def arrays_of(parameters, count=1):
    return {name: np.full(count, float(value)) for name, value in parameters.items()}


def model_of(name, states, derivative, parameters=(), sent=0):
    return Model(
        name=name,
        title=name,
        doi="",
        states=tuple(State(n, "1", x) for n, x in states),
        parameters=(*(Parameter(n, v, "1", n) for n, v in parameters), Parameter("zero", 0.0, "1", "input"), COUPLING),
        drives=("zero",),
        coefficients=lambda p: tuple(p[n] for n, _ in parameters) or (p["zero"],),
        derivative=derivative,
        sent=lambda x, c: x[sent],
        observable=states[0][0],
        populations=(Population("P", "one"),),
        fastest_rate=lambda p: 1.0,
    )


def _lorenz(x, drive, c, coupling):
    return 10.0 * (x[1] - x[0]), x[0] * (28.0 - x[2]) - x[1], x[0] * x[1] - (8.0 / 3.0) * x[2]


@pytest.fixture(scope="module")
def lorenz():
    return model_of("lorenz", [("x", 1.0), ("y", 2.0), ("z", 20.0)], _lorenz)


class Henon(TangentGrowth):
    """The map x' = 1 - 1.4 x^2 + y, y' = 0.3 x; ten steps are one iteration.

    So perturbations are orthonormalised after every second iteration, before round-off hides the second exponent.
    """

    def __init__(self, cases):
        self.cases, self.columns, self.size = cases, 2, 2
        load, store = make_tuple_access(2)

        def iterate(state, tangents, constants, gains, h):
            align_stack()
            x = load(state, 0, WIDTH)
            for _ in range(h.size // WIDTH // 10):
                for column in range(2):
                    d = load(tangents, column * 2 * WIDTH, WIDTH)
                    store(tangents, column * 2 * WIDTH, WIDTH, (-2.8 * x[0] * d[0] + d[1], 0.3 * d[0]))
                x = (1.0 - 1.4 * (x[0] * x[0]) + x[1], 0.3 * x[0])
            store(state, 0, WIDTH, x)

        self._run = make_orthonormalised(kernel(iterate), 2, WIDTH)
        self._gains = to_lanes(np.zeros((1, cases)))
        self.tangents = to_lanes(np.eye(2)[:, :, None])

    def _constants_for(self, dt_ms):
        return self._gains


def test_the_exponents_of_henons_map():
    """0.41922 and -1.62319 per iteration (Sprott, Chaos and Time-Series Analysis); their sum is log 0.3 exactly."""
    starts = np.array([0.1, 0.1])[:, None] + 0.01 * np.arange(8)
    run = exponents_of(Henon(8), starts, Settings(2, 100_000.0, 1000.0, dt_ms=0.1))
    mean, error = run.values.mean(axis=1), run.errors.mean(axis=1) / np.sqrt(8)
    np.testing.assert_array_less(np.abs(mean - [0.41922, -1.62319]), 4 * error + 1e-5)
    assert error.max() < 5e-4
    np.testing.assert_allclose(run.values.sum(axis=0), np.log(0.3), atol=1e-12)


def _two_circles(x, drive, c, coupling):
    """Two independent rotations of irrational frequency ratio: a torus with exponents 0, 0, -2, -2."""
    (other,) = c
    a, b = 1.0 - (x[0] * x[0] + x[1] * x[1]), 1.0 - (x[2] * x[2] + x[3] * x[3])
    return a * x[0] - x[1], a * x[1] + x[0], b * x[2] - other * x[3], b * x[3] + other * x[2]


@pytest.fixture(scope="module")
def torus():
    return model_of("torus", [("x", 1.0), ("y", 0.0), ("u", 1.0), ("v", 0.0)], _two_circles, [("other", 1.618034)])


@pytest.mark.slow
def test_the_lorenz_exponents(lorenz):
    """0.9056, 0, -14.5723 (Viswanath's thesis; Sprott, Chaos and Time-Series Analysis), the sum exactly -41/3."""
    parameters = arrays_of(lorenz.resolve({}), 8)
    states = np.array([1.0, 2.0, 20.0])[:, None] + 0.1 * np.arange(8)
    run = lyapunov_exponents(lorenz, parameters, np.zeros((2, 8)), states, Settings(3, 2000.0, 50.0, 0.01))
    mean, error = run.values.mean(axis=1), run.errors.mean(axis=1) / np.sqrt(8)
    np.testing.assert_array_less(np.abs(mean - [0.9056, 0.0, -14.5723]), 4 * error + 1e-4)
    np.testing.assert_allclose(run.values.sum(axis=0), -41.0 / 3.0, atol=1e-4)
    assert kaplan_yorke_dimension(mean) == pytest.approx(2.0621, abs=2e-3)


@pytest.mark.slow
def test_standard_errors_are_honest(lorenz):
    """Runs from different states scatter as their errors say: within a factor of 1.6 (24 runs)."""
    parameters = arrays_of(lorenz.resolve({}), 24)
    states = np.array([1.0, 2.0, 20.0])[:, None] + 0.05 * np.arange(24)
    run = lyapunov_exponents(lorenz, parameters, np.zeros((2, 24)), states, Settings(1, 2000.0, 50.0, 0.01))
    ratio = run.values[0].std(ddof=1) / np.sqrt(np.mean(run.errors[0] ** 2))
    assert 1 / 1.6 < ratio < 1.6
    assert abs(run.values[0].mean() - 0.9056) < 4 * run.values[0].std(ddof=1) / np.sqrt(24)


@pytest.mark.slow
def test_a_torus_is_one_and_chaos_is_chaos(torus, lorenz):
    for model, regime, row in ((torus, TORUS, [0.0, 0.0, -2.0, -2.0]), (lorenz, CHAOS, [0.9056, 0.0, -14.5723])):
        parameters = arrays_of(model.resolve({}))
        start = Attractor(5, np.array([s.initial for s in model.states]))
        (found,) = classify(model, parameters, 1.0, [start])
        assert found.regime == regime
        spectra = homogeneous_exponents(model, parameters, 1.0, [found], Settings(len(row), 2000.0, 200.0))
        assert spectra.zero.all()
        assert spectra.accurate.all()
        exact = with_exact_zero(spectra.values[0], spectra.errors[0], 2000.0, 2 if regime == TORUS else 1)
        assert (exact == 0).sum() == (2 if regime == TORUS else 1)
        if regime == TORUS:
            assert kaplan_yorke_dimension(exact) == 2.0
        np.testing.assert_allclose(spectra.values[0], row, atol=0.05)


@pytest.mark.slow
def test_a_cycle_that_is_approached_within_minutes_is_no_torus():
    """Jansen-Rit, 0.5 Hz of input from its Hopf point: the focus unwinds with 4.5e-5 per ms, as slow as nothing.

    The period continues those of p = 286 and 287, 110.9191 and 110.7139 ms.
    """
    model = get_model("jansen_rit")
    parameters = arrays_of(model.resolve({"G": 64.0, "p": 288.0}))
    (found,) = classify(model, parameters, 1.0, find_attractors(model, parameters, 1.0))
    assert found.regime == LIMIT_CYCLE
    assert found.period == pytest.approx(110.509, abs=0.002)
    assert 0.98 < abs(found.orbit.multipliers[1]) < 1.0


@pytest.mark.slow
def test_exponents_on_a_circle_and_in_a_focus(circle, attractor_at):
    for values, regime, expected in (
        ({"G": 0.1}, LIMIT_CYCLE, [0.0, -0.2, -0.5]),
        ({"mu": -0.05, "G": 0.1}, REST, [-0.05, -0.05, -0.2]),
    ):
        attractor, parameters = attractor_at(circle, **values)
        assert attractor.regime == regime
        found = homogeneous_exponents(circle, arrays_of(parameters), 1.0, [attractor], Settings(3, 1000.0))
        np.testing.assert_allclose(found.values[0], expected, atol=1e-7)
        assert found.errors[0, 0] == 0


@pytest.mark.parametrize("entry", REFERENCE, ids=lambda e: f"{e['I_ext_e']}-{e['G']}")
def test_reference_exponents(ei, attractor_at, entry):
    attractor, parameters = attractor_at(ei, I_ext_e=entry["I_ext_e"], G=entry["G"])
    arrays = arrays_of(parameters)
    (attractor,) = classify(ei, arrays, 1.0, [attractor])
    found = homogeneous_exponents(ei, arrays, 1.0, [attractor], Settings(6, 20000.0, 200.0))
    error = np.hypot(found.errors[0, :3], entry["standard_error"])
    np.testing.assert_array_less(np.abs(found.values[0, :3] - entry["lambda"]), 3.5 * error + 2e-6)
    assert found.accurate.all()
    assert found.zero.all()


def test_the_sum_of_all_exponents_is_the_mean_divergence(ei, attractor_at, integrate, points_of):
    attractor, parameters = attractor_at(ei, I_ext_e=10.0, G=11.0)
    arrays = arrays_of(parameters)
    gains = np.full((2, 1), 11.0)
    run = lyapunov_exponents(ei, arrays, gains, attractor.state[:, None], Settings(6, 500.0))
    path = integrate(ei, [[1.0]], points_of(ei, I_ext_e=10, G=11), attractor.state[None, None], 0.01, 50000, 1)[:, 0, 0]
    many = {n: np.full(len(path), v) for n, v in parameters.items()}
    trace = np.trace(linearise(ei, path, many, many["G"]).coupled(many["G"]), axis1=1, axis2=2)
    # the two solutions part in the end, so only the means agree
    assert run.values[:, 0].sum() == pytest.approx(trace.mean(), rel=0.03)


def test_across_a_manifold_the_uniform_direction_is_the_system_itself(ei, attractor_at):
    attractor, parameters = attractor_at(ei, I_ext_e=10.0, G=11.0)
    arrays = arrays_of(parameters)
    modes = np.array([1.0, 0.5, 0.0, -0.4])
    (attractor,) = classify(ei, arrays, 1.0, [attractor])
    found = transverse_spectra(ei, arrays, 1.0, [attractor], modes, Settings(1, 4000.0, 200.0))
    own = homogeneous_exponents(ei, arrays, 1.0, [attractor], Settings(1, 4000.0, 200.0))
    assert abs(found.values[0, 0] - own.values[0, 0]) < 3 * np.hypot(found.errors[0, 0], own.errors[0, 0])
    assert (found.errors < 0.005).all()


@pytest.mark.slow
def test_on_a_cycle_transverse_exponents_are_floquet_exponents(ei, attractor_at):
    attractor, parameters = attractor_at(ei, I_ext_e=12.2, G=12.0)
    modes = np.array([0.8, 0.2, -0.4, 0.3 + 0.4j, 0.3 - 0.4j])
    expected = dispersion(ei, parameters, 1.0, attractor, modes).growth_rate
    for some in (modes[:3].real, modes):
        gains = np.concatenate([[12.0], 12.0 * some])[:, None]
        settings = Settings(1, 8000.0, 1000.0)
        run = transverse_exponents(ei, arrays_of(parameters), gains, attractor.state[:, None], settings)
        np.testing.assert_allclose(run.values[:, 0], expected[: len(some)], atol=5e-4)


def test_the_mean_of_blocks_and_its_error():
    blocks = np.random.default_rng(1).standard_normal((25, 3))
    mean, error = block_mean(blocks)
    np.testing.assert_allclose(mean, blocks.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(error, blocks.std(axis=0, ddof=1) / 5.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("exponents", "dimension"),
    [([0.9056, 0.0, -14.5723], 2.062145), ([-0.1, -0.2], 0.0), ([0.0, -0.2], 1.0), ([0.3, 0.1], np.nan)],
)
def test_kaplan_yorke(exponents, dimension):
    np.testing.assert_allclose(kaplan_yorke_dimension(np.array(exponents)), dimension, atol=1e-6)


def test_a_cycle_gets_no_run_where_its_multipliers_say_enough(ei, attractor_at):
    """The exponents asked for are those of Floquet, and the run of the others doesn't change them."""
    attractor, parameters = attractor_at(ei, I_ext_e=12.2, G=12.0)
    arrays = arrays_of(parameters)
    few = homogeneous_exponents(ei, arrays, 1.0, [attractor], Settings(6, 500.0), needed=3)
    all_six = homogeneous_exponents(ei, arrays, 1.0, [attractor], Settings(6, 500.0))
    floquet = np.log(np.abs(attractor.orbit.multipliers[:3])) / attractor.period
    np.testing.assert_allclose(few.values[0, :3], [0.0, *floquet[1:]], atol=1e-12)
    np.testing.assert_array_equal(few.values[0, :3], all_six.values[0, :3])
    assert (few.errors[0, :3] == 0).all()
    assert np.isfinite(all_six.values).all()
    assert kaplan_yorke_dimension(few.values[0]) == kaplan_yorke_dimension(all_six.values[0]) == 1.0


@pytest.mark.slow
def test_exponents_of_chaos_are_unbiased(ei):
    """Six points of the reference that steps of 0.0125 ms gave (tools/chaos_reference.py); `make bench` has all 40."""
    points = CHAOTIC["points"][:6]
    known, uncertain = (np.array([p[name] for p in points]) for name in ("exponents", "standard_errors"))
    arrays = arrays_of(ei.resolve({}), 6) | {n: np.array([p[n] for p in points]) for n in ("I_ext_e", "G")}
    attractors = classify(ei, arrays, 1.0, find_attractors(ei, arrays, 1.0))
    own = homogeneous_exponents(ei, arrays, 1.0, attractors, Settings(3, 10000.0, 200.0))
    assert own.accurate.all()
    assert own.zero.all()
    z = (own.values[:, 0] - known[:, 0]) / np.hypot(own.errors[:, 0], uncertain[:, 0])
    np.testing.assert_array_less(np.abs(z), 3.0)
    modes = np.array([1.0, *CHAOTIC["modes"]])
    across = transverse_spectra(ei, arrays, 1.0, attractors, modes, Settings(1, 10000.0, 200.0))
    assert across.accurate.all()
    z = (across.values[:, 1:] - known[:, 1:]) / np.hypot(across.errors[:, 1:], uncertain[:, 1:])
    np.testing.assert_array_less(np.abs(z), 4.0)  # 18 numbers


def test_steps_are_chosen_by_what_they_do_to_exponents(ei, attractor_at):
    """At (9.8, 10.75) 0.05 ms of Luther's method makes the zero negative; errors fall with high powers of the step.

    The exact flow is right with 0.1 ms, and at Delta = 0.2, where the other ceases to be finite.
    """
    attractor, parameters = attractor_at(ei, I_ext_e=9.8, G=10.75)
    arrays, gains = arrays_of(parameters), np.full((2, 1), 10.75)

    def error(state, dt_ms, exact, some=arrays):
        new = lambda: TangentGrowth(ei, some, gains, 3, exact)
        return trial_errors(new(), new(), state, dt_ms)[0]

    start = attractor.state[:, None]
    luther = [error(start, dt, False) for dt in (0.05, 0.025, 0.0125)]
    assert luther[0] > 1e-4
    assert luther[1] < luther[0] / 2**12
    assert luther[2] < luther[1] / 2**5
    flow = [error(start, dt, True) for dt in (0.1, 0.05, 0.025)]
    assert flow[0] < 1e-7
    assert flow[1] < flow[0] / 2**4
    assert flow[2] < max(flow[1] / 2**4, 2e-12)  # what rounding leaves
    assert np.isinf(error(np.full((6, 1), 1e200), 0.05, False))
    steep = arrays | {name: np.full(1, 0.2) for name in ("Delta_e", "Delta_i")}
    assert error(start, 0.05, True, steep) < 1e-6
    assert error(start, 0.05, False, steep) > 1e-3


@pytest.mark.slow
def test_the_error_of_steps_is_an_option(monkeypatch):
    """A point that wants shorter steps for 1e-9 than for the default; and steps that can't be short enough."""
    monkeypatch.setattr(lyapunov_runs, "HALVINGS", 1)
    point = {"I_ext_e": 9.8, "G": 10.75}
    default, strict, impossible = (
        simulate(point, [[0.0, 1.0], [1.0, 0.0]], analyses={"lyapunov": {"duration_ms": 500, **options}})
        for options in ({}, {"step_error": 1e-9}, {"step_error": 1e-18})
    )
    assert int(default.lyapunov_status) == int(strict.lyapunov_status) == ExponentStatus.OK
    assert int(impossible.lyapunov_status) == ExponentStatus.INACCURATE
    assert float(default.homogeneous_lyapunov_exponent[0]) != float(strict.homogeneous_lyapunov_exponent[0])


@pytest.mark.parametrize(
    ("values", "errors", "found"),
    [
        ([0.1, 0.002, -0.5], [0.01, 0.001, 0.01], True),
        ([0.1, -0.045, -0.5], [0.01, 0.001, 0.01], False),
        ([-0.02, -0.3], [0.001, 0.001], False),
        ([0.1, 0.05], [0.001, 0.001], True),  # the zero may be beyond the largest two
    ],
)
def test_whether_a_spectrum_holds_its_zero(values, errors, found):
    assert has_zero(np.array(values), np.array(errors), 5000.0) is found
