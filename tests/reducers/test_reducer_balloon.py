"""The haemodynamic response: its integral, peak and undershoot, another integrator, and streams of any block length."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.streaming.balloon import Balloon
from ngnmm_core.streaming.haemodynamics import FRISTON_2003, SETS, Haemodynamics, haemodynamics


def impulse_response(constants, t):
    """Response to a small impulse at t = 0, from the transfer function by its poles (partial fractions by FFT)."""
    f = np.fft.rfftfreq(2 * len(t), t[1])
    return np.fft.irfft(constants.transfer(f), 2 * len(t))[: len(t)] / t[1]


def integrated(constants, z, times):
    """The Balloon by scipy, from rest, for activity z(t)."""
    c = constants

    def slope(t, x):
        s, f, v, q = x
        out = v ** (1 / c.alpha)
        extraction = (1 - (1 - c.rho) ** (1 / f)) / c.rho
        return [z(t) - c.kappa * s - c.gamma * (f - 1), s, (f - out) / c.tau, (f * extraction - out * q / v) / c.tau]

    end = (0, times[-1])
    v, q = solve_ivp(slope, end, [0, 1, 1, 1], t_eval=times, rtol=1e-10, atol=1e-12, max_step=0.01).y[2:]
    return c.V0 * (c.k1 * (1 - q) + c.k2 * (1 - q / v) + c.k3 * (1 - v))


def peak_and_undershoot(constants):
    t = np.arange(0, 200, 0.005)
    response = impulse_response(constants, t)
    top, bottom = np.argmax(response), np.argmin(response)
    return t[top], -response[bottom] / response[top], t[bottom]


def test_integral_peak_and_undershoot_of_the_response():
    assert FRISTON_2003.transfer(0.0).real == pytest.approx(0.12769, abs=5e-6)
    assert FRISTON_2003.of_volume[1:] == pytest.approx((0.32, -0.4866), abs=5e-5)
    peak, undershoot, at = peak_and_undershoot(FRISTON_2003)
    assert peak == pytest.approx(3.095, abs=0.01)
    assert undershoot == pytest.approx(0.1426, abs=1e-3)
    assert at == pytest.approx(9.06, abs=0.05)


def test_constants_taken_for_their_inverses_are_told_by_the_peak():
    wrong = Haemodynamics(kappa=1 / 0.65, gamma=1 / 0.41)
    peak = peak_and_undershoot(wrong)[0]
    assert peak == pytest.approx(1.69, abs=0.02)
    assert FRISTON_2003.transfer(0.0).real / wrong.transfer(0.0).real > 3


def test_transfer_function_is_the_response_to_a_small_sine():
    f, size = 0.08, 1e-4
    times = 100 + np.arange(0, 25, 0.5)
    y = integrated(FRISTON_2003, lambda t: size * np.sin(2 * np.pi * f * t), times)
    expected = size * np.imag(FRISTON_2003.transfer(f) * np.exp(2j * np.pi * f * times))
    np.testing.assert_allclose(y, expected, atol=2e-3 * np.abs(expected).max())


def activity(times_s):
    """A region whose rate steps up for two seconds, and one that swings."""
    step = np.where((times_s > 30.0) & (times_s <= 32.0), 1.5, 1.0)
    return np.stack([step, 1.0 + 0.3 * np.sin(2 * np.pi * 0.1 * times_s) * (times_s > 20.0)], axis=1)


def streamed(block, sample_ms=0.5, seconds=60.0, tr_ms=500.0, discard_ms=10_000.0):
    t = sample_ms / 1000 * np.arange(1, round(seconds * 1000 / sample_ms) + 1)
    signal = activity(t)[:, None, :, None] * np.array([1.0, 3.0])  # two points, the scale of a rate does not matter
    balloon = Balloon(FRISTON_2003, sample_ms, tr_ms, discard_ms)
    for start in range(0, len(t), block):
        balloon.push(signal[start : start + block])
    return balloon, np.stack(balloon.volumes)


@pytest.mark.slow
def test_stream_agrees_with_another_integrator():
    _, found = streamed(128)
    assert found.shape == (Balloon.count(60_000, 500, 10_000), 1, 2, 2) == (80, 1, 2, 2)
    times = 10.0 + 0.5 * np.arange(1, 81)  # since the start of the Balloon, at 10 s
    for region in range(2):
        expected = integrated(FRISTON_2003, lambda t, k=region: activity(np.array([t + 10.0]))[0, k] - 1.0, times)
        # the mean rate is taken over the first 10 s, in which nothing happens
        np.testing.assert_allclose(found[:, 0, region, 0], expected, atol=1e-3 * np.abs(expected).max())
    np.testing.assert_allclose(found[..., 0], found[..., 1], rtol=1e-9)


@pytest.mark.parametrize("block", [1, 7, 128, 100_000])
def test_blocks_do_not_change_a_bit(block):
    assert (streamed(block, seconds=36.0)[1] == streamed(33, seconds=36.0)[1]).all()


def test_pulse_is_followed_by_its_peak_after_three_seconds():
    for block in (50, 4000):
        _, found = streamed(block, tr_ms=100.0)
        times = 20.0 + 0.1 * np.arange(1, len(found) + 1)
        # a pulse of two seconds peaks about a second after its middle plus the peak of the impulse response
        assert times[np.argmax(found[:, 0, 0, 0])] == pytest.approx(31.0 + 3.1, abs=0.35)


def test_thinned_activity_gives_another_signal():
    """A fast rhythm that samples every 10 ms see as a slow one."""
    t = 0.0005 * np.arange(1, 120_001)
    fast = 1.0 + 0.1 * np.sin(2 * np.pi * 100.05 * t)
    whole, thinned = Balloon(FRISTON_2003, 0.5, 500, 10_000), Balloon(FRISTON_2003, 10.0, 500, 10_000)
    whole.push(fast[:, None])
    thinned.push(fast[19::20, None])
    assert np.std(thinned.volumes) > 50 * np.std(whole.volumes)


def test_drift_of_the_mean():
    balloon, _ = streamed(512)
    assert balloon.drift[0, 0, 0] == pytest.approx(0.5 * 2 / 50, rel=1e-3)
    assert balloon.drift.shape == (1, 2, 2)


def test_constants_by_name_or_one_by_one(refused):
    assert haemodynamics("friston2003") is SETS["friston2003"]
    assert haemodynamics({"kappa": 0.7}).kappa == 0.7
    assert haemodynamics({"kappa": 0.7}).gamma == 0.41
    refused(lambda: haemodynamics("friston"), "friston2003", "allowed")
    refused(lambda: haemodynamics({"kapa": 1.0}), "kapa", "kappa")
    refused(lambda: haemodynamics({"tau": 0.0}), "tau", "> 0")
    refused(lambda: haemodynamics({"rho": 1.0}), "rho", "between 0 and 1")
