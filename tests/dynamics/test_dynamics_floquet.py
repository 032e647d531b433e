"""Propagators and Floquet exponents around cycles, against direct integration and what must hold for any flow."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from ngnmm_core.connectome import spectrum
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.dispersion import dispersion
from ngnmm_core.dynamics.floquet import exponents, monodromies, monodromies_of
from ngnmm_core.dynamics.variational import Solutions, Variational

CYCLES = [(13.0, 5.0), (12.2, 12.0), (9.5, 12.0)]
every_cycle = pytest.mark.parametrize(("current", "G"), CYCLES)


def jacobian(x, p, feedback):
    """Of the six equations of MODEL.md, with the feedback in the two coupling entries."""
    r_e, v_e, _, r_i, v_i, _ = x
    te, ti = p["tau_e"], p["tau_i"]
    return np.array([
        [2 * v_e / te, 2 * r_e / te, 0, 0, 0, 0],
        [-2 * np.pi**2 * te * r_e, 2 * v_e / te, p["J_ee"] + feedback, 0, 0, -p["J_ei"]],
        [1 / p["tau_se"], 0, -1 / p["tau_se"], 0, 0, 0],
        [0, 0, 0, 2 * v_i / ti, 2 * r_i / ti, 0],
        [0, 0, p["J_ie"] + feedback, -2 * np.pi**2 * ti * r_i, 2 * v_i / ti, -p["J_ii"]],
        [0, 0, 0, 1 / p["tau_si"], 0, -1 / p["tau_si"]],
    ])  # fmt: skip


def slope(x, p):
    """The homogeneous system: J_ee -> J_ee + G, J_ie -> J_ie + G."""
    r_e, v_e, s_e, r_i, v_i, s_i = x
    te, ti, G = p["tau_e"], p["tau_i"], p["G"]
    return np.array([
        p["Delta_e"] / (np.pi * te**2) + 2 * r_e * v_e / te,
        (v_e**2 + p["eta_e"] + p["I_ext_e"]) / te - te * (np.pi * r_e) ** 2 + (p["J_ee"] + G) * s_e - p["J_ei"] * s_i,
        (r_e - s_e) / p["tau_se"],
        p["Delta_i"] / (np.pi * ti**2) + 2 * r_i * v_i / ti,
        (v_i**2 + p["eta_i"] + p["I_ext_i"]) / ti - ti * (np.pi * r_i) ** 2 + (p["J_ie"] + G) * s_e - p["J_ii"] * s_i,
        (r_i - s_i) / p["tau_si"],
    ])  # fmt: skip


def propagated(attractor, p, Lambda):
    """The monodromy matrix for a complex Lambda by DOP853: real and imaginary parts side by side, with the state."""

    def whole(t, y):
        x, M = y[:6], (y[6:42] + 1j * y[42:]).reshape(6, 6)
        change = jacobian(x, p, p["G"] * Lambda).astype(complex) @ M
        return np.concatenate([slope(x, p), change.real.ravel(), change.imag.ravel()])

    start = np.concatenate([attractor.state, np.eye(6).ravel(), np.zeros(36)])
    end = solve_ivp(whole, (0, attractor.period), start, "DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
    np.testing.assert_allclose(end[:6], attractor.state, atol=1e-6)
    return (end[6:42] + 1j * end[42:]).reshape(6, 6)


@every_cycle
def test_complex_modes_of_a_directed_network(ei, attractor_at, current, G):
    attractor, parameters = attractor_at(ei, I_ext_e=current, G=G)
    modes = np.exp(2j * np.pi * np.arange(8) / 8)  # a directed ring: as far from the real axis as row sums of 1 allow
    matrices = monodromies(ei, parameters, G, 1.0, attractor.orbit, modes)
    relation = dispersion(ei, parameters, 1.0, attractor, modes)
    for k in (1, 2, 3):
        direct = propagated(attractor, parameters, modes[k])
        np.testing.assert_allclose(matrices[k], direct, atol=1e-6 * np.abs(direct).max())
        np.testing.assert_allclose(matrices[8 - k], direct.conj(), atol=1e-6 * np.abs(direct).max())
        leading = np.log(max(np.linalg.eigvals(direct), key=abs)) / attractor.period
        assert relation.growth_rate[k] == pytest.approx(leading.real, abs=1e-8)
        assert relation.frequency[k] == pytest.approx(1000 * leading.imag / (2 * np.pi), abs=1e-5)
        assert relation.growth_rate[8 - k] == pytest.approx(leading.real, abs=1e-8)
        assert relation.frequency[8 - k] == pytest.approx(-1000 * leading.imag / (2 * np.pi), abs=1e-5)


@every_cycle
def test_real_modes_against_direct_integration(ei, attractor_at, current, G):
    attractor, parameters = attractor_at(ei, I_ext_e=current, G=G)
    (matrix,) = monodromies(ei, parameters, G, 1.0, attractor.orbit, np.array([-0.37]))
    direct = propagated(attractor, parameters, -0.37)
    np.testing.assert_allclose(matrix, direct.real, atol=1e-7 * np.abs(direct).max())


@every_cycle
def test_the_uniform_mode_is_the_homogeneous_system_itself(ei, attractor_at, current, G):
    attractor, parameters = attractor_at(ei, I_ext_e=current, G=G)
    orbit = attractor.orbit
    arrays, modes = {name: np.full(1, value) for name, value in parameters.items()}, np.array([1.0, 0.3, -0.8])
    for exact, error in ((True, 5e-7), (False, 1e-10)):  # the orbit is one of Luther's method
        solutions = Solutions(ei, arrays, np.full(1, G))
        (matrices,) = monodromies_of(solutions, np.full(1, G), [orbit], modes, exact)
        np.testing.assert_allclose(matrices[0], orbit.monodromy, atol=error * np.abs(orbit.monodromy).max())
    flow = slope(orbit.state, parameters)
    np.testing.assert_allclose(orbit.monodromy @ flow, flow, atol=1e-7 * np.abs(flow).max())
    assert orbit.multipliers[0] == pytest.approx(1.0, abs=1e-7)
    relation = dispersion(ei, parameters, 1.0, attractor, np.array([1.0, 0.3]))
    second = np.log(abs(orbit.multipliers[1])) / orbit.period
    assert relation.growth_rate[0] == pytest.approx(second, abs=1e-7)
    assert second < -1e-3


@every_cycle
def test_volumes_shrink_by_the_divergence_of_the_flow(ei, attractor_at, current, G):
    """Liouville: det M = exp of the integrated trace, whatever the feedback.  Over 5 ms, before M is singular."""
    attractor, p = attractor_at(ei, I_ext_e=current, G=G)
    flow = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-13, "dense_output": True}
    path = solve_ivp(lambda t, x: slope(x, p), (0, 5.0), attractor.state, **flow)
    trace = lambda t: np.trace(jacobian(path.sol(t), p, 0.0))
    integral = quad(trace, 0, 5.0, limit=2000, epsabs=1e-9, epsrel=1e-9)[0]
    _, matrices = Variational(ei, p, G).flow(attractor.state, 5.0, 2000, G * np.array([1.0, 0.0, -0.5]))
    signs, logarithms = np.linalg.slogdet(matrices)
    np.testing.assert_array_equal(signs, 1.0)
    np.testing.assert_allclose(logarithms, integral, atol=1e-7)


def test_growth_rates_do_not_depend_on_the_other_modes(ei, attractor_at):
    attractor, parameters = attractor_at(ei, I_ext_e=13.0, G=5.0)
    modes = np.linspace(1.0, -1.0, 41)
    together = dispersion(ei, parameters, 1.0, attractor, modes)
    for k in (0, 1, 17, 40):
        alone = dispersion(ei, parameters, 1.0, attractor, modes[[k]])
        assert alone.growth_rate[0] == pytest.approx(together.growth_rate[k], abs=1e-9)
        assert alone.frequency[0] == pytest.approx(together.frequency[k], abs=1e-6)


def test_only_coupling_times_row_sum_counts(ei, attractor_at):
    modes = np.array([1.0, 0.5, -0.4])
    (one, p), (four, q) = attractor_at(ei, I_ext_e=13.0, G=5.0), attractor_at(ei, 4.0, I_ext_e=13.0, G=1.25)
    assert one.period == pytest.approx(four.period, rel=1e-10)
    np.testing.assert_allclose(
        dispersion(ei, p, 1.0, one, modes).growth_rate, dispersion(ei, q, 4.0, four, 4 * modes).growth_rate, atol=1e-9
    )


def test_frequencies_of_real_modes_are_on_the_principal_branch(ei, attractor_at):
    for current, G in CYCLES:
        attractor, parameters = attractor_at(ei, I_ext_e=current, G=G)
        relation = dispersion(ei, parameters, 1.0, attractor, np.linspace(1, -1, 101))
        assert (relation.frequency >= 0).all()
        assert (relation.frequency <= 500.0 / attractor.period * (1 + 1e-12)).all()


def test_exponents_are_logarithms_of_multipliers_by_growth():
    multipliers = np.array([0.5, -2.0, 0.1 + 0.2j, 0.1 - 0.2j])
    basis = np.random.default_rng(0).standard_normal((4, 4))
    values = exponents((basis * multipliers) @ np.linalg.inv(basis), 2.0)
    expected = np.log(multipliers.astype(complex)) / 2.0
    assert values[0] == pytest.approx(np.log(2.0) / 2 + 1j * np.pi / 2)
    assert values[1] == pytest.approx(expected[0])
    np.testing.assert_allclose(values[2:].real, expected[2].real)
    assert (np.diff(values.real) <= 1e-12).all()


@pytest.mark.filterwarnings("error")
def test_a_perturbation_that_is_lost_to_rounding_decays_without_end():
    values = exponents(np.diag([-0.5, 0.0]), np.array(2.0))
    assert values[0] == pytest.approx((np.log(0.5) + 1j * np.pi) / 2)
    assert values[1] == complex(-np.inf, 0)


def test_flow_of_the_state_is_the_engines(ei, attractor_at, points_of, integrate):
    attractor, parameters = attractor_at(ei, I_ext_e=13.0, G=5.0)
    end, _ = Variational(ei, parameters, 5.0).flow(attractor.state, 7.0, 700, [0.0])
    points = points_of(ei, I_ext_e=13.0, G=5.0)
    (other,) = integrate(ei, [[1.0]], points, attractor.state[None, None], 0.002, samples=1, steps=3500)
    np.testing.assert_allclose(end, other[0, 0], rtol=1e-9)


def test_a_directed_network_has_its_modes_growth_rates(ei, attractor_at, directed5):
    """Conjugate modes grow alike and turn in opposite directions."""
    modes = spectrum(directed5).values
    assert np.iscomplexobj(modes)
    attractor, parameters = attractor_at(ei, I_ext_e=12.2, G=12.0)
    relation = dispersion(ei, parameters, 1.0, attractor, modes)
    for k in np.flatnonzero(modes.imag > 0):
        assert modes[k + 1] == modes[k].conj()
        assert relation.growth_rate[k] == pytest.approx(relation.growth_rate[k + 1], abs=1e-12)
        assert relation.frequency[k] == pytest.approx(-relation.frequency[k + 1], abs=1e-9)


def test_periods_and_growth_rates_are_as_accurate_as_stated(ei):
    """5e-9 of the period and 5e-7 per ms over the plane, against steps of a quarter of the size."""
    current, G = (axis.ravel() for axis in np.meshgrid(np.arange(4.2, 17.0, 2.0), np.arange(0.5, 30.0, 3.7)))
    arrays = {n: np.full(len(G), float(v)) for n, v in ei.resolve({}).items()} | {"I_ext_e": current, "G": G}
    attractors = find_attractors(ei, arrays, 1.0)
    cycles = np.array([k for k, a in enumerate(attractors) if a is not None and a.orbit is not None])
    assert len(cycles) > 25
    orbits = [attractors[k].orbit for k in cycles]
    states, periods = np.array([o.state for o in orbits]), np.array([o.period for o in orbits])
    solutions = Solutions(ei, {n: v[cycles] for n, v in arrays.items()}, G[cycles])
    feedback = G[cycles, None] * np.array([1.0, 0.8, 0.3, -0.3])
    _, matrices = solutions.propagate(states, [o.mesh for o in orbits], feedback)
    ends, finer = solutions.propagate(states, [np.repeat(o.mesh / 4, 4) for o in orbits], feedback)
    for k, flow in enumerate(solutions.velocity(states)):  # Newton's step to the orbit of the finer steps
        system = np.block([[finer[k, 0] - np.eye(6), flow[:, None]], [flow[None], np.zeros((1, 1))]])
        correction = np.linalg.solve(system, np.append(states[k] - ends[k], 0.0))
        assert abs(correction[-1]) < 5e-9 * periods[k]
    growth, exact = (exponents(m[:, 1:], periods[:, None, None])[..., 0].real for m in (matrices, finer))
    assert np.abs(growth - exact).max() < 5e-7


def test_a_mesh_leads_over_the_time_and_there_is_none_where_the_state_is_not_finite(ei):
    states = np.tile(ei.nominal, (11, 1))
    states[3, 1], states[5] = np.nan, 1e4 * states[5]
    arrays = {n: np.full(11, float(v)) for n, v in ei.resolve({"I_ext_e": 13.0, "G": 5.0}).items()}
    times = np.linspace(3.0, 40.0, 11)
    meshes = Solutions(ei, arrays, np.full(11, 5.0)).mesh(states, times, 5e-10, 0.25)
    for k, mesh in enumerate(meshes):
        if k == 3:
            assert mesh is None
        elif k == 5:  # far away everything is fast
            assert mesh is None or mesh[0] < 1e-3
        else:
            assert mesh.sum() == pytest.approx(times[k], rel=1e-12)
            assert mesh.min() > 0.0
            assert mesh.max() <= 0.25
