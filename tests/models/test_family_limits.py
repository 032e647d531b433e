"""Limits of the next-generation family: each model reduces to another one of this project."""

import numpy as np
import pytest

from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.models import get_model

POPULATIONS = ("ngnmm_conductance", "ngnmm_gap", "ngnmm_sfa", "ngnmm_sd", "ngnmm_stp")
R, V = 0.07, -0.6
NODE = {"tau_e": 9.0, "tau_i": 7.0, "eta_e": -4.0, "Delta_i": 0.8, "J_ee": 6.0, "I_ext_e": 3.0, "I_ext_i": 1.0}


def derivative(name, x, values, coupling=0.0):
    model = get_model(name)
    p = model.resolve(values)
    return np.array(model.derivative(tuple(x), tuple(p[n] for n in model.drives), model.coefficients(p), coupling))


POPULATION = {"tau": 9.0, "eta": -4.0, "Delta": 0.9, "I_ext": 2.0}
SECTION_1 = derivative("ngnmm_population", (R, V, R), {**POPULATION, "J": 7.0}, 0.3)[:2]


@pytest.mark.parametrize(
    ("name", "rest", "values"),
    [
        ("ngnmm_gap", (), {"J": 7.0, "g": 0.0}),
        ("ngnmm_sfa", (0.0, 0.0), {"J": 7.0, "alpha": 0.0}),
        ("ngnmm_sd", (0.0, 0.0), {"J": 7.0, "alpha": 0.0}),
        ("ngnmm_stp", (1.0, 1.0), {"J": 7.0, "U0": 1.0}),
    ],
)
def test_without_what_is_special_it_is_one_population_with_an_instantaneous_synapse(name, rest, values):
    found = derivative(name, (R, V, *rest), {**POPULATION, **values}, 0.3)
    np.testing.assert_allclose(found[:2], SECTION_1, rtol=1e-13)


def test_equilibria_without_what_is_special_are_those_of_one_population():
    """With s = r at rest the time constant of the synapse has no say."""
    common = {"tau": 10.0, "eta": -5.0, "Delta": 1.0, "J": 15.0}
    expected = find_equilibria(get_model("ngnmm_population"), {**common, "tau_s": 3.0})
    assert len(expected.states) == 3
    for name, values in (("ngnmm_gap", {"g": 0.0}), ("ngnmm_sfa", {"alpha": 0.0}), ("ngnmm_sd", {"alpha": 0.0})):
        found = find_equilibria(get_model(name), {**common, **values})
        np.testing.assert_allclose(found.states[:, :2], expected.states[:, :2], rtol=1e-11)
    fast = find_equilibria(get_model("ngnmm_stp"), {**common, "U0": 1.0, "tau_d": 1e-9})
    np.testing.assert_allclose(fast.states[:, :2], expected.states[:, :2], rtol=1e-6)


def test_conductance_without_a_synapse_is_gap_junctions():
    x, common = (R, V, 0.05, 0.01), {"tau": 9.0, "eta": 3.0, "Delta": 0.7, "J": 0.0, "I_ext": 1.0}
    found = derivative("ngnmm_conductance", x, {**common, "g_gap": 1.7})
    np.testing.assert_allclose(found[:2], derivative("ngnmm_gap", x[:2], {**common, "g": 1.7}), rtol=1e-14)
    none = derivative("ngnmm_conductance", x, {**common, "g_gap": 0.0})
    np.testing.assert_allclose(none[:2], derivative("ngnmm_population", x[:3], common)[:2], rtol=1e-14)


@pytest.mark.parametrize("weight", [15.0, -8.0])
def test_conductance_with_a_far_reversal_potential_is_a_current(weight):
    """J v_syn is kept: the difference falls as 1 / v_syn."""
    common = {"tau": 10.0, "eta": -5.0 if weight > 0 else 4.0, "Delta": 1.0}
    expected = find_equilibria(get_model("ngnmm_population"), {**common, "J": weight}).states[:, :2]
    errors = []
    for v_syn in (1e4, 1e5):
        values = {**common, "v_syn": np.sign(weight) * v_syn, "J": abs(weight) / v_syn}
        found = find_equilibria(get_model("ngnmm_conductance"), values).states[:, :2]
        assert found.shape == expected.shape
        errors.append(np.abs(found / expected - 1).max())
    assert errors[1] < 1e-3
    assert errors[1] == pytest.approx(errors[0] / 10, rel=0.05)


