"""The bistable range against a quartic, a cusp in closed form, and simulation; drives found from it."""

import numpy as np
import pytest
from scipy.optimize import brentq

from ngnmm_core.analysis.bistability import BistabilityStatus
from ngnmm_core.api import get_connectome, run_study
from ngnmm_core.dynamics.bistable_range import bistable_range, rest_and_active, stable_states
from ngnmm_core.errors import InputError
from ngnmm_core.study.former_keys import RenamedKeyWarning
from ngnmm_core.study.load import make_study


def folds_of_quartic(Delta, J, eta):
    """Saddle-nodes of one population: with x = pi tau r, 4 x^4 - 2 (J / pi) x^3 + Delta^2 = 0; drives by rising x."""
    roots = np.roots([4.0, -2.0 * J / np.pi, 0.0, 0.0, Delta**2])
    x = np.sort(roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real)
    return x**2 - (Delta / (2.0 * x)) ** 2 - eta - J * x / np.pi


def parameters_of(model, **values):
    return {name: float(value) for name, value in model.resolve(values).items()}


@pytest.mark.parametrize("weight", [0.0, 4.0])
@pytest.mark.parametrize(
    ("Delta", "J", "tau_s", "tau"), [(1, 15, 2, 10), (0.5, 15, 50, 10), (2, 15, 0.5, 7), (1, 20, 9, 30)]
)
def test_bistable_range_ends_at_the_roots_of_a_quartic(population, Delta, J, tau_s, tau, weight):
    parameters = parameters_of(population, Delta=Delta, J=J, tau_s=tau_s, tau=tau)
    found = bistable_range(population, parameters, weight)
    high, low = folds_of_quartic(Delta, J + weight, parameters["eta"])
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-10)
    assert found.edge == found.high
    assert {found.low_kind, found.high_kind, found.edge_kind} == {"saddle_node"}


def test_bistability_ends_at_the_cusp(population):
    """The two saddle-nodes meet at Delta = 3 sqrt(3) / 32 (J / pi)^2."""
    cusp = 3.0 * np.sqrt(3.0) / 32.0 * (15.0 / np.pi) ** 2
    below = bistable_range(population, parameters_of(population, Delta=cusp * 0.999), 0.0)
    above = bistable_range(population, parameters_of(population, Delta=cusp * 1.001), 0.0)
    assert below.bistable
    assert below.high - below.low < 1e-3
    assert not above.bistable
    assert np.isnan(above.edge)


def test_a_hopf_point_ends_the_rest_of_the_excitatory_inhibitory_region(ei, reference):
    found = bistable_range(ei, parameters_of(ei), 0.0)
    assert found.edge_kind == "hopf"
    assert not found.bistable
    assert found.edge == pytest.approx(5.993185450171, abs=1e-8)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("end", ["low", "high"])
def test_simulations_are_bistable_inside_and_not_outside(population, points_of, integrate, end, side):
    """Just inside the range rest and activity both stay; just outside one of them does not."""
    found = bistable_range(population, parameters_of(population), 0.0)
    inward = -1.0 if end == "high" else 1.0
    points = points_of(population, 2, I_ext=getattr(found, end) + 0.02 * side * inward)
    start = np.array([[[0.012, -1.3, 0.012]], [[0.12, -0.1, 0.12]]])
    states = integrate(population, np.zeros((1, 1)), points, start, 0.05, 1, 40_000)[-1, :, 0, 0]
    assert (np.ptp(states) > 0.03) == (side == 1)


def test_active_region_among_resting_ones_solves_the_equations(population, dop853):
    """At G = 0 it is the region's own active state; at G > 0 a network of one active region stays there."""
    uncoupled = parameters_of(population, I_ext=0.5)
    rest, active = rest_and_active(population, uncoupled, 0.0)
    np.testing.assert_allclose([rest, active], stable_states(population, uncoupled, 0.0), atol=1e-12)
    coupled = parameters_of(population, I_ext=0.5, G=2.0)
    rest, active = rest_and_active(population, coupled, 2.0)
    W = np.array([[0.0, 1.0], [0.0, 1.0]])  # region 0 listens to region 1, which drives itself and stays at rest
    states = dop853(population, W, coupled, np.stack([active, rest]), [0.0, 2000.0])
    np.testing.assert_allclose(states[-1], [active, rest], atol=1e-8)


def study_of(**changes):
    config = {
        "connectome": {"name": "ring"},
        "model": {"name": "ngnmm_population", "operating_point": {"margin": 0.3}},
        "grid": {"G": [0.0, 3.0], "Delta": [0.8, 1.0]},
        "analyses": ["bistability"],
    }
    return make_study("near", {**config, **changes})


