"""The wheel, away from the checkout: it has the registry, the bundled studies and the workflow, and runs a study."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STUDY = {
    "study": "mini",
    "connectome": {"path": "six.csv"},
    "grid": {"G": [2, 5], "I_ext_e": [3, 13]},
    "simulation": {"duration_ms": 150, "transient_ms": 50, "dt_ms": 0.05, "method": "rk4"},  # compiles faster
    "analyses": ["synchrony"],
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this checkout."""
    pytest.importorskip("hatchling", reason="hatchling is not installed: `make env` installs it")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`installed(*words)`: runs the command of the wheel in an empty folder, with a home that can't be written."""
    site, work = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("work")
    zipfile.ZipFile(wheel).extractall(site)
    weights = np.triu(np.random.default_rng(6).uniform(0.2, 1.0, (6, 6)), 1)
    np.savetxt(work / "six.csv", weights + weights.T, delimiter=",")
    (work / "mini.yaml").write_text(yaml.safe_dump(STUDY))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NGNMM_", "XDG_", "PYTEST", "SNAKEMAKE"))}
    environment = kept | {"PYTHONPATH": str(site), "HOME": "/proc/nowhere", "TMPDIR": str(work)}

    def run(*words):
        command = [sys.executable, "-m", "ngnmm_core", *words]
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=300)

    run.site, run.work = site, work
    return run


def test_nothing_of_the_checkout_is_used(installed):
    where = "import ngnmm_core, ngnmm_core.installation as i; print(ngnmm_core.__file__, i.workflow_folder())"
    environment = {"PYTHONPATH": str(installed.site), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", where], env=environment, cwd="/", capture_output=True, text=True)
    package, folder = done.stdout.split()
    assert Path(package).is_relative_to(installed.site)
    assert Path(folder).is_relative_to(installed.site)


def test_the_wheel_has_every_file_of_the_workflow(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(["git", "ls-files", "workflow", "config", "profiles", "ngnmm_core"], cwd=ROOT, text=True,
                            capture_output=True, check=True).stdout.split()  # fmt: skip
    shared = {name if name.startswith("ngnmm_core/") else f"ngnmm_core/share/{name}" for name in listed}
    assert len(shared) > 200
    assert {name for name in shared if (ROOT / name.replace("ngnmm_core/share/", "")).is_file()} <= packed


@pytest.mark.slow
def test_registry_and_bundled_studies_are_found(installed):
    assert "hcp-aal2-94" in installed("connectomes").stdout
    done = installed("check", "paper_quick")
    assert done.returncode == 0, done.stderr
    assert "paper_quick/msf2d" in done.stdout


@pytest.mark.slow
@pytest.mark.workflow
def test_a_study_runs_to_its_results(installed):
    done = installed("run", "mini.yaml", "--cores", "2", "results/mini/sweep.nc")
    assert done.returncode == 0, done.stderr
    assert (installed.work / "results/mini/sweep.nc").is_file()
    assert "100 %, 4 of 4 points" in done.stderr
    assert len(done.stderr.splitlines()) <= 20, done.stderr
