"""Orbit diagrams: maxima of known signals, and of the homogeneous system before and after period doublings."""

import numpy as np
import pytest

from ngnmm_core.analysis.orbit_diagram import (
    ANALYSIS,
    OrbitDiagramOptions,
    OrbitDiagramStatus,
    local_maxima,
    maxima_error,
)
from ngnmm_core.connectome import Connectome
from ngnmm_core.models import get_model
from ngnmm_core.stages import orbit_diagram
from ngnmm_core.stages.task import Task
from ngnmm_core.study.load import make_study


@pytest.fixture(scope="module")
def maxima_of(ei, points_of, ring6):
    """`maxima_of(**columns)`: results of the job at the given points."""

    def run(count=1, options=None, **columns):
        options = options or OrbitDiagramOptions()
        labels = tuple("abcdef")
        return orbit_diagram.run(
            Task(ei, Connectome(ring6, labels), points_of(ei, count, **columns), {}, ((ANALYSIS, options),))
        )

    return run


def test_maxima_between_samples():
    t = np.arange(0.0, 40.0, 0.1)
    found = local_maxima(1.0 + np.sin(2 * np.pi * (t - 0.037) / 8.0))
    assert len(found) == 5
    np.testing.assert_allclose(found, 2.0, atol=1e-6)


def test_a_plateau_counts_once():
    assert local_maxima(np.array([0.0, 1.0, 2.0, 2.0, 1.0, 0.0])) == pytest.approx(2.125)


@pytest.mark.parametrize(
    ("I_ext_e", "distinct"),
    [(8.0, 1), (9.5, 2)],  # the first period doubling at G = 12 is at 9.17866 (reference); 9.5 is period-2
)
def test_a_cycle_has_as_many_values_as_its_period_is_doubled(maxima_of, I_ext_e, distinct):
    result = maxima_of(I_ext_e=I_ext_e, G=12.0)
    values = result["local_maxima"][0]
    large = values[np.isfinite(values)]
    large = large[large > 0.5 * np.nanmax(large)]
    assert len(np.unique(np.round(large / np.nanmax(large), 3))) == distinct
    assert result["orbit_diagram_status"][0] == OrbitDiagramStatus.OK


def test_chaos_is_a_cloud(maxima_of):
    values = maxima_of(I_ext_e=10.5, G=12.0)["local_maxima"][0]
    assert len(np.unique(np.round(values[np.isfinite(values)], 3))) > 15


def test_the_last_maxima_stand_at_the_end(maxima_of):
    result = maxima_of(I_ext_e=8.0, G=5.0)
    count = result["maxima_count"][0]
    assert 0 < count < 64
    assert np.isnan(result["local_maxima"][0, : 64 - count]).all()
    assert np.isfinite(result["local_maxima"][0, 64 - count :]).all()


def test_rest_has_no_maxima(maxima_of):
    options = OrbitDiagramOptions(transient_ms=3000.0)
    result = maxima_of(options=options, I_ext_e=0.0, G=5.0)
    assert result["orbit_diagram_status"][0] == OrbitDiagramStatus.NO_MAXIMA
    assert result["maxima_count"][0] == 0
    assert np.isnan(result["local_maxima"]).all()


def test_a_point_does_not_depend_on_its_neighbours(maxima_of):
    inputs = np.linspace(8.0, 12.0, 11)
    together = maxima_of(11, I_ext_e=inputs, G=12.0)["local_maxima"]
    for k in (0, 7, 10):
        np.testing.assert_array_equal(together[k], maxima_of(I_ext_e=inputs[k], G=12.0)["local_maxima"][0])


def test_what_blows_up_has_a_status(maxima_of):
    result = maxima_of(I_ext_e=1e12)
    assert result["orbit_diagram_status"][0] == OrbitDiagramStatus.DIVERGED
    assert np.isnan(result["local_maxima"]).all()


@pytest.mark.parametrize(("model", "unit"), [("ngnmm_population", "1"), ("jansen_rit", "mV")])
def test_maxima_have_the_unit_of_the_state_in_the_model_of_the_study(model, unit):
    state = {"ngnmm_population": "v", "jansen_rit": get_model("jansen_rit").observable}[model]
    assert {s.name: s.unit for s in get_model(model).states}[state] == unit
    study = make_study("mini", {
        "connectome": {"path": "six.csv"}, "model": {"name": model}, "grid": {"G": [1]},
        "analyses": {"orbit_diagram": {"state": state}},
    })  # fmt: skip
    ((analysis, options),) = study.analyses
    assert analysis.variables(options)[0].unit == unit