def test_the_drive_is_the_margin_below_the_saddle_node_of_every_point():
    study = study_of()
    points = study.points()
    for k in range(4):
        high, _ = folds_of_quartic(points.parameters["Delta"][k], 15.0 + points.parameters["G"][k], -5.0)
        assert points.parameters["I_ext"][k] == pytest.approx(high - 0.3, abs=1e-9)
    assert len(np.unique(points.parameters["I_ext"])) == 4


def test_position_is_a_share_of_the_bistable_range_and_may_be_an_axis():
    model = {"name": "ngnmm_population", "operating_point": {"of": "region"}}
    study = study_of(model=model, grid={"operating_point.position": [0.0, 0.25, 1.0], "G": [5.0]})
    high, low = folds_of_quartic(1.0, 15.0, -5.0)
    np.testing.assert_allclose(
        study.points().parameters["I_ext"], low + np.array([0, 0.25, 1]) * (high - low), atol=1e-9
    )
    assert study.dims(of_network=False) == ("operating_point.position", "G")


def test_what_was_found_is_written(ring6):
    dataset = run_study(study_of(), connectome_of(ring6))
    assert dataset.bistable_high.dims == ("G", "Delta")
    np.testing.assert_allclose(dataset.drive, dataset.rest_bifurcation - 0.3, atol=1e-9)
    assert (dataset.stable_states == 2).all()
    assert (dataset.rest_rate < 20).all()
    assert (dataset.active_rate > 80).all()
    assert dataset.bistability_status.values.tolist() == [[0, 0], [0, 0]]


def test_what_is_not_bistable_is_nan_with_a_status(ring6):
    model = {"name": "ngnmm_population", "parameters": {"Delta": 5.0, "G": 0.0}}
    dataset = run_study(study_of(model=model, grid={"I_ext": [0.0]}), connectome_of(ring6))
    assert np.isnan(dataset.bistable_low).all()
    assert dataset.bistability_status.values.tolist() == [BistabilityStatus.NO_EDGE]


def connectome_of(W):
    return get_connectome(W)


@pytest.mark.parametrize(
    ("changes", "key", "found"),
    [
        ({"model": {"name": "ngnmm_population", "operating_point": {}}}, "model.operating_point", "neither"),
        (
            {"model": {"name": "ngnmm_population", "operating_point": {"margin": 1, "position": 1}}},
            "model.operating_point",
            "both",
        ),
        (
            {"model": {"name": "ngnmm_population", "operating_point": {"position": 1.5}}},
            "model.operating_point.position",
            "1.5",
        ),
        ({"normalization": "max"}, "model.operating_point.of", "max"),
        ({"grid": {"I_ext": [0.0]}}, "model.operating_point", "grid.I_ext"),
        ({"grid": {"operating_point.margin": [0.1]}}, "model.operating_point", "grid.operating_point.margin"),
        (
            {"grid": {"operating_point.margins": [0.1]}},
            "grid.operating_point.margins",
            "did you mean 'operating_point.margin'",
        ),
    ],
)
def test_a_bad_operating_point_is_refused_in_one_line(changes, key, found):
    with pytest.raises(InputError) as refusal:
        study_of(**changes)
    assert str(refusal.value).startswith(key)
    assert found in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_point_without_a_bifurcation_is_refused_and_named():
    study = study_of(grid={"Delta": [1.0, 5.0]})
    with pytest.raises(
        InputError, match=r"model.operating_point.margin: there is no end of the resting state at .*Delta = 5"
    ):
        study.points()


def test_quartic_agrees_with_a_root_of_the_slope():
    """The closed form that the other tests lean on, by another route."""
    drive = lambda x: x**2 - 1.0 / (4.0 * x**2) + 5.0 - 15.0 * x / np.pi
    slope = lambda x: (drive(x + 1e-6) - drive(x - 1e-6)) / 2e-6
    x = brentq(slope, 0.2, 1.0)
    assert folds_of_quartic(1.0, 15.0, -5.0)[0] == pytest.approx(drive(x), abs=1e-9)


def test_the_former_name_of_the_key_still_works_with_a_note():
    model = {"name": "ngnmm_population", "poise": {"of": "region"}}
    with pytest.warns(RenamedKeyWarning, match=r"model.poise is now called model.operating_point"):
        former = study_of(model=model, grid={"poise.position": [0.0, 1.0]}, highlights=[{"poise.position": 0.5}])
    model = {"name": "ngnmm_population", "operating_point": {"of": "region"}}
    present = study_of(
        model=model, grid={"operating_point.position": [0.0, 1.0]}, highlights=[{"operating_point.position": 0.5}]
    )
    np.testing.assert_array_equal(former.points().parameters["I_ext"], present.points().parameters["I_ext"])
    assert former.dims() == present.dims() == ("operating_point.position",)
    with pytest.raises(InputError, match=r"model.poise: the former name of model.operating_point"):
        study_of(model={"name": "ngnmm_population", "poise": {"margin": 0.1}, "operating_point": {"margin": 0.1}})
