"""Simulated BOLD against linear noise theory: they differ by the sampling error of the simulation, and by no more."""

import numpy as np
import pytest

from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome
from ngnmm_core.streaming.haemodynamics import FRISTON_2003
from ngnmm_core.study.load import make_study

RING = Connectome(0.5 * (np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)))
SEEDS, SECONDS, TR_S = 48, 400.0, 0.5


def independent_samples_per_second() -> float:
    """Of noise that is white over seconds and goes through the haemodynamic response: (int S)^2 over int S^2."""
    f = np.linspace(1e-5, 0.5 / TR_S, 100_001)
    power = np.abs(FRISTON_2003.transfer(f)) ** 2
    return 2.0 * power.sum() ** 2 / (power**2).sum() * (f[1] - f[0])


def test_independent_samples_of_the_response():
    assert independent_samples_per_second() == pytest.approx(0.28, abs=0.01)


@pytest.mark.slow
def test_error_per_pair_of_regions_is_the_one_expected():
    study = make_study(
        "s",
        {
            "study": "s",
            "connectome": {"name": "hcp-aal2-94"},
            "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
            "grid": {"G": [15.0], "seed": list(range(SEEDS))},
            "simulation": {
                "duration_ms": 1000 * SECONDS + 20500,
                "transient_ms": 500,
                "sample_ms": 2.0,
                "dt_ms": 0.1,
                "method": "heun",
                "noise_sigma": 0.02,
            },
            "analyses": {
                "linear_fc": {"bands_hz": [[0.0, 0.5 / TR_S]], "haemodynamics": "balloon"},
                "bold": {"tr_ms": 1000 * TR_S, "discard_s": 10.0},
            },
        },
    )
    found = run_study(study, RING)
    assert (found["bold_status"] == 0).all()
    theory = found["linear_fc"].values[0, 0].astype(float)
    simulated = found["bold_fc"].values[0].astype(float)
    # per edge on the scale of Fisher's z, whose variance does not depend on the correlation; 720 values
    error = np.sqrt(np.mean((np.arctanh(simulated) - np.arctanh(theory)) ** 2))
    samples = independent_samples_per_second() * SECONDS
    assert error == pytest.approx(1 / np.sqrt(samples), rel=0.05)
    bias = (np.arctanh(simulated) - np.arctanh(theory)).mean(axis=0)
    assert np.abs(bias).max() < 4.0 / np.sqrt(samples * SEEDS)
    amplitude = found["bold_amplitude"].values[0].mean(axis=0) / found["linear_amplitude"].values[0, 0]
    np.testing.assert_allclose(amplitude, 1.0, atol=0.05)
