"""Power spectra in decibels."""

import numpy as np

LOWEST_HZ = 1.0


def decibels(density: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Densities [..., frequency] in dB relative to their own largest value from 1 Hz up."""
    reference = np.max(density[..., frequency >= LOWEST_HZ], axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(density / reference)
