"""Measures many cases in turns: one round after the other, each case once per round, the yardstick before and after it.

A processor that strangers use changes its speed within seconds: what is compared must be measured next to each other.
"""

import json
import logging
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.processors import kept_on
from benchmarks.yardsticks import Yardsticks

MEASURE_S = 0.2  # CPU time that one measurement should take
LONGEST_MS = 500.0
LARGE, FEW = 200, 3  # regions from which on there are so few rounds


class Case(NamedTuple):
    """One thing to measure; `kind` is c, engine or peer, `processes` how many run at the same time."""

    kind: str
    method: str
    dtype: str
    regions: int
    processes: int


def yardstick(regions: int, processes: int = 1) -> Case:
    """The case that others are compared with."""
    return Case("c", "rk4", "float64", regions, processes)


@dataclass
class Results:
    """CPU seconds per simulated second and point, one per round; NaN-free: what is missing is in `missing`."""

    seconds: dict[Case, list[float]] = field(default_factory=dict)
    missing: dict[Case, str] = field(default_factory=dict)
    peaks: dict[tuple[str, int], list[float]] = field(default_factory=dict)  # by precision and regions of that run
    about: dict[int, dict[str, str]] = field(default_factory=dict)  # the run, by regions
    simulated_ms: dict[Case, float] = field(default_factory=dict)
    beside: dict[Case, list[float]] = field(default_factory=dict)  # the yardstick's, before and after: their mean

    def median(self, case: Case) -> float | None:
        """Median over the rounds; None for what could not be measured."""
        return statistics.median(self.seconds[case]) if case in self.seconds else None

    def ratio(self, case: Case, to: Case) -> float | None:
        """Median over the rounds of the ratio to another case: next to each other if it is the yardstick."""
        if case not in self.seconds or to not in self.seconds:
            return None
        others = self.beside.get(case, self.seconds[to]) if to == yardstick(case.regions) else self.seconds[to]
        return statistics.median(a / b for a, b in zip(self.seconds[case], others, strict=True))

    def share_of_peak(self, case: Case) -> float | None:
        """Median over the rounds of the arithmetic of an `rk4` step, per second, over the measured peak."""
        if case not in self.seconds:
            return None
        n = case.regions
        flops = (2.0 * n * n + 55.0 * n) * 4 * 1e5
        pairs = zip(self.seconds[case], self.peaks[case.dtype, n], strict=True)
        return statistics.median(flops / seconds / (peak * 1e9) for seconds, peak in pairs)

    def joined(self, other: "Results") -> "Results":
        """These results, with those of another run in place of what there is of its sizes of networks."""
        parts = []
        for name in FIELDS:
            mine, new = getattr(self, name), getattr(other, name)
            kept = {key: value for key, value in mine.items() if _regions(key) not in other.about}
            parts.append(kept | new)
        return Results(*parts)

    def save(self, path: Path) -> None:
        """Writes all to a file."""
        content = {name: [[key, value] for key, value in getattr(self, name).items()] for name in FIELDS}
        path.write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Reads what `save` has written."""
        content = json.loads(path.read_text(encoding="utf-8"))
        keys = {"peaks": tuple, "about": int}
        return cls(*({keys.get(name, lambda key: Case(*key))(k): v for k, v in content[name]} for name in FIELDS))


def _regions(key) -> int:
    """Regions that a key of `Results` belongs to."""
    return key.regions if isinstance(key, Case) else key[1] if isinstance(key, tuple) else key


FIELDS = tuple(Results.__dataclass_fields__)


class Worker:
    """A process that answers requests (`benchmarks.serve`), on a processor of its number."""

    def __init__(self, python: str, module: str, number: int = 0):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self.process = subprocess.Popen([python, "-m", module], preexec_fn=kept_on(number), **pipes)

    def ask(self, **request) -> None:
        """Sends a request."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict:
        """The answer to the last request."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"missing": "the process ended"}

    def close(self) -> None:
        """Lets the process end."""
        self.process.stdin.close()
        self.process.wait()


class Bench:
    """The processes, and how a case is run in them."""

    def __init__(self, yardsticks: Yardsticks, peers: str):
        self.yardsticks = yardsticks
        self.engines = [Worker(sys.executable, "benchmarks.worker", k) for k in range(2)]
        self.peer = Worker(peers, "benchmarks.peers")

    def run(self, case: Case, ms: float) -> tuple[float | None, str]:
        """CPU seconds per simulated second and point (mean over the processes), or None and why."""
        if case.kind == "c":
            return statistics.mean(
                self.yardsticks.seconds(case.method, case.dtype, case.regions, ms, case.processes)
            ), ""
        workers = self.engines[: case.processes] if case.kind == "engine" else [self.peer]
        request = {"regions": case.regions, "ms": ms}
        if case.kind == "engine":
            request |= {"method": case.method, "dtype": case.dtype}
        else:
            request |= {"peer": case.method} | ({"dtype": case.dtype} if case.method == "jax" else {})
        for worker in workers:
            worker.ask(**request)
        answers = [worker.answer() for worker in workers]
        if any("missing" in a for a in answers):
            return None, answers[0].get("missing", "")
        return statistics.mean(a["cpu"] for a in answers), ""

    def close(self) -> None:
        """Ends all processes."""
        for worker in (*self.engines, self.peer):
            worker.close()


def points_of(case: Case) -> int:
    """Points that a measurement advances, roughly; it only decides how long one takes."""
    return 1 if case.kind == "peer" and case.method != "jax" else 8 if case.dtype == "float64" else 16


def _one_round(bench: Bench, results: Results, cases: list[Case], reference: Case) -> None:
    """All cases of a size once; the yardstick before and after each that runs alone."""
    again = lambda: bench.run(reference, results.simulated_ms[reference])[0]
    before = again()
    for case in cases:
        results.seconds[case].append(bench.run(case, results.simulated_ms[case])[0])
        if case.processes == 1 and case != reference:
            after = again()
            results.beside.setdefault(case, []).append(0.5 * (before + after))
            before = after
        else:
            before = results.seconds[case][-1] if case == reference else again()


def measure(cases: list[Case], yardsticks: Yardsticks, peers: str, rounds: int) -> Results:
    """All cases, in turns."""
    bench, results, began = Bench(yardsticks, peers), Results(), time.perf_counter()
    for number, case in enumerate(cases):
        start = time.perf_counter()
        seconds, why = bench.run(case, 1.0)
        took = time.perf_counter() - start
        logging.info("case %d of %d, ready in %.1f s: %s", number + 1, len(cases), took, " ".join(map(str, case)))
        if seconds is None:
            results.missing[case] = why
            logging.info("%s: %s", case, why)
            continue
        ms = min(max(MEASURE_S / max(seconds * points_of(case) / 1000.0, 1e-9), 1.0), LONGEST_MS)
        results.simulated_ms[case] = float(round(ms))
        results.seconds[case] = []
    logging.info("%d cases are ready after %.1f minutes", len(results.seconds), (time.perf_counter() - began) / 60.0)
    sizes = sorted({case.regions for case in results.seconds})
    for number in range(rounds):
        some = [n for n in sizes if n < LARGE or number < FEW]
        for dtype in ("float64", "float32"):
            peak = yardsticks.peak(dtype)
            for n in some:
                results.peaks.setdefault((dtype, n), []).append(peak)
        for n in some:
            _one_round(bench, results, [case for case in results.seconds if case.regions == n], yardstick(n))
        minutes = (time.perf_counter() - began) / 60.0
        logging.info("round %d of %d, %.1f minutes", number + 1, rounds, minutes)
    bench.close()
    return results
