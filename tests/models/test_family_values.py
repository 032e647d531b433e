"""The next-generation family against `reference/family.json`: equilibria, bifurcations, cycles from another solver."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.dynamics.equilibrium_branch import HOPF, SADDLE_NODE, EquilibriumSystem
from ngnmm_core.dynamics.regimes import LIMIT_CYCLE
from ngnmm_core.models import get_model

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "family.json").read_text(encoding="utf-8"))
CURVES = [name for name in REFERENCE if name.startswith(("ngnmm_", "ei_")) and name != "ngnmm_memory"]
KINDS = {"fold": SADDLE_NODE, "Hopf": HOPF}
SILENT = {"J_ie": 0.0, "G": 0.0}  # `ing` is the inhibitory population of ei_ngnmm_synapses alone


def entries(part, names=CURVES):
    found = [(name, entry) for name in names for entry in REFERENCE[name][part]]
    return pytest.mark.parametrize(("name", "entry"), found, ids=lambda x: x if isinstance(x, str) else label(x))


def label(entry):
    return "-".join(f"{k}={v:g}" for k, v in entry["parameters"].items()) or "defaults"


def in_order(model, states):
    """The states of an entry as the model orders them."""
    return np.array([states[name] for name in model.state_names])


def test_the_file_covers_the_family():
    assert len(CURVES) == 7
    assert {name for name, p in ((e["model"], e) for e in REFERENCE["published"])} <= {*CURVES, "ngnmm_memory"}
    for name in CURVES:
        model, defaults = get_model(name), REFERENCE[name]["defaults"]
        assert sorted(REFERENCE[name]["states"]) == sorted(model.state_names)
        expected = {p.name: p.default for p in model.parameters}
        assert {k: expected[k] for k in defaults} == pytest.approx(defaults, rel=1e-11)


@entries("bifurcations")
def test_folds_and_hopf_points(name, entry):
    """All of them with rates from 1e-4 to 3/tau, in the drive; eta enters as a sum with it."""
    model = get_model(name)
    parameters = model.resolve(entry["parameters"])
    drive = model.equilibrium_curve.drive
    shift = parameters[entry["points"][0]["parameter"]] if entry["points"][0]["parameter"] != drive else 0.0
    fastest = 3.0 / min(parameters[n] for n in parameters if n in ("tau", "tau_e"))
    found = [
        b for b in EquilibriumSystem(model, parameters, 0.0).bifurcations(-1e3, 1e3) if 1e-4 < b.state[0] < fastest
    ]
    assert len(found) == len(entry["points"])
    for point, b in zip(sorted(entry["points"], key=lambda p: p["states"][model.state_names[0]]), found, strict=True):
        assert b.kind == KINDS[point["type"]]
        assert b.drive + shift == pytest.approx(point["value"], rel=1e-10)
        np.testing.assert_allclose(b.state, in_order(model, point["states"]), rtol=1e-9, atol=1e-12)
        if b.kind == HOPF:
            assert b.period == pytest.approx(point["period_ms"], rel=1e-9)
            assert b.criticality == point["criticality"]


@entries("equilibria")
def test_equilibria_and_their_eigenvalues(name, entry):
    model = get_model(name)
    branch = find_equilibria(model, entry["parameters"])
    expected = sorted(entry["all"], key=lambda e: e["states"][model.state_names[0]])
    assert len(branch.states) == len(expected)
    for k, equilibrium in enumerate(expected):
        np.testing.assert_allclose(branch.states[k], in_order(model, equilibrium["states"]), rtol=1e-10, atol=1e-14)
        assert branch.stable[k] == equilibrium["stable"]
        values = np.array([complex(*pair) for pair in equilibrium["eigenvalues"]])
        np.testing.assert_allclose(
            np.sort_complex(branch.eigenvalues[k].round(15)), np.sort_complex(values), rtol=1e-9, atol=1e-12
        )


@entries("cycles")
def test_cycles_close_after_their_period(name, entry):
    """From the point of the reference around and back, with the mean rate on the way: no solver of ours takes part."""
    model = get_model(name)
    parameters = model.resolve(entry["parameters"])
    constants, drive = model.coefficients(parameters), tuple(parameters[n] for n in model.drives)

    def slope(t, x):
        return (*model.derivative(tuple(x[:-1]), drive, constants, 0.0), x[0])

    start, period = in_order(model, entry["point"]), entry["period_ms"]
    times = np.linspace(0, period, 2001)
    way = solve_ivp(slope, (0, period), [*start, 0.0], "LSODA", times, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(way.y[:-1, -1], start, rtol=2e-5, atol=1e-7)
    assert 1000 * way.y[-1, -1] / period == pytest.approx(entry["mean_rate_hz"], rel=1e-6)
    assert 1000 * way.y[0].min() == pytest.approx(entry["min_rate_hz"], rel=1e-3)
    assert 1000 * way.y[0].max() == pytest.approx(entry["max_rate_hz"], rel=2e-2)


@pytest.mark.slow  # compiles the trajectories of every model
@entries("cycles")
def test_cycles_are_found_from_the_nominal_state(name, entry):
    model = get_model(name)
    if entry["period_ms"] > 2000.0:
        pytest.skip("longer than the trajectories that are watched")
    arrays = {n: np.full(1, float(v)) for n, v in model.resolve(entry["parameters"]).items()}
    (attractor,) = find_attractors(model, arrays, 1.0)
    assert attractor.regime == LIMIT_CYCLE
    assert attractor.period == pytest.approx(entry["period_ms"], rel=1e-8)
    assert attractor.orbit.multipliers[1] == pytest.approx(complex(*entry["largest_nontrivial_multiplier"]), abs=1e-6)


@pytest.mark.parametrize("entry", REFERENCE["ing"]["bifurcations"], ids=label)
def test_inhibitory_neurons_alone_oscillate(entry):
    """Its Hopf points: with J_ie = 0 the pair of eigenvalues of the inhibitory population crosses there."""
    model = get_model("ei_ngnmm_synapses")
    for point in entry["points"]:
        x = find_equilibria(model, SILENT | entry["parameters"] | {point["parameter"]: point["value"]})
        assert len(x.states) == 1
        for state, value in point["states"].items():
            assert x.states[0, model.state_names.index(state)] == pytest.approx(value, rel=1e-9)
        pair = x.eigenvalues[0][np.argsort(np.abs(x.eigenvalues[0].real))[:2]]
        np.testing.assert_allclose(pair.real, 0.0, atol=1e-9)
        assert 2 * np.pi / abs(pair[0].imag) == pytest.approx(point["period_ms"], rel=1e-9)


@pytest.mark.parametrize("values", [{}, {"Delta": 0.7, "g": 1.3, "J": -3.0}, {"tau": 6.0, "J": 4.0}], ids=str)
def test_hopf_point_of_gap_junctions_in_closed_form(values):
    """Trace and determinant of two equations by hand: docstring of `ngnmm_gap`."""
    model = get_model("ngnmm_gap")
    p = model.resolve(values)
    tau, Delta, g, J = (p[n] for n in ("tau", "Delta", "g", "J"))
    (hopf,) = [b for b in EquilibriumSystem(model, p, 0.0).bifurcations(-1e3, 1e3) if b.kind == HOPF]
    assert tau * hopf.state[0] == pytest.approx(2 * Delta / (np.pi * g), rel=1e-10)
    assert hopf.state[1] == pytest.approx(g / 4, rel=1e-10)
    drive = 4 * Delta**2 / g**2 - g**2 / 16 - 2 * J * Delta / (np.pi * g)
    assert hopf.drive + p["eta"] == pytest.approx(drive, rel=1e-10)
    root = np.sqrt(16 * Delta**2 / g**2 - 4 * J * Delta / (np.pi * g) - g**2 / 4)
    assert hopf.period == pytest.approx(2 * np.pi * tau / root, rel=1e-10)
