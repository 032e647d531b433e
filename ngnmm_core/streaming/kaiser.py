"""Linear-phase low-pass filters by the window of Kaiser.

Kaiser, in Proc. IEEE Int. Symp. Circuits and Systems, 20 (1974): the window and the formula for its length.  Made with
numpy alone: a job would wait half a second for the import of `scipy.signal`.
"""

import numpy as np


def kaiser_length(transition_hz: float, rate_hz: float, attenuation_db: float) -> int:
    """Give the number of taps, odd, that take a filter from passing to stopping within `transition_hz`."""
    width = 2.0 * np.pi * transition_hz / rate_hz
    return int(np.ceil((attenuation_db - 7.95) / (2.285 * width) + 1.0)) | 1


def kaiser_low_pass(cutoff_hz: float, length: int, rate_hz: float, attenuation_db: float) -> np.ndarray:
    """Give the taps [tap] of a low-pass with gain 1 at zero frequency and 1/2 at the cutoff."""
    if attenuation_db <= 50.0:
        raise ValueError(f"the formula for the window holds above 50 dB, not for {attenuation_db:g}")
    position = np.arange(length) - 0.5 * (length - 1)
    taps = np.sinc(2.0 * cutoff_hz / rate_hz * position) * np.kaiser(length, 0.1102 * (attenuation_db - 8.7))
    return taps / taps.sum()
