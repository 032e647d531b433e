"""Builds and runs the C yardsticks, with the compiler in CC (cc if not set)."""

import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.problem import dense_network, points_at, start_of
from benchmarks.processors import kept_on
from ngnmm_core.kernels.layout import row_block
from ngnmm_core.simulation.engine import wide_registers

SOURCES = Path(__file__).parent / "yardsticks"
REALS = {"float64": "double", "float32": "float"}
LANES = {"float64": 8, "float32": 16}
STEPS_MS = {"rk4": 0.01, "riccati": 0.1}  # of the programs


class Yardsticks:
    """Programs in a temporary folder, compiled when first asked for."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.compiler = os.environ.get("CC", "cc")

    def _build(self, source: str, **macros) -> str:
        name = "-".join([source, *map(str, macros.values())])
        program = self.folder / name
        if not program.exists():
            defines = [f"-D{key}={value}" for key, value in macros.items()]
            flags = ["-O3", "-march=native", *(["-ffast-math"] if source != "peak" else [])]
            command = [self.compiler, *flags, *defines, str(SOURCES / f"{source}.c"), "-o", str(program), "-lm"]
            subprocess.run(command, check=True)
        return str(program)

    def _fused(self, dtype: str) -> tuple[float, float]:
        program = self._build("peak", REAL=REALS[dtype])
        peak, units = subprocess.run(
            [program], preexec_fn=kept_on(0), check=True, capture_output=True, text=True
        ).stdout.split()
        return float(peak), float(units)

    def peak(self, dtype: str) -> float:
        """GFLOP/s of fused multiply-adds on one core."""
        return self._fused(dtype)[0]

    def units(self) -> float:
        """Units for fused multiply-adds that a core keeps busy, as the peak and the latency of one tell."""
        return statistics.median(self._fused("float64")[1] for _ in range(7))

    def _command(self, method: str, dtype: str, regions: int, ms: float) -> list[str]:
        rows = row_block(regions, wide_registers())
        files = [self.folder / f"{name}-{regions}.bin" for name in ("W", "start")]
        if not files[0].exists():
            dense_network(regions).tofile(files[0])
            start_of(points_at([(15, 5)]), regions, False)[0].T.tofile(files[1])
        program = self._build(method, REAL=REALS[dtype], REGIONS=regions, ROWS=rows)
        return [program, *map(str, files), str(STEPS_MS[method]), str(round(ms / STEPS_MS[method]))]

    def seconds(self, method: str, dtype: str, regions: int, ms: float, processes: int = 1) -> list[float]:
        """CPU seconds per simulated second and point, of each of some processes at the same time."""
        command = self._command(method, dtype, regions, ms)
        options = {"stdout": subprocess.PIPE, "text": True}
        running = [subprocess.Popen(command, preexec_fn=kept_on(k), **options) for k in range(processes)]
        return [float(p.communicate()[0]) * 1000.0 / ms / LANES[dtype] for p in running]

    def states(self, method: str, regions: int, ms: float) -> np.ndarray:
        """States [state, region] of the first point after `ms`, for a check against the engine."""
        end = self.folder / "end.bin"
        subprocess.run([*self._command(method, "float64", regions, ms), str(end)], check=True, capture_output=True)
        return np.fromfile(end).reshape(6, regions)