def maxima_by_dop853(model, p, state, first, last):
    """Maxima of a state between two times, from an independent solver's dense output, and the state's range."""
    from scipy.integrate import solve_ivp
    from scipy.optimize import minimize_scalar

    def slope(t, x):
        x, constants = tuple(x), model.coefficients(p)
        return model.derivative(x, tuple(p[d] for d in model.drives), constants, p["G"] * model.sent(x, constants))

    start, k = [s.initial for s in model.states], model.state_names.index(state)
    path = solve_ivp(slope, (0, last + 1), start, method="DOP853", rtol=1e-11, atol=1e-13, dense_output=True).sol
    t = np.arange(first, last, 0.005)
    x = path(t)[k]
    tops = t[1:-1][(x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:])]
    below = lambda s: -path(s)[k]
    return [-minimize_scalar(below, bounds=(u - 0.01, u + 0.01), method="bounded").fun for u in tops], np.ptp(x)


@pytest.mark.parametrize(("Delta", "state"), [(1.0, "s_e"), (0.3, "r_e")])
def test_maxima_are_those_of_dop853(maxima_of, ei, Delta, state):
    """Of a cycle, and of a steep one, where steps are halved."""
    options = OrbitDiagramOptions(state=state, transient_ms=300.0, duration_ms=100.0)
    result = maxima_of(options=options, I_ext_e=20.0, G=8.0, Delta_e=Delta, Delta_i=Delta)
    p = ei.resolve({"I_ext_e": 20.0, "G": 8.0, "Delta": Delta})
    expected, extent = maxima_by_dop853(ei, p, state, 300.0, 400.0)
    found = result["local_maxima"][0][np.isfinite(result["local_maxima"][0])]
    assert result["orbit_diagram_status"][0] == OrbitDiagramStatus.OK
    assert len(found) == len(expected) == result["maxima_count"][0] > 2
    np.testing.assert_allclose(found, expected, atol=3e-4 * extent)


@pytest.mark.parametrize("factor", [16.0, 20.0])
def test_another_unit_of_time(maxima_of, ei, factor):
    """All time constants longer by a factor, and the times that are looked at; rates are smaller by it."""
    values = {"I_ext_e": 9.5, "G": 12.0}
    slow = {p.name: factor * p.default for p in ei.parameters if p.unit == "ms"}
    before = maxima_of(options=OrbitDiagramOptions(transient_ms=200.0, duration_ms=100.0), **values)
    options = OrbitDiagramOptions(transient_ms=200.0 * factor, duration_ms=100.0 * factor)
    after = maxima_of(options=options, **values, **slow)
    assert before["maxima_count"] == after["maxima_count"] > 2
    compare = np.testing.assert_array_equal if factor == 16.0 else np.testing.assert_allclose
    compare(factor * after["local_maxima"], before["local_maxima"], **({} if factor == 16.0 else {"rtol": 1e-9}))


def test_the_error_of_maxima_is_bounded_by_third_differences():
    """Of a top that is steeper on one side, at all places between samples."""
    top = lambda t: np.exp(-0.3 * t**2 + 0.15 * t**3 * np.exp(-(t**2)))
    t = np.linspace(-1, 1, 200_001)
    highest = top(t).max()
    for shift in np.linspace(0.0, 0.2, 11):
        for step in (0.2, 0.1):
            signal = top(np.arange(-4.0, 4.0, step) + shift)
            assert abs(local_maxima(signal).max() - highest) <= 1.5 * maxima_error(signal)
            assert maxima_error(signal) < 0.3 * step**3
    assert maxima_error(np.array([1.0, 2.0])) == 0.0


def test_steps_that_are_too_long_have_a_status(maxima_of, monkeypatch):
    columns = {"I_ext_e": 8.0, "G": 12.0, "Delta_e": 0.3, "Delta_i": 0.3}
    fine = maxima_of(options=OrbitDiagramOptions(transient_ms=100.0), **columns)
    assert fine["orbit_diagram_status"][0] == OrbitDiagramStatus.OK
    monkeypatch.setattr(orbit_diagram, "HALVINGS", 1)
    coarse = maxima_of(options=OrbitDiagramOptions(transient_ms=100.0), **columns)
    assert coarse["orbit_diagram_status"][0] == OrbitDiagramStatus.INACCURATE
