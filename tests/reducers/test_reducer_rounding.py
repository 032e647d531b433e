"""Nothing is read off rounding errors: ratios of two numbers that are both made by rounding are not defined."""

import numpy as np
import pytest

from ngnmm_core.analysis.fc import FcOptions, FcReducer, FcStatus
from ngnmm_core.analysis.synchrony import ANALYSIS as SYNCHRONY
from ngnmm_core.streaming.activity import Activity, ActivityStatus, NetworkRegime
from ngnmm_core.streaming.covariance import Covariance
from ngnmm_core.streaming.orthogonalised import OrthogonalisedCovariance

SAMPLES = 15_000  # 3 s
T = np.arange(SAMPLES) * 0.2e-3
SIGNALS = ("rate", "gamma_envelope", "orthogonalised_envelope")


def fc(reduced, x, noisy, signals=SIGNALS):
    found = reduced(FcReducer, FcOptions(signals=signals), x[:, None], sizes=(500,), noisy=np.full(1, noisy))
    return found["fc"][0], int(found["fc_status"][0])


def common_noise(size, level, seed=0):
    """What three regions share, and a little of their own, on a level whose rounding errors are as large as `size`."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((SAMPLES, 1))
    return level + size * (shared + 0.3 * rng.standard_normal((SAMPLES, 3)))


@pytest.mark.parametrize("level", [-1.3, 0.0, 90.0])
def test_noise_of_the_size_of_rounding_has_no_connectivity(reduced, level):
    values, status = fc(reduced, common_noise(1e-15 * max(abs(level), 1.0), level), noisy=True)
    assert np.isnan(values).all()
    assert status == FcStatus.AT_REST


@pytest.mark.parametrize("level", [-1.3, 0.0, 90.0])
def test_small_noise_above_it_has_that_of_large_noise(reduced, level):
    small, status = fc(reduced, common_noise(1e-7 * max(abs(level), 1.0), level), noisy=True)
    large, _ = fc(reduced, common_noise(1.0, 0.0), noisy=True)
    assert status == FcStatus.OK
    np.testing.assert_allclose(small, large, atol=1e-4)


def test_the_envelope_of_a_band_without_power_has_no_connectivity(reduced):
    """A rate that rises and falls in straight lines: between 30 and 150 Hz is what the filter lets through."""
    x = 20.0 + np.linspace(0.0, 1.0, SAMPLES)[:, None] * np.array([1.0, 2.0, -1.5])
    values, status = fc(reduced, x, noisy=False)
    assert np.isnan(values[1:]).all()
    np.testing.assert_allclose(np.abs(values[0]), 1.0, rtol=1e-12)
    assert status == FcStatus.UNRESOLVED


def test_activity_tells_noise_from_rounding():
    rng = np.random.default_rng(3)
    signal = np.stack(
        [rng.standard_normal((400, 2)) * size for size in (1e-15, 1e-8)], axis=1
    )  # [sample, point, region]
    signal = np.concatenate([signal, np.zeros((400, 2, 2))], axis=1)  # lanes that are not used
    activity = Activity(400, 2, np.array([True, True]))
    activity.consume(signal.transpose(0, 2, 1)[:, None] + 2.0)
    assert activity.regime.tolist() == [NetworkRegime.REST, NetworkRegime.OSCILLATING]
    assert activity.status.tolist() == [ActivityStatus.AT_REST, ActivityStatus.OK]
    assert activity.active.tolist() == [[False, False], [True, True]]


def test_synchrony_is_not_that_of_rounding_errors(reduced):
    x = common_noise(1e-15, -1.3)
    reducer = SYNCHRONY.reducer
    found = reduced(reducer, SYNCHRONY.options(), x[:, None], noisy=np.full(1, True))
    assert np.isnan(found["synchrony"]).all()
    assert found["synchrony_status"][0] == ActivityStatus.AT_REST


def test_a_variance_that_cancellation_has_eaten_is_none():
    rng = np.random.default_rng(1)
    flat = Covariance()
    flat.consume(np.full((300, 1, 2, 1), 5.0))
    flat.consume(5.0 + 1e-15 * rng.standard_normal((300, 1, 2, 1)))
    assert np.isnan(flat.correlation(1)).all()


def test_orthogonalised_envelopes_know_a_floor():
    rng = np.random.default_rng(2)
    parts = tuple(rng.standard_normal((600, 1, 2, 1)) for _ in range(2))
    covariance = OrthogonalisedCovariance()
    covariance.consume(parts)
    assert np.isfinite(covariance.correlation(1)[0, 0, 1])
    assert np.isnan(covariance.correlation(1, np.array([[0.0, 10.0]]))[0, 0, 1])
