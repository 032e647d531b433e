"""Growth rates of the homogeneous state against what a simulated network does when it is pushed off it."""

import numpy as np
import pytest

from ngnmm_core.connectome import spectrum
from ngnmm_core.dynamics.dispersion import dispersion
from ngnmm_core.dynamics.floquet import monodromies
from ngnmm_core.dynamics.regimes import LIMIT_CYCLE, REST


def test_the_growth_rate_of_the_reference_is_seen_in_a_ring(ei, ring6, attractor_at, points_of, integrate, reference):
    """(13, 5), Lambda = 0.5: 1e-8 off the cycle, the pattern cos(2 pi k / 6) grows by the reference's rate."""
    entry = next(e for e in reference["dispersion"] if (e["I_ext_e"], e["G"]) == (13.0, 5.0))
    attractor, _ = attractor_at(ei, I_ext_e=13.0, G=5.0)
    pattern = np.cos(2 * np.pi * np.arange(6) / 6)
    start = attractor.state + 1e-8 * pattern[:, None] * np.array([0, 1.0, 0, 0, 0.5, 0])
    dt = attractor.period / attractor.orbit.steps
    path = integrate(ei, ring6, points_of(ei, I_ext_e=13, G=5), start[None], dt, 60, attractor.orbit.steps)
    deviation = np.abs(np.einsum("k,tks->ts", pattern, path[:, 0]) / 3.0).max(axis=1)  # once per period
    rate = np.polyfit(attractor.period * np.arange(20, 61), np.log(deviation[19:]), 1)[0]
    assert deviation.max() < 1e-5
    assert rate == pytest.approx(entry["growth_rate"]["0.5"], abs=1e-5)


@pytest.mark.parametrize("mode", [0, 5])
def test_growth_and_frequency_of_a_random_network_at_rest(ei, undirected6, attractor_at, points_of, integrate, mode):
    """(15, 9) rests: deviations along an eigenvector go as exp(lambda t); lambda by linear prediction."""
    attractor, parameters = attractor_at(ei, I_ext_e=15.0, G=9.0)
    assert attractor.regime == REST
    modes = spectrum(undirected6)
    relation = dispersion(ei, parameters, 1.0, attractor, modes.values)
    assert (relation.growth_rate[1:] > 0).any()
    start = attractor.state + 1e-8 * modes.right[:, mode, None] * np.array([0, 1.0, 0, 0, 0, 0])
    path = integrate(ei, undirected6, points_of(ei, I_ext_e=15, G=9), start[None], 0.01, 1500, 20)[:, 0]
    y = np.einsum("k,tks->ts", modes.left[:, mode], path - attractor.state)[500:]  # the leading pair has taken over
    a, b = np.linalg.lstsq(np.stack([y[1:-1].ravel(), y[:-2].ravel()], axis=1), y[2:].ravel(), rcond=None)[0]
    root = max(np.roots([1.0, -a, -b]), key=lambda z: z.imag)
    seen = np.log(root) / 0.2
    assert seen.real == pytest.approx(relation.growth_rate[mode], abs=2e-5)
    assert 1000 * seen.imag / (2 * np.pi) == pytest.approx(relation.frequency[mode], abs=0.01)


def test_one_period_of_a_directed_network_is_made_of_its_modes(ei, directed5, attractor_at, points_of, integrate):
    """The whole 30 x 30 propagator, from 60 simulations, is sum_k (right_k left_k^H) x M(Lambda_k), Lambda complex."""
    attractor, parameters = attractor_at(ei, I_ext_e=12.2, G=12.0)
    assert attractor.regime == LIMIT_CYCLE
    orbit, size, eps = attractor.orbit, 30, 1e-6
    shifts = eps * np.concatenate([np.eye(size), -np.eye(size)]).reshape(-1, 5, 6)
    ends = []
    for start in range(0, 60, 8):
        some = attractor.state + shifts[start : start + 8]
        points = points_of(ei, len(some), I_ext_e=12.2, G=12.0)
        ends.append(integrate(ei, directed5, points, some, orbit.period / orbit.steps, 1, orbit.steps)[0])
    ends = np.concatenate(ends).reshape(2, size, size)
    seen = (ends[0] - ends[1]).T / (2 * eps)

    modes = spectrum(directed5)
    matrices = monodromies(ei, parameters, 12.0, 1.0, orbit, modes.values)
    projections = np.einsum("ik,jk->kij", modes.right, modes.left.conj())
    expected = sum(np.kron(P, M) for P, M in zip(projections, matrices, strict=True))
    assert np.abs(expected.imag).max() < 1e-9 * np.abs(expected).max()
    np.testing.assert_allclose(seen, expected.real, atol=1e-6 * np.abs(expected).max())
