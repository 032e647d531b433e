"""Every model's right-hand side against one written down independently, and its Jacobian against finite differences.

A new model adds its equations, as the paper prints them, to `EQUATIONS` below; those of the next-generation family are
in `family_equations.py`.
"""

import family_equations as family
import numpy as np
import pytest
from model_template import add_equations, get_model, model_names

from ngnmm_core.dynamics.differentiation import linearise

pi = np.pi


def ei_ngnmm(x, p, c):
    """arXiv:2512.03907, its epsilon sum_j W_kj s_e,j being `c`."""
    r_e, v_e, s_e, r_i, v_i, s_i = x
    return [
        (p["Delta_e"] / (pi * p["tau_e"]) + 2 * r_e * v_e) / p["tau_e"],
        (
            v_e**2 + p["eta_e"] - (pi * p["tau_e"] * r_e) ** 2 + p["I_ext_e"]
            + p["tau_e"] * p["J_ee"] * s_e - p["tau_e"] * p["J_ei"] * s_i + p["tau_e"] * c
        ) / p["tau_e"],
        (-s_e + r_e) / p["tau_se"],
        (p["Delta_i"] / (pi * p["tau_i"]) + 2 * r_i * v_i) / p["tau_i"],
        (
            v_i**2 + p["eta_i"] - (pi * p["tau_i"] * r_i) ** 2 + p["I_ext_i"]
            + p["tau_i"] * p["J_ie"] * s_e - p["tau_i"] * p["J_ii"] * s_i + p["tau_i"] * c
        ) / p["tau_i"],
        (-s_i + r_i) / p["tau_si"],
    ]  # fmt: skip


def ngnmm_population(x, p, c):
    """Montbrio, Pazo, Roxin, Phys. Rev. X 5, 021028, with a synapse of time constant tau_s."""
    r, v, s = x
    return [
        (p["Delta"] / (pi * p["tau"]) + 2 * r * v) / p["tau"],
        (v**2 + p["eta"] + p["I_ext"] - (pi * p["tau"] * r) ** 2 + p["tau"] * p["J"] * s + p["tau"] * c) / p["tau"],
        (-s + r) / p["tau_s"],
    ]


def pyramidal_rate(v, p):
    """Jansen and Rit's sigmoid, in Hz."""
    return 2 * p["e0"] / (1 + np.exp(p["r"] * (p["v0"] - v)))


def jansen_rit(x, p, c):
    """doi:10.1371/journal.pcbi.1010781 in its units, seconds and Hz, and its states y0 to y5."""
    y0, v, y2, y3, v_dot, y5 = x[0], x[1], x[2], 1e3 * x[3], 1e3 * x[4], 1e3 * x[5]
    y1, y4 = v + y2, v_dot + y5
    a, b = 1e3 / p["tau_e"], 1e3 / p["tau_i"]
    dy3 = p["A"] * a * pyramidal_rate(y1 - y2, p) - 2 * a * y3 - a**2 * y0
    inflow = p["p"] + p["C2"] * pyramidal_rate(p["C1"] * y0, p) + 1e3 * c
    dy4 = p["A"] * a * inflow - 2 * a * y4 - a**2 * y1
    dy5 = p["B"] * b * p["C4"] * pyramidal_rate(p["C3"] * y0, p) - 2 * b * y5 - b**2 * y2
    return [1e-3 * y3, 1e-3 * (y4 - y5), 1e-3 * y5, 1e-6 * dy3, 1e-6 * (dy4 - dy5), 1e-6 * dy5]


def wilson_cowan(x, p, c):
    """Wilson and Cowan (1972), equations 11 to 13 and 15, with coupling between excitatory populations."""
    E, I = x  # noqa: E741

    def sigmoid(u, k):
        a, theta = p[f"a_{k}"], p[f"theta_{k}"]
        return 1 / (1 + np.exp(-a * (u - theta))) - 1 / (1 + np.exp(a * theta))

    k_e, k_i = (sigmoid(np.inf, k) for k in "ei")
    return [
        (-E + (k_e - p["r_e"] * E) * sigmoid(p["c_ee"] * E - p["c_ei"] * I + p["P"] + c, "e")) / p["tau_e"],
        (-I + (k_i - p["r_i"] * I) * sigmoid(p["c_ie"] * E - p["c_ii"] * I + p["Q"], "i")) / p["tau_i"],
    ]


EQUATIONS = {
    "ei_ngnmm": ei_ngnmm, "ngnmm_population": ngnmm_population, "jansen_rit": jansen_rit, "wilson_cowan": wilson_cowan
} | family.EQUATIONS  # fmt: skip
SENT = {
    "ei_ngnmm": lambda x, p: x[2],
    "ngnmm_population": lambda x, p: x[2],
    "jansen_rit": lambda x, p: 1e-3 * pyramidal_rate(x[1], p),
    "wilson_cowan": lambda x, p: x[0],
} | family.SENT
SIZE = {
    "ei_ngnmm": [0.2, 3.0, 0.2, 0.2, 3.0, 0.2],
    "ngnmm_population": [0.2, 3.0, 0.2],
    "jansen_rit": [0.1, 5.0, 15.0, 0.02, 1.0, 1.0],
    "wilson_cowan": [0.3, 0.3],
} | family.SIZE

add_equations(EQUATIONS=EQUATIONS, SENT=SENT, SIZE=SIZE)

