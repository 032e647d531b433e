"""What a simulate job spends besides its kernels: on the reducers, and until its first step."""

import statistics
import subprocess
import sys
import time
from collections import defaultdict
from functools import wraps

import numpy as np

from benchmarks.problem import MODEL, dense_network, points_at
from ngnmm_core.analysis.fc import FcOptions, FcReducer
from ngnmm_core.analysis.rates import RatesOptions, RatesReducer
from ngnmm_core.analysis.spectra import SpectraOptions, SpectraReducer
from ngnmm_core.analysis.synchrony import SynchronyOptions, SynchronyReducer
from ngnmm_core.connectome import Connectome
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator

REGIONS, POINTS = 90, 16
REDUCERS = (
    (RatesReducer, RatesOptions()),
    (SpectraReducer, SpectraOptions()),
    (FcReducer, FcOptions()),
    (SynchronyReducer, SynchronyOptions()),
)
SETTINGS = {"duration_ms": 3000.0, "transient_ms": 1000.0}
STARTS = 5
# What a job does until its network has taken a step; the clock of the whole system is the same in both processes.
START = """
import time
from benchmarks.problem import MODEL, dense_network, points_at
from ngnmm_core.connectome.connectome import Connectome
import ngnmm_core.sweep.shard, ngnmm_core.stages.simulation
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
simulator = Simulator(MODEL, Connectome(dense_network(90)), Simulation(duration_ms=1.0, transient_ms=0.2))
simulator.feed(points_at([(15, 5)] * 8, range(8)))
print(time.time(), time.process_time())
"""


def _timed(seconds, name, function):
    @wraps(function)
    def timed(*arguments, **options):
        start = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            seconds[name] += time.process_time() - start

    return timed


def of_a_job() -> dict[str, float]:
    """CPU seconds of a job by part: kernels, each reducer (collecting and finishing), everything else."""
    seconds: dict[str, float] = defaultdict(float)
    timed = []
    for reducer, options in REDUCERS:
        name = reducer.__name__.removesuffix("Reducer").lower()
        parts = {part: _timed(seconds, name, getattr(reducer, part)) for part in ("consume", "finish")}
        timed.append((type(reducer.__name__, (reducer,), parts), options))
    simulator = Simulator(MODEL, Connectome(dense_network(REGIONS)), Simulation(**SETTINGS), timed)
    points = points_at([(15 - 0.1 * k, 5 + 0.1 * k) for k in range(POINTS)], np.arange(POINTS))
    simulator.run(points.take(slice(0, 8)))  # compiles
    seconds.clear()
    plain = Run.advance
    Run.advance = _timed(seconds, "kernels", plain)
    try:
        start = time.process_time()
        simulator.run(points)
        whole = time.process_time() - start
    finally:
        Run.advance = plain
    return dict(seconds) | {"other": whole - sum(seconds.values())}


def start_seconds() -> dict[str, float]:
    """Seconds from the start of a job's process to its first steps, with a warm cache; medians of a few starts."""
    wall, cpu = [], []
    for _ in range(STARTS + 1):
        begin = time.time()
        out = subprocess.run([sys.executable, "-c", START], check=True, capture_output=True, text=True).stdout
        end, used = map(float, out.split()[-2:])
        wall.append(end - begin)
        cpu.append(used)
    return {"start": statistics.median(wall[1:]), "start_cpu": statistics.median(cpu[1:])}


def measure() -> dict[str, float]:
    """Shares of a job in per cent, and the seconds to its first step."""
    seconds = of_a_job()
    whole = sum(seconds.values())
    return {name: 100.0 * value / whole for name, value in seconds.items()} | start_seconds()


if __name__ == "__main__":
    for part, value in measure().items():
        print(f"{part}: {value:.2f}")