def test_synapses_of_equal_speed_are_the_node_with_two_synapses():
    """The states map linearly: s_ee = J_ee s_e + c and so on, c = G (W s_e) being filtered along."""
    rng = np.random.default_rng(4)
    r_e, v_e, s_e, r_i, v_i, s_i = x = rng.uniform(0.02, 0.5, 6)
    p = get_model("ei_ngnmm").resolve({**NODE, "G": 2.5})
    received = 0.8 * s_e  # of a neighbour whose rate is 0.8 r_e and whose synapse is 0.8 s_e
    c, rate_c = p["G"] * received, p["G"] * 0.8 * r_e
    mapped = (
        r_e, v_e, p["J_ee"] * s_e + c, p["J_ei"] * s_i, r_i, v_i, p["J_ie"] * s_e + c, p["J_ii"] * s_i
    )  # fmt: skip
    speeds = {"tau_see": p["tau_se"], "tau_sie": p["tau_se"], "tau_sei": p["tau_si"], "tau_sii": p["tau_si"]}
    shared = {n: p[n] for n in p if n not in ("tau_se", "tau_si")}
    found = derivative("ei_ngnmm_synapses", mapped, {**shared, **speeds, "Gamma": 1.0}, rate_c)
    node = derivative("ei_ngnmm", x, p, c)
    change = p["G"] * 0.8 * node[2]
    expected = (
        node[0], node[1], p["J_ee"] * node[2] + change, p["J_ei"] * node[5],
        node[3], node[4], p["J_ie"] * node[2] + change, p["J_ii"] * node[5],
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_without_adaptation_the_node_is_the_node():
    x = np.random.default_rng(5).uniform(0.02, 0.5, 6)
    for alpha, A in ((0.0, 0.0), (4.0, 0.0)):
        found = derivative("ei_ngnmm_adaptation", (*x, A), {**NODE, "alpha": alpha, "G": 2.0}, 0.4)
        np.testing.assert_array_equal(found[:6], derivative("ei_ngnmm", x, {**NODE, "G": 2.0}, 0.4))
    less = derivative("ei_ngnmm_adaptation", (*x, 1.2), {**NODE, "alpha": 4.0}, 0.4)
    expected = derivative("ei_ngnmm", x, {**NODE, "I_ext_e": NODE["I_ext_e"] - 1.2}, 0.4)
    np.testing.assert_allclose(less[:6], expected, rtol=1e-13)


def test_adaptation_of_a_bistable_node_has_the_folds_of_its_fast_part():
    """At J_ee 15, J_ei 6 without adaptation: 1.357 and 2.385."""
    model = get_model("ei_ngnmm_adaptation")
    counts = [
        len(find_equilibria(model, {"J_ee": 15.0, "J_ei": 6.0, "alpha": 0.0, "I_ext_e": drive}).states)
        for drive in (1.356, 1.358, 2.384, 2.386)
    ]
    assert counts == [1, 3, 3, 1]


@pytest.mark.parametrize("item", [1, 2])
def test_an_item_alone_is_a_population_with_plastic_synapses(item):
    x = np.array([0.02, -0.4, 0.7, 0.5])
    states = np.concatenate([x, [0.01, -1.0, 0.9, 0.3]] if item == 1 else [[0.01, -1.0, 0.9, 0.3], x])
    alone = {"J_cross": 0.0, "J_ei": 0.0, "I_B": 0.7, "I_S": 0.2, f"I_S_{item}": 0.3, "eta": -0.5}
    found = derivative("ngnmm_memory", (*states, 0.02, -0.5), alone, 0.01)
    p = get_model("ngnmm_memory").resolve(alone)
    one = {n: p[n] for n in ("tau_d", "tau_f", "U0", "Delta", "eta")}
    expected = derivative("ngnmm_stp", x, {**one, "tau": p["tau_e"], "J": p["J_self"], "I_ext": 1.2}, 0.01)
    np.testing.assert_allclose(found[4 * item - 4 : 4 * item], expected, rtol=1e-13)


@pytest.mark.parametrize("name", POPULATIONS)
def test_coupling_acts_as_recurrent_input_on_the_homogeneous_manifold(name):
    model = get_model(name)
    x = tuple(s.initial + 0.05 for s in model.states)
    p = model.resolve({"G": 1.5})
    coupled = derivative(name, x, p, 1.5 * model.sent(x, model.coefficients(p)))
    np.testing.assert_allclose(coupled, derivative(name, x, {"J": p["J"] + 1.5}), rtol=1e-13)


@pytest.mark.parametrize("name", [*POPULATIONS, "ei_ngnmm_synapses", "ei_ngnmm_adaptation"])
def test_equilibrium_curve_solves_the_equations(name):
    model = get_model(name)
    p = model.resolve({"G": 1.5})
    curve = model.equilibrium_curve
    for r in np.geomspace(1e-3, 0.3, 20):
        states, drive = curve.points(np.array([r]), p, 1.5)
        x = tuple(float(np.ravel(s)[0]) for s in states)
        values = {**p, curve.drive: float(np.ravel(drive)[0])}
        coupling = 1.5 * model.sent(x, model.coefficients(p))
        size = 1 + np.abs(x).max() ** 2
        np.testing.assert_allclose(derivative(name, x, values, coupling), 0.0, atol=1e-12 * size)
