"""CITATION.cff has the keys that its format asks for, and the version of the package."""

import tomllib
from pathlib import Path

import pytest
import yaml

from ngnmm_core import __version__

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = {"authors", "cff-version", "message", "title"}
OF_REFERENCES = {"authors", "title", "type"}


@pytest.fixture(scope="module")
def citation():
    """The content of CITATION.cff."""
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_version_is_that_of_the_package(citation):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == __version__
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "version" in project["dynamic"]
    assert citation["license"] == project["license"]


def test_required_keys_are_there(citation):
    assert citation["cff-version"] == "1.2.0"
    assert set(citation) >= REQUIRED
    assert citation["type"] == "software"
    for reference in citation["references"]:
        assert set(reference) >= OF_REFERENCES
    for author in (a for entry in (citation, *citation["references"]) for a in entry["authors"]):
        assert "name" in author or {"family-names", "given-names"} <= set(author)
