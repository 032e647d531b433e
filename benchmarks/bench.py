"""Speed of every method, beside hand-written C and other tools, for docs/benchmarks/.

    python -m benchmarks.bench [--peers PYTHON] [--rounds 9] [--regions 10,90,379,1000] [--parts methods,dynamics]

Methods are measured in turns, and medians of ratios are what counts: a machine that others use is slow for all of them.
Networks of a size are compared with each other only, so that `--keep FILE` can put runs of several sizes together.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

from benchmarks import (
    against_recordings,
    bench_report,
    chaotic_exponents,
    dynamics_times,
    scaling,
    shares,
    whole_study,
)
from benchmarks.documents import machine
from benchmarks.rounds import LARGE, Case, Results, measure
from benchmarks.yardsticks import Yardsticks

ENGINE = (
    ("riccati", "float64"),
    ("riccati", "float32"),
    ("riccati with noise", "float64"),
    ("riccati with delays", "float64"),
    ("riccati with rounded delays", "float64"),
    ("riccati with maps", "float64"),
    ("rk4", "float64"),
    ("rk4", "float32"),
    ("multirate", "float64"),
    ("multirate", "float32"),
    ("multirate with delays", "float64"),
    ("multirate with maps", "float64"),
    ("heun", "float64"),
)
# name, options, largest network that it is asked for: the next would take minutes
PEERS = (
    ("solve_ivp", {}, 1000),
    ("odeint", {}, 90),
    ("jax", {"dtype": "float64"}, 1000),
    ("jax", {"dtype": "float32"}, 1000),
    ("tvb", {}, 379),
)


def cases(regions: list[int], peers: str | None) -> list[Case]:
    """All that is measured."""
    chosen = []
    for n in regions:
        chosen += [Case("c", "rk4", dtype, n, k) for dtype in ("float64", "float32") for k in (1, 2)]
        chosen += [Case("c", "riccati", "float64", n, 1)]
        some = ENGINE if n < LARGE else [one for one in ENGINE if " with " not in one[0]]
        chosen += [Case("engine", method, dtype, n, k) for method, dtype in some for k in (1, 2)]
        chosen += [
            Case("peer", name, options.get("dtype", "float64"), n, 1) for name, options, most in PEERS if n <= most
        ]
    return [case for case in chosen if case.kind != "peer" or peers or case.method in ("solve_ivp", "odeint")]


def methods(options: argparse.Namespace) -> None:
    """Speed of all methods, beside C and the other tools, and the shares of a job."""
    about, yardsticks = machine(), Yardsticks()
    about["units"] = f"about {yardsticks.units():.1f} units for them"
    regions = [int(n) for n in options.regions.split(",")]
    results = measure(cases(regions, options.peers), yardsticks, options.peers or sys.executable, options.rounds)
    results.about = dict.fromkeys(regions, about)
    if options.keep and options.keep.is_file():
        results = Results.read(options.keep).joined(results)
    if options.keep:
        results.save(options.keep)
    bench_report.write(results, shares.measure())


PARTS = {
    "methods": methods,
    "dynamics": lambda options: dynamics_times.write(),
    "memory": lambda options: scaling.write(),
    "chaos": lambda options: chaotic_exponents.write(),
    "recordings": lambda options: against_recordings.write(),
    "study": lambda options: whole_study.write(),
}


def main() -> None:
    """Measures, and writes the report."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="an interpreter with benchmarks/requirements-peers.txt")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--regions", default="10,90,94,379,1000")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--keep", type=Path, help="a file of results that this run adds its sizes of networks to")
    options = parser.parse_args()
    chosen = options.parts.split(",")
    if not set(chosen) <= set(PARTS):
        parser.error(f"--parts {options.parts}; allowed: any of {','.join(PARTS)}")
    for name in chosen:
        began = time.perf_counter()
        PARTS[name](options)
        logging.info("%s: done in %.1f minutes", name, (time.perf_counter() - began) / 60.0)


if __name__ == "__main__":
    main()
