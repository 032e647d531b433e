"""Virtual lesions against the network that really lacks the region."""

import numpy as np
import pytest

from ngnmm_core.points import Kind
from ngnmm_core.simulation.lesions import CUT, LESION, NONE, REGION, RENORMALISED, isolated_region, lesion_factors


def lesioned(points, kinds, regions):
    extras = {LESION: np.array(kinds, float), REGION: np.array(regions, float)}
    return points.having(extras, Kind.SETTING)


@pytest.mark.parametrize("method", ["rk4", "multirate", "riccati"])
@pytest.mark.parametrize("region", [0, 4])
@pytest.mark.parametrize("kind", [CUT, RENORMALISED])
def test_a_lesion_is_the_network_without_the_region(
    ei, directed5, points_of, start_of, integrate, kind, region, method
):
    points, start = lesioned(points_of(ei, I_ext_e=13, G=5), [kind], [region]), start_of(ei, 1, 5)
    lesions = lesion_factors(points, directed5)
    masked = integrate(ei, directed5, points, start, 0.05, 10, 20, method, lesions=lesions)
    smaller = np.delete(np.delete(directed5, region, axis=0), region, axis=1)
    if kind == RENORMALISED:
        smaller = smaller / smaller.sum(axis=1, keepdims=True)
    removed = integrate(ei, smaller, points, np.delete(start, region, axis=1), 0.05, 10, 20, method)
    np.testing.assert_allclose(np.delete(masked, region, axis=2), removed, rtol=0, atol=1e-11)


def test_the_lesioned_region_is_on_its_own(ei, directed5, points_of, start_of, integrate):
    start = start_of(ei, 1, 5)
    points = lesioned(points_of(ei, I_ext_e=13, G=5), [CUT], [3])
    lesions = lesion_factors(points, directed5)
    masked = integrate(ei, directed5, points, start, 0.02, 10, 50, lesions=lesions)
    alone = integrate(ei, [[1.0]], points_of(ei, I_ext_e=13), start[:, 3:4], 0.02, 10, 50)
    np.testing.assert_array_equal(masked[:, :, 3], alone[:, :, 0])


def test_lesioned_points_sit_beside_intact_ones(ei, directed5, points_of, start_of, integrate):
    start = start_of(ei, 1, 5).repeat(3, axis=0)
    points = lesioned(points_of(ei, 3, I_ext_e=13, G=5), [RENORMALISED, NONE, CUT], [1, -1, 1])
    lesions = lesion_factors(points, directed5)
    together = integrate(ei, directed5, points, start, 0.02, 10, 50, lesions=lesions)
    intact = integrate(ei, directed5, points_of(ei, I_ext_e=13, G=5), start[:1], 0.02, 10, 50)
    np.testing.assert_array_equal(together[:, 1], intact[:, 0])
    assert np.abs(together[-1, 0] - together[-1, 2]).max() > 1e-3


def test_other_normalisations_keep_their_row_sums(points_of, ei):
    W = 3.0 * np.random.default_rng(0).uniform(size=(5, 5))
    mask, gain = lesion_factors(lesioned(points_of(ei), [RENORMALISED], [2]), W)
    sums = (gain[0][:, None] * W * mask[0]).sum(axis=1)
    others = [0, 1, 3, 4]
    np.testing.assert_allclose(sums[others], W.sum(axis=1)[others], rtol=1e-14)
    assert gain[0, 2] == mask[0, 2] == 0.0


def test_a_row_that_the_lesion_empties_is_told(points_of, ei):
    W = np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])  # 1 hears 0 alone
    assert [isolated_region(W, k) for k in range(3)] == [True, False, False]
    _, gain = lesion_factors(lesioned(points_of(ei), [RENORMALISED], [0]), W)
    np.testing.assert_allclose(gain[0], [0.0, 0.0, 2.0])


def test_points_without_lesions_have_no_factors(points_of, ei, directed5):
    assert lesion_factors(points_of(ei), directed5) == (None, None)
