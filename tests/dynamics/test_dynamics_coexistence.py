"""Several attractors at a point, dispersion curves, stable intervals and critical couplings."""

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.api import simulate
from ngnmm_core.dynamics import irregular_attractors
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.coexistence import coexisting, initial_states
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.regimes import LIMIT_CYCLE, REST
from ngnmm_core.dynamics.stability_intervals import critical_couplings, refined, stable_intervals
from ngnmm_core.models import get_model


def arrays_of(model, **values):
    resolved = model.resolve(values)
    count = max(np.size(v) for v in resolved.values())
    return {name: np.broadcast_to(np.asarray(v, float), count).copy() for name, v in resolved.items()}


def test_both_states_of_the_classic_bistable_point(population):
    """One population at eta = -5, J = 15 (see tests/models): a low and a high equilibrium."""
    found = coexisting(population, arrays_of(population, G=[0.0, 0.0]), 1.0, 12)
    for point in found:
        assert [a.regime for a in point.attractors] == [REST, REST]
        assert (point.unresolved, point.diverged) == (0, 0)
    np.testing.assert_array_equal(found[0].attractors[0].state, found[1].attractors[0].state)


def test_two_cycles_between_the_folds(ei):
    """At G = 15 the two folds of cycles lie at 9.804 and 10.099: between them two cycles are stable, else one."""
    found = coexisting(ei, arrays_of(ei, I_ext_e=np.array([9.7, 9.95, 10.2]), G=np.full(3, 15.0)), 1.0, 12)
    assert [len(point.attractors) for point in found] == [1, 2, 1]
    periods = sorted(a.period for a in found[1].attractors)
    assert all(a.regime == LIMIT_CYCLE for a in found[1].attractors)
    assert periods[1] - periods[0] > 0.5


@pytest.mark.parametrize(
    ("place", "resting", "periods"),
    [  # roots of the equilibrium equations by fsolve from 4000 starts with numpy's eigenvalues; periods by DOP853
        pytest.param((-1.4, 35.0), 2, [], marks=pytest.mark.slow),
        ((3.5, 30.0), 1, [52.379]),
        ((2.0, 32.0), 1, [64.143]),
        pytest.param((55.0, 8.0), 0, [4.275], marks=pytest.mark.slow),
    ],
)
def test_every_stable_equilibrium_counts_and_no_cycle_twice(ei, place, resting, periods):
    """Random starts met none of the equilibria; at (55, 8) one cycle was counted several times."""
    (found,) = coexisting(ei, arrays_of(ei, I_ext_e=np.full(1, place[0]), G=np.full(1, place[1])), 1.0, 8)
    assert sum(a.regime == REST for a in found.attractors) == resting
    np.testing.assert_allclose([a.period for a in found.attractors if a.orbit], periods, atol=1e-3)
    assert (found.unresolved, found.diverged) == (0, 0)


@pytest.mark.slow
def test_two_mirrored_cycles_of_the_memory_model():
    """Between its Hopf points at 1.34998 and 1.5363 each item has a cycle of its own, which is approached slowly."""
    memory = get_model("ngnmm_memory")
    (found,) = coexisting(memory, arrays_of(memory, I_B=np.full(1, 1.4), G=np.zeros(1)), 1.0, 4)
    one, other = found.attractors
    assert one.period == pytest.approx(other.period, rel=1e-8)
    assert one.regime == other.regime == LIMIT_CYCLE
    assert (one.state[0] - one.state[4]) * (other.state[0] - other.state[4]) < 0
    assert found.unresolved == 0


@pytest.mark.slow
@pytest.mark.parametrize(("I_B", "rests"), [(1.25, 1), (1.255, 3)])
def test_what_creeps_past_the_ghost_of_a_fold_has_come_to_rest(I_B, rests):
    """Below and above the fold at 1.2532; on the way to rest the slowest time is 31 s."""
    memory = get_model("ngnmm_memory")
    (found,) = coexisting(memory, arrays_of(memory, I_B=np.full(1, I_B), G=np.zeros(1)), 1.0, 8)
    assert [a.regime for a in found.attractors] == [REST] * rests
    assert (found.unresolved, found.diverged) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("place", [(9.2, 21.25), (10.7, 17.7)])
