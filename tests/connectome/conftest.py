"""Small known networks, a registry of made-up wheels, and the paper's matrix where its path is given."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.io import savemat

from ngnmm_core.connectome import load_registry, read_connectome_file

REPOSITORY = Path(__file__).resolve().parents[2]

ATLAS_SOURCE = '''
import a_package_that_does_not_exist  # must never be imported
raise SystemExit("must never be run")


class Other:
    names = {1: "wrong"}


class Atlas:
    """A class like the ones in the wild."""

    label = "A"
    names = {2: "Insula_R", 1: "Insula_L", 3: "Cuneus_L", 4: "Vermis"}
    centers = np.array([[10, 20, 11, 15], [5, 5, -30, -40], [0, 0, 1, -9]])

    def method(self):
        return 1
'''


@pytest.fixture
def network():
    """A directed network of three regions: no two weights are equal, so that a transposition shows."""
    return np.array([[0.0, 0.5, 2.25], [1.0, 0.0, 0.125], [3.0, 0.75, 0.0]])


@pytest.fixture
def registry():
    """The repository's registry."""
    return load_registry(REPOSITORY / "config" / "connectomes.yaml")


def mat_bytes(**variables) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, variables)
    return buffer.getvalue()


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """A registry with one entry, `three`, in a wheel of two subjects that NGNMM_WHEELS holds, and its matrices."""
    rng = np.random.default_rng(3)
    weights = rng.uniform(1, 9, (2, 4, 4)) * (1 - np.eye(4))
    weights[0, 0, 1] = 0.0
    weights[:, 2, 3] = 0.0
    lengths = np.where(weights > 0, rng.uniform(20, 90, (2, 4, 4)), 0.0)
    bold = rng.normal(1000, 10, (2, 4, 50))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = wheels / "fake-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("fake/atlas.py", ATLAS_SOURCE)
        archive.writestr("fake/__init__.py", "raise SystemExit('must never be run')")
        for k, subject in enumerate("ab"):
            archive.writestr(f"fake/{subject}/sc.mat", mat_bytes(sc=weights[k]))
            archive.writestr(f"fake/{subject}/len.mat", mat_bytes(len=lengths[k]))
            archive.writestr(f"fake/{subject}/tc.mat", mat_bytes(tc=bold[k]))
    entry = {
        "title": "Four regions",
        "atlas": "made up",
        "regions": 4,
        "wheel": {
            "name": "fake",
            "version": "1.0",
            "filename": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        },
        "reader": "subjects",
        "options": {
            "subjects": ["a", "b"],
            "weights": {"member": "fake/{subject}/sc.mat", "variable": "sc"},
            "tract_lengths": {"member": "fake/{subject}/len.mat", "variable": "len"},
            "bold": {"member": "fake/{subject}/tc.mat", "variable": "tc"},
            "repetition_time_s": 0.72,
            "atlas": {
                "member": "fake/atlas.py",
                "class": "Atlas",
                "names": "names",
                "centres": "centers",
                "regions": 4,
                "affine": [[0.5, 0, 0, -7.5], [0, 1, 0, 0], [0, 0, 1, 0.04]],
            },
        },
        "terms": "for tests only",
        "citation": ["nobody"],
    }
    path = tmp_path / "registry.yaml"

    def rewrite(change=lambda entry: None):
        change(entry)
        path.write_text(yaml.safe_dump({"three": entry}))
        return load_registry(path)

    monkeypatch.setenv("NGNMM_WHEELS", str(wheels))
    rewrite.weights, rewrite.lengths, rewrite.bold, rewrite.wheel, rewrite.path = weights, lengths, bold, wheel, path
    return rewrite


@pytest.fixture
def read(tmp_path):
    """Writes a file and reads it as a connectome; a function gets its path, text and bytes are written."""

    def check(name, content, **options):
        path = tmp_path / name
        if callable(content):
            content(path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content)
        return read_connectome_file(path, **options)

    return check
