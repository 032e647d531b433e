"""The cache of compiled kernels: what one process has compiled, another must be able to run."""

import os
import subprocess
import sys

import pytest

FACTORY = """
import sys
from math import exp
from ngnmm_core.compilation.kernel_cache import cached
from ngnmm_core.kernels.llvm import kernel

def make(factor):
    @kernel
    def inner(x):  # long, and called twice: so it is not inlined, like the stages of an integrator
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        return factor * (x / x)

    return cached(kernel(lambda x: inner(inner(x))), f"factor-{factor}", f"factor-{factor}")

for factor in sys.argv[1:]:
    print(make(float(factor))(0.0))
"""


@pytest.fixture
def factors(tmp_path):
    """Runs one cached kernel per factor, in a new process with a cache of the test's own; gives what they return."""

    def run(*names):
        command = [sys.executable, "-c", FACTORY, *names]
        environment = os.environ | {"NGNMM_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return [float(line) for line in done.stdout.split()]

    run.files = lambda: {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    return run


def test_a_kernel_is_compiled_once(factors):
    assert factors("1.5") == [1.5]
    files = factors.files()
    assert len(files) == 1
    assert factors("1.5") == [1.5]
    assert factors.files() == files


def test_kernels_compiled_by_different_processes_can_be_loaded_together(factors):
    assert factors("1.5") == [1.5]
    assert factors("2.5") == [2.5]
    assert factors("1.5", "2.5") == [1.5, 2.5]
    assert factors("2.5", "1.5") == [2.5, 1.5]
