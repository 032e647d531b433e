"""Which processor a job computes for, so that a mixed cluster gives the same bits on all of its nodes.

Four libraries choose their instructions when they are loaded, each in its own way: numba (the kernels), numpy (its
vector loops), and OpenBLAS as numpy and as scipy bring it.  All of them read the environment, so it must be set before
any of them is imported.
"""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

NATIVE = "native"
# Haswell has exactly what x86-64-v3 stands for: AVX2, FMA, BMI, no AVX-512.  The features of numba are those of the
# processor's name and no others; numpy has had two sets of names for what it may not use.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    NATIVE: {},
    "x86-64-v3": {
        "NUMBA_CPU_NAME": "x86-64-v3",
        "NUMBA_CPU_FEATURES": "",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL",
    },
}


def restrict(target: str) -> Mapping[str, str]:
    """Lets this process, and those that it starts, compute for a target; returns what was set.

    Raises
    ------
    RuntimeError
        If numpy is loaded already, and has chosen its instructions.
    """
    settings = SETTINGS[target]
    if settings and "numpy" in sys.modules:
        raise RuntimeError(f"cpu_target {target}: numpy is loaded already")
    os.environ.update(settings)
    return settings


def processor() -> str:
    """Name of the processor of this machine."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
