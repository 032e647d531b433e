"""Seconds and memory per simulated second against regions, beside an odeint loop and what is claimed for one.

    python -m benchmarks.scaling

Writes a part of docs/benchmarks/README.md; `make bench` runs it after the rest.  Every case is measured once, in a
process of its own: CPU time, and by how much its peak of memory grows while it runs.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.documents import DOCS, replace_part, table

REGIONS = (10, 90, 1000)
CLAIMED = {10: ("0.5 s", "10 MB"), 90: ("12 s", "200 MB"), 1000: ("850 s", "4 GB")}
OURS_MS = (1000.0, 1500.0)  # analysed: what a run takes and grows by with its length is the difference
ODEINT_MS = {10: 500.0, 90: 100.0, 1000: 10.0}  # a second of 1000 regions would take a quarter of an hour
ANALYSES = ("rates", "spectra", "fc", "synchrony")


def ours(regions: int, ms: float) -> Callable[[], tuple[int, int]]:
    """A full batch with the default method and analyses, from states near the nominal one."""
    from benchmarks.problem import MODEL, dense_network, points_at
    from ngnmm_core.analysis.registry import get_analysis
    from ngnmm_core.connectome import Connectome
    from ngnmm_core.simulation.settings import Simulation
    from ngnmm_core.simulation.simulator import Simulator

    def simulator(length: float) -> Simulator:
        settings = Simulation(duration_ms=length + 100.0, transient_ms=100.0)
        chosen = [get_analysis(name) for name in ANALYSES]
        return Simulator(
            MODEL, Connectome(dense_network(regions)), settings, [(a.reducer, a.options()) for a in chosen]
        )

    run = simulator(ms)
    count = run.engine.batch_size
    points = points_at([(15.0 - 0.02 * k, 5.0 + 0.02 * k) for k in range(count)])
    simulator(100.0 if regions > 500 else 1000.0).feed(points)  # compiles

    def go() -> tuple[int, int]:
        results = run.run(points)
        return count, sum(values.nbytes for values in results.values()) // count

    return go


def odeint(regions: int, ms: float) -> Callable[[], tuple[int, int]]:
    """The loop over regions of `benchmarks.peers`, which returns every state every 0.1 ms."""
    from benchmarks.peers import odeint as peer

    run, _ = peer(regions)
    run(0.2)
    return lambda: (1, run(ms).nbytes)


def measure(kind: str, regions: int, ms: float) -> dict[str, float]:
    """In this process: CPU seconds per point, growth of the peak and whole peak in MB, MB of the result per point."""
    go = {"ours": ours, "odeint": odeint}[kind](regions, ms)
    before, cpu = _peak(), time.process_time()
    points, result = go()
    cpu = (time.process_time() - cpu) / points
    return {"cpu": cpu, "growth": (_peak() - before) / points, "peak": _peak(), "result": result / 2**20}


def _peak() -> float:
    """Largest memory of this process so far (MB).

    The kernel's own count starts with the process that this one was forked from, so Linux is asked for the peak of the
    address space.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        return float(re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))[1]) / 1024.0
    unit = 1024.0**2 if sys.platform == "darwin" else 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def apart(kind: str, regions: int, ms: float) -> dict[str, float]:
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scaling", "--case", kind, str(regions), str(ms)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def rows() -> list[list[str]]:
    """The table."""
    result = []
    for regions in REGIONS:
        short, long = (apart("ours", regions, ms) for ms in OURS_MS)
        loop, ms = apart("odeint", regions, ODEINT_MS[regions]), ODEINT_MS[regions]
        extra = 1000.0 / (OURS_MS[1] - OURS_MS[0])
        seconds, memory = CLAIMED[regions]
        result.append(
            [
                str(regions),
                f"{(long['cpu'] - short['cpu']) * extra:.3g} s",
                f"{max(long['growth'] - short['growth'], 0.0) * extra:.2g} MB",
                f"{short['peak']:.0f} MB",
                f"{1000.0 / ms * loop['cpu']:.3g} s",
                f"{1000.0 / ms * loop['result']:.3g} MB",
                f"{loop['peak']:.0f} MB in {ms:g} ms",
                seconds,
                memory,
            ]
        )
    return result


def write() -> None:
    """Measures, and writes the part of the page."""
    head = ["regions", "ours, CPU", "ours, more memory", "ours, process", "odeint loop, CPU", "odeint loop, result"]
    head += ["odeint loop, process", "claimed time", "claimed memory"]
    replace_part(DOCS / "benchmarks" / "README.md", "scaling", table(head, rows()))


def main() -> None:
    """One case, or everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", nargs=3, metavar=("KIND", "REGIONS", "MS"))
    case = parser.parse_args().case
    if case is None:
        write()
    else:
        print(json.dumps(measure(case[0], int(case[1]), float(case[2]))))


if __name__ == "__main__":
    main()
