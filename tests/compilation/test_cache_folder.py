"""Where kernels and measurements are kept: never in the folder that a command happens to run in."""

import pytest

from ngnmm_core.cli.running import caches
from ngnmm_core.compilation.cache_folder import cache_directory


@pytest.mark.parametrize("value", ["", "relative", None])
def test_a_setting_that_names_no_place_is_left_aside(monkeypatch, tmp_path, value):
    monkeypatch.delenv("NGNMM_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    if value is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert tmp_path in cache_directory().parents


def test_a_setting_that_names_a_place_is_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("NGNMM_CACHE_DIR")
    assert cache_directory() == tmp_path / "ngnmm"
    monkeypatch.setenv("NGNMM_CACHE_DIR", str(tmp_path / "own"))
    assert cache_directory() == tmp_path / "own"


def test_a_user_without_a_home_has_a_place_in_the_temporary_folder(monkeypatch, tmp_path):
    """As users of containers that have no entry in the list of users."""
    monkeypatch.delenv("NGNMM_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = cache_directory()
    assert tmp_path in found.parents
    for name, value in caches().items():  # of what `ngnmm run` starts: the same place
        monkeypatch.setenv(name, value)
    assert cache_directory() == found
