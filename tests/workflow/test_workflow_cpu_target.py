"""`cpu_target`: what jobs compute for, whatever the machine and the user's environment say; and across targets."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from checkouts import REPOSITORY, sha256

from ngnmm_core.compilation.cpu_target import SETTINGS, restrict

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64-v3 is a target of x86-64 processors"),
]
LOADED = """
from ngnmm_core.compilation.cpu_target import restrict
restrict("x86-64-v3")
import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as features
import numba
import scipy.linalg
from ngnmm_core.simulation.engine import wide_registers
@numba.njit(fastmath=True)
def add(x, y):
    for i in range(len(x)):
        y[i] += 2.5 * x[i]
add(np.ones(64), np.ones(64))
(code,) = add.inspect_asm().values()
wide_numpy = features.get("X86_V4", False) or features.get("AVX512_SKX", False)
print("zmm" in code, "ymm" in code, wide_numpy, wide_registers())
"""
# What a careless environment, or another machine, would say.
OTHERS = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "+sse4.2", "OPENBLAS_CORETYPE": "Nehalem"}
STUDY = {
    "simulation": {"duration_ms": 520, "transient_ms": 100, "dt_ms": 0.05, "method": "rk4"},  # compiles faster
    "analyses": ["rates", "fc"],
    "shards": 1,
}


def test_scripts_choose_the_target_before_numpy_is_loaded():
    command = "import sys, ngnmm_core.orchestration.script; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], cwd=REPOSITORY).returncode == 0


def test_all_libraries_compute_for_the_target():
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OPENBLAS_VERBOSE": "2"}
    done = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-4:] == ["False", "True", "False", "False"]
    cores = {line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Core: ")}
    assert cores == {"Core: Haswell"}


def test_a_target_that_comes_too_late_is_refused():
    with pytest.raises(RuntimeError, match="loaded already"):
        restrict("x86-64-v3")
    assert restrict("native") == {}


@pytest.fixture(scope="module")
def targets(checkout):
    """The sweep for each target, and once more for the second on what seems to be another machine."""
    native = checkout.run(study="native", **STUDY)
    restricted = checkout.run(study="restricted", cpu_target="x86-64-v3", **STUDY)
    before = checkout.environment
    checkout.environment = before | OTHERS
    try:
        elsewhere = checkout.run(study="elsewhere", cpu_target="x86-64-v3", **STUDY)
    finally:
        checkout.environment = before
    return [folder / "sweep.nc" for folder in (native, restricted, elsewhere)]


@pytest.mark.slow
def test_one_target_gives_the_same_bits_on_every_machine(targets):
    _, restricted, elsewhere = targets
    assert sha256(restricted) == sha256(elsewhere)


@pytest.mark.slow
def test_targets_agree_within_the_stated_tolerance(targets):
    """docs/cluster.md: 1e-6 of the largest rate within 300 ms; chaos lets last bits grow afterwards."""
    with xr.open_dataset(targets[0]) as native, xr.open_dataset(targets[1]) as restricted:
        for name in ("firing_rate", "firing_rate_std"):
            largest = float(np.abs(native[name]).max())
            np.testing.assert_allclose(restricted[name], native[name], rtol=0, atol=1e-6 * largest)


def test_every_target_of_the_study_is_known():
    from ngnmm_core.study.schema import StudyConfig

    assert set(StudyConfig.model_json_schema()["properties"]["cpu_target"]["enum"]) == set(SETTINGS)