every_model = pytest.mark.parametrize("name", model_names())


def scatter(model, count, seed=0):
    """Random states, parameters and coupling inputs, far from the defaults and all different."""
    rng = np.random.default_rng(seed)
    scale = np.array(SIZE[model.name])
    states = scale * rng.standard_normal((count, len(scale)))
    states = np.where([s.non_negative for s in model.states], np.abs(states), states)
    parameters = {p.name: (p.default or 1.0) * rng.uniform(0.3, 2.0, count) for p in model.parameters}
    return states, parameters, rng.uniform(0.0, 2.0, count)


def derivative(model, states, parameters, coupling):
    drive = tuple(parameters[name] for name in model.drives)
    return np.stack(model.derivative(tuple(states.T), drive, model.coefficients(parameters), coupling), axis=1)


def test_every_model_has_independent_equations():
    assert set(model_names()) == set(EQUATIONS) == set(SENT) == set(SIZE)


@every_model
def test_right_hand_side(name):
    model = get_model(name)
    states, parameters, coupling = scatter(model, 200)
    expected = np.stack(EQUATIONS[name](states.T, parameters, coupling), axis=1)
    np.testing.assert_allclose(derivative(model, states, parameters, coupling), expected, rtol=1e-13, atol=1e-13)


@every_model
def test_right_hand_side_on_plain_floats(name):
    model = get_model(name)
    states, parameters, coupling = scatter(model, 3)
    for k in range(3):
        p = {n: float(v[k]) for n, v in parameters.items()}
        x = tuple(float(v) for v in states[k])
        drive = tuple(p[n] for n in model.drives)
        result = model.derivative(x, drive, model.coefficients(p), float(coupling[k]))
        assert all(isinstance(v, float) for v in result)
        np.testing.assert_allclose(result, EQUATIONS[name](x, p, coupling[k]), rtol=1e-13, atol=1e-13)


@every_model
def test_what_a_region_sends(name):
    model = get_model(name)
    states, parameters, _ = scatter(model, 10)
    sent = model.sent(tuple(states.T), model.coefficients(parameters))
    np.testing.assert_allclose(sent, SENT[name](states.T, parameters), rtol=1e-13)


@every_model
def test_jacobian_against_finite_differences(name):
    model = get_model(name)
    states, parameters, _ = scatter(model, 20)
    weight = np.linspace(0.0, 8.0, 20)
    system = linearise(model, states, parameters, weight)
    assert not np.allclose(system.jacobian, system.coupled(weight))

    def whole(x, feedback):
        return np.stack(EQUATIONS[name](x.T, parameters, feedback * SENT[name](x.T, parameters)), axis=1)

    np.testing.assert_allclose(system.derivative, whole(states, weight), rtol=1e-13, atol=1e-13)
    frozen = weight * SENT[name](states.T, parameters)
    for k in range(len(model.states)):
        step = 3e-6 * SIZE[name][k]
        h = step * np.eye(len(model.states))[k]
        slope = (whole(states + h, weight) - whole(states - h, weight)) / (2 * step)
        np.testing.assert_allclose(system.coupled(weight)[:, :, k], slope, rtol=1e-7, atol=1e-8)
        ahead, behind = (np.stack(EQUATIONS[name]((states + d).T, parameters, frozen), axis=1) for d in (h, -h))
        np.testing.assert_allclose(system.jacobian[:, :, k], (ahead - behind) / (2 * step), rtol=1e-7, atol=1e-8)


@every_model
def test_feedback_may_be_complex_and_many(name):
    model = get_model(name)
    states, parameters, _ = scatter(model, 4)
    weight = np.linspace(1.0, 2.0, 4)
    system = linearise(model, states, parameters, weight)
    feedback = weight[:, None] * np.array([1.0, 0.5 + 0.25j, -0.3j])
    stacked = system.coupled(feedback)
    assert stacked.shape == (4, 3, len(model.states), len(model.states))
    np.testing.assert_allclose(stacked[:, 0], system.coupled(weight), rtol=1e-15)
    half, full = system.coupled(0.5 * weight), system.coupled(weight)
    imaginary = 0.5 * (full - half)  # 0.25 weight times the coupling block
    np.testing.assert_allclose(stacked[:, 1], half + 1j * imaginary, rtol=1e-13, atol=1e-13)


@every_model
def test_one_compiled_step_is_the_textbook_step(name, points_of, start_of, integrate, directed5):
    model = get_model(name)
    points = points_of(model, 3, G=[0.0, 2.0, 7.5])
    start, dt = start_of(model, 3, 5), 0.05
    constants = [{n: v[k] for n, v in points.parameters.items()} for k in range(3)]

    def slope(x):  # [point, region, state]
        p = {n: v[:, None] for n, v in points.parameters.items()}
        received = np.stack([p["G"][k] * (directed5 @ SENT[name](x[k].T, constants[k])) for k in range(3)])
        return np.stack(np.broadcast_arrays(*EQUATIONS[name](np.moveaxis(x, -1, 0), p, received)), axis=-1)

    k1 = slope(start)
    k2 = slope(start + dt / 2 * k1)
    k3 = slope(start + dt / 2 * k2)
    k4 = slope(start + dt * k3)
    expected = start + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    (result,) = integrate(model, directed5, points, start, dt, samples=1)
    np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-14)