def test_what_circles_around_its_rest_for_long_is_not_followed_turn_by_turn(ei, monkeypatch, place):
    """Two points of the paper's mesh next to a Hopf bifurcation: backward differences would take hours there."""
    linearise, calls = irregular_attractors.linearise, []

    def counted(*arguments):
        calls.append(arguments)
        assert len(calls) < 20_000
        return linearise(*arguments)

    monkeypatch.setattr(irregular_attractors, "linearise", counted)
    arrays = arrays_of(ei, I_ext_e=np.full(1, place[0]), G=np.full(1, place[1]))
    (found,) = classify(ei, arrays, 1.0, find_attractors(ei, arrays, 1.0))
    assert found.regime == REST


def test_starts_are_the_same_for_any_number(ei):
    few, many = initial_states(ei, 3, 1.0), initial_states(ei, 9, 1.0)
    np.testing.assert_array_equal(few, many[:3])
    np.testing.assert_array_equal(few[0], [s.initial for s in ei.states])
    assert (many[:, [0, 2, 3, 5]] >= 0).all()


@pytest.fixture(scope="module")
def jansen_rit():
    return get_model("jansen_rit")


def test_velocities_start_apart_from_zero(jansen_rit):
    """They are zero at rest, and vary by what the model calls small for them (1 mV/ms, times two)."""
    states = initial_states(jansen_rit, 400, 1.0)
    assert (states[0, 3:] == 0).all()
    np.testing.assert_allclose(states[1:, 4].std(), 2.0, rtol=0.2)
    np.testing.assert_allclose(states[1:, 3].std(), 0.02, rtol=0.2)


def test_a_node_beside_the_alpha_cycle(jansen_rit):
    """One column, as in Grimbert and Faugeras (2006): a Hopf point at p = 89.8, where the upper focus becomes the alpha
    cycle; the lower node ends at 113.6 in a slow cycle, which ends in a fold of cycles at 137.4.
    """
    found = coexisting(jansen_rit, arrays_of(jansen_rit, p=np.array([80.0, 100, 120, 150]), G=np.zeros(4)), 1.0, 12)
    regimes = [sorted(a.regime for a in point.attractors) for point in found]
    assert regimes == [[REST] * 2, [REST, LIMIT_CYCLE], [LIMIT_CYCLE] * 2, [LIMIT_CYCLE]]
    (alpha,) = (a for a in found[1].attractors if a.regime == LIMIT_CYCLE)
    assert alpha.period == pytest.approx(100.0, abs=15.0)
    slow, fast = sorted((a.period for a in found[2].attractors), reverse=True)
    assert fast == pytest.approx(100.0, abs=15.0)
    assert slow > 1.5 * fast


def test_stable_intervals_end_where_the_rate_changes_sign():
    x = np.linspace(-1, 1, 401)
    found = stable_intervals(x, (x + 0.503) * (x - 0.2007) * (x - 0.7))
    np.testing.assert_allclose(found, [[-1, -0.503], [0.2007, 0.7]], atol=1e-4)
    assert stable_intervals(x, np.ones(401)).shape == (0, 2)
    np.testing.assert_allclose(stable_intervals(x, -np.ones(401)), [[-1, 1]])
    gap = np.where(np.abs(x) < 0.0975, np.nan, -1.0)
    np.testing.assert_allclose(stable_intervals(x, gap), [[-1, -0.1], [0.1, 1]], atol=1e-12)


def test_ends_are_refined_between_samples():
    """Roots of a cubic, and both of a pair that one distance between samples holds once it is looked at closely."""
    cubic = lambda x: 100.0 * (x + 0.503) * (x - 0.2007) * (x - 0.7)
    x = np.linspace(-1, 1, 5)
    found = stable_intervals(*refined(x, cubic(x), cubic))
    np.testing.assert_allclose(found, [[-1, -0.503], [0.2007, 0.7]], atol=1e-6)
    kinked = lambda x: np.where(x < 0.123456, -1.0, 50.0)
    np.testing.assert_allclose(stable_intervals(*refined(x, kinked(x), kinked)), [[-1, 0.123456]], atol=1e-6)
    three = lambda x: 100.0 * (x - 0.11) * (x - 0.2) * (x - 0.31)
    x = np.array([-1.0, 0.0, 1.0])
    found = stable_intervals(*refined(x, three(x), three))
    np.testing.assert_allclose(found, [[-1, 0.11], [0.2, 0.31]], atol=1e-6)


