"""Cleaning of series before their connectivity is computed: trend, band, global signal.

Simulated and recorded signals go through the same functions.
"""

import numpy as np

from ngnmm_core.errors import InputError

FILTER_ORDER = 2  # Butterworth, forwards and backwards


def detrended(series: np.ndarray) -> np.ndarray:
    """Remove the linear trend from a series [..., time]."""
    from scipy.signal import detrend

    return detrend(series, axis=-1)


def in_band(series: np.ndarray, band_hz: tuple[float, float], tr_s: float) -> np.ndarray:
    """Detrend a series [..., time] and filter it to a band: Butterworth of order 2, forwards and backwards."""
    from scipy.signal import butter, filtfilt

    return filtfilt(*butter(FILTER_ORDER, band_hz, "bandpass", fs=1.0 / tr_s), detrended(series), axis=-1)


def without_global(series: np.ndarray) -> np.ndarray:
    """Detrend a series [region, time] and regress out its mean over regions."""
    left = detrended(series)
    mean = left.mean(axis=0)
    return left - np.outer(left @ mean, mean) / (mean @ mean)


def clean(
    series: np.ndarray, tr_s: float, band_hz: tuple[float, float] | None = None, regress_global: bool = False
) -> np.ndarray:
    """Filter a series [region, time] to a band and regress out the global signal, each only where asked for."""
    if band_hz is not None:
        series = in_band(series, band_hz, tr_s)
    return without_global(series) if regress_global else series


def check_band(key: str, band_hz: tuple[float, float], tr_s: float) -> None:
    """Check that the band is valid: 0 < lower < upper < half the sampling rate.

    Raises
    ------
    InputError
        If it isn't.
    """
    low, high = band_hz
    nyquist = 0.5 / tr_s
    if not 0 < low < high < nyquist:
        raise InputError(
            f"{key}: [{low:g}, {high:g}] is not a band at a TR of {tr_s:g} s; "
            f"allowed: 0 < lower < upper < {nyquist:g} Hz = 1/(2 TR)"
        )
