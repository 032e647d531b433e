"""Initial states: common random numbers, keyed by seed and region alone."""

import numpy as np
import pytest
from scipy import stats

from ngnmm_core.connectome import Connectome
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.initial_states import perturbed, standard_normal
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator


def test_a_region_keeps_its_numbers_when_regions_are_added():
    np.testing.assert_array_equal(standard_normal(3, 10, 6), standard_normal(3, 94, 6)[:10])


def test_seeds_and_regions_have_their_own_numbers():
    draws = np.array([standard_normal(seed, 20, 6) for seed in range(30)])
    assert len(np.unique(draws)) == draws.size


def test_numbers_are_the_same_in_every_session():
    """A change here changes every published result with random initial states."""
    first = standard_normal(0, 2, 3)
    sequence = [np.random.SeedSequence(entropy=0, spawn_key=(0x1417, region)) for region in range(2)]
    expected = [np.random.Generator(np.random.Philox(s)).standard_normal(3) for s in sequence]
    np.testing.assert_array_equal(first, expected)


def test_numbers_are_standard_normal_and_independent():
    draws = standard_normal(7, 5000, 6)
    assert stats.kstest(draws.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=4 / np.sqrt(5000))
    np.testing.assert_allclose(np.corrcoef(draws.T), np.eye(6), atol=0.06)
    neighbours = np.corrcoef(draws[:-1].ravel(), draws[1:].ravel())[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(draws.size)


def test_perturbation_has_the_stated_size_and_rates_are_reflected(ei):
    base = np.broadcast_to(ei.nominal, (2, 4000, 6))
    initial = perturbed(ei, base, np.array([0, 1]), 0.05)
    positive = np.array([s.non_negative for s in ei.states])
    assert (initial[..., positive] >= 0).all()
    np.testing.assert_allclose(initial[..., ~positive].std(axis=1), 0.05, rtol=0.05)
    shifted = base + 0.05 * np.array([standard_normal(s, 4000, 6) for s in (0, 1)])
    assert (shifted[..., positive] < 0).any()
    np.testing.assert_array_equal(initial, np.where(positive, np.abs(shifted), shifted))


def test_points_with_one_seed_start_alike(ei):
    base = np.broadcast_to(ei.nominal, (3, 5, 6))
    initial = perturbed(ei, base, np.array([5, 8, 5]), 0.01)
    np.testing.assert_array_equal(initial[0], initial[2])
    assert (initial[0] != initial[1]).all()


def test_no_perturbation(ei):
    base = np.broadcast_to(ei.nominal, (1, 5, 6))
    np.testing.assert_array_equal(perturbed(ei, base, np.array([0]), 0.0), base)


@pytest.mark.parametrize("start", ["random", "homogeneous"])
def test_the_rule_of_the_settings(ei, directed5, points_of, integrate, start):
    settings = Simulation(initial={"from": start, "sd": 0.02})
    points = points_of(ei, 3, I_ext_e=[3.0, 13.0, 13.0], G=[5.0, 0.0, 9.0], seed=[0, 0, 4])
    initial = Simulator(ei, Connectome(directed5), settings).initial_states(points)
    centre = np.broadcast_to(ei.nominal, (3, 1, 6))
    if start == "homogeneous":  # 2000 ms after the nominal state
        centre = integrate(ei, [[1.0]], points, centre, 0.005, samples=1, steps=400_000)[0]
    expected = perturbed(ei, centre.repeat(5, axis=1), points.seeds, 0.02)
    np.testing.assert_allclose(initial, expected, rtol=1e-5, atol=1e-5)


def test_a_start_from_the_homogeneous_state_needs_one(ei, directed5, points_of):
    settings = Simulation(initial={"from": "homogeneous"})
    with pytest.raises(InputError, match=r"simulation.initial.from: homogeneous.*rows of W sum to different values"):
        Simulator(ei, Connectome(directed5 * np.arange(1, 6)[:, None]), settings).initial_states(points_of(ei))
