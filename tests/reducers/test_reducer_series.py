"""Time means of rates and order parameters, and the series at the end of the window."""

import numpy as np
import pytest

from ngnmm_core.analysis.rates import RatesOptions, RatesReducer
from ngnmm_core.analysis.series import SeriesOptions, SeriesReducer, coordinates

X = np.random.default_rng(0).gamma(2.0, 0.01, (1500, 3, 4))  # 1/ms


def test_rates_are_reported_in_hertz(reduced):
    result = reduced(RatesReducer, RatesOptions(), X)
    assert result["firing_rate"].shape == (3, 2, 4)
    np.testing.assert_allclose(result["firing_rate"][:, 0], 1000 * X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(result["firing_rate_std"][:, 1], 1000 * X.std(axis=0), rtol=1e-10)
    np.testing.assert_allclose(result["population_synchrony"][:, 0], X.mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("last_ms", [0.2, 100.0, 299.8, 300.0])
def test_the_series_is_the_end_of_the_window(reduced, window_of, last_ms):
    options, count = SeriesOptions(last_ms=last_ms), round(last_ms / 0.2)
    series = reduced(SeriesReducer, options, X)["observable_series"]
    assert series.dtype == np.float32
    np.testing.assert_array_equal(series, X[-count:].transpose(1, 2, 0).astype(np.float32))
    time = coordinates(options, window_of(3, 4, 1500))["time"][0]
    assert len(time) == count
    assert time[-1] == pytest.approx(300.0)


def test_rates_may_be_kept_too(reduced, window_of):
    options = SeriesOptions(last_ms=100.0, rate=True)
    series = reduced(SeriesReducer, options, X)["rate_series"]
    assert series.shape == (3, 2, 4, 500)
    for population in range(2):
        np.testing.assert_allclose(series[:, population], 1000 * X[-500:].transpose(1, 2, 0), rtol=1e-6)
    assert coordinates(options, window_of(3, 4, 1500))["population"][0] == ["E", "I"]
