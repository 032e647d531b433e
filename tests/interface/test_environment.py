"""The lock files, environment.yml and pyproject.toml name the same packages at the same versions."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lock():
    """The tool that makes the lock files."""
    spec = importlib.util.spec_from_file_location("lock", ROOT / "tools" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def locked(lock):
    """Versions in requirements.lock."""
    return lock.locked_versions(ROOT / "requirements.lock")


def test_conda_users_get_the_versions_of_the_lock(lock, locked):
    text = (ROOT / "environment.yml").read_text()
    assert text == lock.environment(locked)
    pins = dict(line.split("=") for line in yaml.safe_load(text)["dependencies"] if ">" not in line)
    ours = {lock.CONDA_NAMES.get(n, n): v for n, v in locked.items()}
    assert len(pins) > 10
    assert pins == {name: ours[name] for name in pins}


@pytest.mark.parametrize(
    ("file", "extras"),
    [
        ("requirements.lock", ("slurm",)),
        ("requirements-dev.lock", ("dev",)),
        ("requirements-docs.lock", ("docs", "notebook", "viz")),
    ],
)
def test_every_direct_dependency_is_locked(lock, file, extras):
    versions = lock.locked_versions(ROOT / file)
    assert {lock.name_of(r) for r in lock.direct_dependencies(*extras)} <= set(versions)


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock", "requirements-docs.lock"])
def test_locks_have_hashes_and_no_index(file):
    text = (ROOT / file).read_text()
    packages = re.findall(r"^[a-z0-9_.-]+==", text, re.MULTILINE)
    assert len(re.findall(r"\\\n    --hash=sha256:", text)) >= len(packages)
    assert "://" not in text


@pytest.mark.parametrize("file", ["requirements-dev.lock", "requirements-docs.lock"])
def test_locks_agree(lock, locked, file):
    others = lock.locked_versions(ROOT / file)
    assert {name: others[name] for name in locked} == locked