def test_a_rate_that_rises_slowly_is_zero_where_intervals_end():
    """It passes the threshold of growth, 1e-7, a tenth of the axis later; what never decays ends at the threshold."""
    x = np.linspace(-1, 1, 5)
    slow = lambda x: 1e-6 * (x - 0.2) * (x + 0.7)
    found = stable_intervals(*refined(x, slow(x), slow))
    np.testing.assert_allclose(found, [[-0.7, 0.2]], atol=1e-6)
    touching = lambda x: 1e-8 + 1e-5 * np.maximum(x - 0.3, 0.0)
    found = stable_intervals(*refined(x, touching(x), touching))
    np.testing.assert_allclose(found, [[-1.0, 0.309]], atol=1e-6)


def test_critical_couplings_are_found_between_grid_points():
    G, current = np.arange(0.0, 5.0, 0.5), np.array([1.0, 2.0])
    growth = (G[:, None] - 2.2) * (G[:, None] - 3.9) * current
    growth[0] = np.nan
    rates = np.stack([np.full_like(growth, -9.0), growth, growth - 5.0], axis=-1)
    dataset = xr.Dataset({"msf": (("G", "I_ext_e", "mode"), rates)}, {"G": G, "I_ext_e": current})
    table = critical_couplings(dataset)
    np.testing.assert_allclose(table["I_ext_e"], [1, 1, 2, 2])
    np.testing.assert_allclose(table["critical_G"], [2.2, 3.9, 2.2, 3.9], atol=0.05)
    assert table["destabilising"].tolist() == [False, True, False, True]


@pytest.fixture(scope="module")
def dataset(ring6):
    grid = {"I_ext_e": [15.0, 13.0, 10.0], "G": [0.0, 5.0, 9.0, 11.0]}
    analyses = {
        "msf": {}, "transverse": {"duration_ms": 500}, "dispersion": {"lambda": {"start": -1, "stop": 1, "num": 41}},
        "lyapunov": {"duration_ms": 500}, "multistability": {"starts": 2},
    }  # fmt: skip
    return simulate(connectome=ring6, grid=grid, analyses=analyses)


def test_every_analysis_has_a_status_and_nan_where_undefined(dataset):
    rest, chaos = {"I_ext_e": 15.0, "G": 9.0}, {"I_ext_e": 10.0, "G": 11.0}
    assert int(dataset.msf_status.sel(chaos)) == 3
    assert dataset.msf.sel(chaos).isnull().all()
    assert int(dataset.transverse_status.sel(chaos)) == 0
    assert dataset.transverse_exponent.sel(chaos).notnull().all()
    assert int(dataset.transverse_status.sel(rest)) == 3
    assert dataset.transverse_exponent.sel(rest).isnull().all()
    assert int(dataset.dispersion_status.sel(I_ext_e=13.0, G=0.0)) == 2
    assert int(dataset.transverse_status.sel(I_ext_e=13.0, G=0.0)) == 2
    assert (dataset.lyapunov_status == 0).all()
    assert (dataset.multistability_status == 0).all()
    assert (dataset.attractor_count >= 1).all()
    assert "seed" not in dataset.dims


def test_the_dispersion_curve_goes_through_the_modes(dataset):
    """The ring's eigenvalues are 1, 0.5, -0.5, -1."""
    point = {"I_ext_e": 15.0, "G": 9.0}
    curve = dataset.growth_curve.sel(point).sel({"lambda": [1.0, 0.5, -0.5, -1.0]}, method="nearest")
    np.testing.assert_allclose(curve, dataset.msf.sel(point).values[[0, 1, 3, 5]], atol=1e-9)
    intervals = dataset.stable_intervals.sel(point).dropna("interval").values
    stable = [any(low <= x <= high for low, high in intervals) for x in (1.0, 0.5, -0.5, -1.0)]
    assert stable == (dataset.msf.sel(point).values[[0, 1, 3, 5]] <= 1e-7).tolist()


def test_exponents_agree_with_growth_rates_on_the_manifold(dataset):
    for point in ({"I_ext_e": 15.0, "G": 9.0}, {"I_ext_e": 13.0, "G": 5.0}):
        second = 1 if point["G"] == 5.0 else 0  # on a cycle the zero exponent comes first
        exponent = dataset.homogeneous_lyapunov_exponent.sel(point).values[second]
        # the exponent is the orbit's own, of Luther's method, and up to 2e-8 off here; the growth rate follows the flow
        assert exponent == pytest.approx(float(dataset.msf.sel(point)[0]), abs=3e-8)
    assert float(dataset.homogeneous_kaplan_yorke_dimension.sel(I_ext_e=10.0, G=11.0)) > 2.0
