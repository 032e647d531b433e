"""Errors of the default method over the plane and on small networks, against DOP853, for docs/accuracy.md.

    python -m benchmarks.accuracy_points [--networks 60] [--precision float64] [--every 1]

Whole brain: 210 points, I_ext_e x G x Delta, from near the nominal state; largest absolute error of any state after
100 ms.  Small networks: rings, stars and random directed networks at random points; largest error of v over the last 10
of 100 ms, over its range, divided by the growth of a small perturbation where that exceeds 1.  Every point has the step
and the status that a study would give it.  About ten minutes, most of it for the references, which are kept in
--keep FOLDER if that is given.
"""

import argparse
import hashlib
import itertools
import logging
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.documents import DOCS, replace_part, table
from benchmarks.problem import MODEL, brain
from benchmarks.reference import Node, trajectory
from ngnmm_core.connectome import normalise
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.points import Points, make_points
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator

PLANE = tuple(itertools.product((0, 4, 8, 15, 25, 40), (0, 3, 10, 20, 30), (0.02, 0.05, 0.1, 0.2, 0.5, 2, 5)))
SPAN_MS, WINDOW_MS, SAMPLE_MS = 100.0, 10.0, 0.1
REST = 0.01  # range of v below which a point rests: over less, rounding alone would be left
NUDGE = 1e-7  # of a start, to see how much a small perturbation grows
POTENTIALS = [MODEL.state_names.index(name) for name in ("v_e", "v_i")]
STATUS = {0: "ok", 1: "diverged", 2: "inaccurate"}


class Found(NamedTuple):
    """What the method gave at some points, [point]: step (ms), status, error."""

    step_ms: np.ndarray
    status: np.ndarray
    error: np.ndarray


class _Path:
    """Keep all states of the window; gives `states` [point, sample, region, state]."""

    def __init__(self, options, window):
        self._parts, self._points = [], window.points

    def consume(self, block) -> None:
        self._parts.append(np.moveaxis(block.states, -1, 2).astype(float))  # [sample, group, lane, region, state]

    def finish(self, activity) -> dict[str, np.ndarray]:
        whole = np.concatenate(self._parts)
        whole = whole.reshape(len(whole), -1, *whole.shape[3:])[:, : self._points]
        return {"states": np.swapaxes(whole, 0, 1)}


def limit(Delta: float, precision: str = "float64") -> float:
    """Return the largest absolute error on a whole brain that is stated for a Delta; v reaches 20 / Delta or so."""
    if precision == "float32":
        return 3e-4 if Delta >= 1 else 1e-2 if Delta >= 0.5 else 0.2 if Delta >= 0.05 else 10.0
    return 5e-6 if Delta >= 0.5 else 1e-4 if Delta >= 0.05 else 1e-2


def small_limit(Delta: float, precision: str = "float64") -> float:
    """Return the largest error on a small network, over the range and the growth."""
    return 1e-3 if precision == "float32" else 1e-6 if Delta >= 0.5 else 1e-4


def points_from(rows) -> Points:
    """Points at rows (I_ext_e, G, Delta), every one with a seed of its own."""
    current, G, Delta = np.array(rows, float).T
    columns = {"I_ext_e": current, "G": G, "Delta": Delta, "seed": np.arange(len(rows))}
    return make_points(MODEL, {}, columns, len(rows))


class Trajectories:
    """References, computed once and kept in a folder if there is one."""

    def __init__(self, folder: Path | None):
        self._folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def of(self, W, row, start) -> np.ndarray:
        """States [time, region, state] of the window at one point."""
        current, G, Delta = map(float, row)
        times = np.arange(round((SPAN_MS - WINDOW_MS) / SAMPLE_MS) + 1, round(SPAN_MS / SAMPLE_MS) + 1) * SAMPLE_MS
        if self._folder is None:
            return trajectory(W, Node(G, current, Delta), start, times)
        key = hashlib.sha256(np.asarray(W).tobytes() + np.asarray([*row, *start.ravel()], float).tobytes()).hexdigest()
        path = self._folder / f"{key[:20]}.npy"
        if not path.exists():
            np.save(path, trajectory(W, Node(G, current, Delta), start, times))
        return np.load(path)


def simulate(W, points: Points, precision: str = "float64", **options) -> tuple[dict, np.ndarray]:
    """What a study would compute with these settings, and the initial states [point, region, state]."""
    settings = Simulation(
        duration_ms=SPAN_MS, transient_ms=SPAN_MS - WINDOW_MS, sample_ms=SAMPLE_MS, precision=precision,
        method="riccati", **options,
    )  # fmt: skip
    simulator = Simulator(MODEL, Connectome(W), settings, [(_Path, None)])
    return simulator.run(points), simulator.initial_states(points)


def whole_brain(W, rows, references: Trajectories, precision: str = "float64") -> Found:
    """Largest absolute error of any state after 100 ms."""
    results, start = simulate(W, points_from(rows), precision)
    errors = []
    for k, row in enumerate(rows):
        exact = references.of(W, row, start[k])[-1]
        errors.append(np.abs(results["states"][k, -1] - exact).max())
        logging.info("%s: %.3g", row, errors[-1])
    return Found(results["step_ms"], results["simulation_status"], np.array(errors))


def growth(W, row, start, exact, references: Trajectories) -> float:
    """How much a small perturbation of the start has grown over the window, at least 1."""
    nudge = NUDGE * np.random.default_rng(0).standard_normal(start.shape)
    moved = references.of(W, row, start + nudge)
    return max(float(np.abs(moved - exact).max() / np.abs(nudge).max()), 1.0)


def small_network(W, rows, references: Trajectories, precision: str = "float64") -> Found:
    """Largest error of v over the window, over its range and the growth of a small perturbation."""
    results, start = simulate(W, points_from(rows), precision)
    errors = []
    for k, row in enumerate(rows):
        exact = references.of(W, row, start[k])
        v, found = exact[..., POTENTIALS], results["states"][k][..., POTENTIALS]
        extent = np.maximum(np.ptp(v, axis=(0, 1)), REST)  # [potential]
        errors.append((np.abs(found - v).max(axis=(0, 1)) / extent).max() / growth(W, row, start[k], exact, references))
        logging.info("%d regions, %s: %.3g", len(W), row, errors[-1])
    return Found(results["step_ms"], results["simulation_status"], np.array(errors))


def ring(regions: int) -> np.ndarray:
    """Every region fed by its two neighbours."""
    return (np.roll(np.eye(regions), 1, axis=0) + np.roll(np.eye(regions), -1, axis=0)) / 2.0


def star(regions: int) -> np.ndarray:
    """A centre that all others feed and are fed by."""
    W = np.zeros((regions, regions))
    W[0, 1:], W[1:, 0] = 1.0 / (regions - 1), 1.0
    return W


def directed(regions: int, rng) -> np.ndarray:
    """Random weights, half of them absent, rows normalised; a region without input gets one."""
    W = rng.uniform(0.1, 1.0, (regions, regions)) * (rng.random((regions, regions)) < 0.5)
    np.fill_diagonal(W, 0.0)
    for i in np.flatnonzero(W.sum(axis=1) == 0):
        W[i, (i + 1) % regions] = 1.0
    return normalise(W, "row")


def random_cases(count: int, seed: int = 0):
    """Give (name, W, row) of random networks of 3 to 12 regions at random points."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        regions = int(rng.integers(3, 13))
        name = ("ring", "star", "directed")[k % 3]
        W = ring(regions) if name == "ring" else star(regions) if name == "star" else directed(regions, rng)
        row = (rng.uniform(-5.0, 40.0), rng.uniform(0.0, 30.0), float(np.exp(rng.uniform(np.log(0.05), np.log(5.0)))))
        yield f"{name} of {regions}", W, row


def wrong(found: Found, limits) -> np.ndarray:
    """Which points miss the stated accuracy with status ok, [point]."""
    return (found.status == 0) & ~(found.error <= limits)


def summary(title: str, rows, found: Found, bounds) -> list[str]:
    """Row of the table: points, errors, statuses and steps."""
    ok = found.status == 0
    worst = f"{found.error[ok].max():.1e}" if ok.any() else "-"
    middle = f"{np.median(found.error[ok]):.1e}" if ok.any() else "-"
    limits = np.array([bounds(row[2]) for row in rows])
    steps, counts = np.unique(found.step_ms, return_counts=True)
    used = ", ".join(f"{step:.4g} ({n})" for step, n in zip(steps[::-1], counts[::-1], strict=True))
    return [title, len(rows), middle, worst, f"{limits[0]:g}", int(wrong(found, limits).sum()), int((~ok).sum()), used]


def by_delta(rows, found: Found, bounds, edges) -> list[list[str]]:
    """Rows of the table, one per range of Delta."""
    Delta, out = np.array([row[2] for row in rows]), []
    for low, high in itertools.pairwise(edges):
        where = np.flatnonzero((Delta >= low) & (Delta < high))
        if len(where):
            part = Found(*(array[where] for array in found))
            name = f"{low:g}" if np.ptp(Delta[where]) == 0 else f"{low:g} to {high:g}"
            out.append(summary(f"Delta {name}", [rows[k] for k in where], part, bounds))
    return out


HEADER = [
    "points", "number", "median error", "largest error", "stated", "beyond it with status ok", "other status",
    "steps in ms (points)",
]  # fmt: skip


def complain(names, rows, found: Found, bounds) -> None:
    """Log every point that misses its accuracy with status ok, and those with another status."""
    for name, row, step, status, error in zip(names, rows, *found, strict=True):
        bad = status == 0 and not error <= bounds(row[2])
        if bad or status:
            what = STATUS[int(status)] if status else "WRONG"
            logging.info("%s: %s at %s, step %g, error %.3g", what, name, np.round(row, 4).tolist(), step, error)


def main() -> None:
    """Measures, and writes its part of docs/accuracy.md."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--precision", default="float64")
    parser.add_argument("--every", type=int, default=1, help="takes only every so many points of the plane")
    parser.add_argument("--keep", type=Path, help="folder for references")
    parser.add_argument("--write", action="store_true", help="writes docs/accuracy.md")
    options = parser.parse_args()
    references = Trajectories(options.keep)
    W, name = brain()
    rows = PLANE[:: options.every]
    brainy = whole_brain(W, rows, references, options.precision)
    cases = list(random_cases(options.networks))
    alone = [small_network(W_, [row], references, options.precision) for _, W_, row in cases]
    small = Found(*(np.concatenate(arrays) for arrays in zip(*alone, strict=True)))
    whole, few = (partial(bound, precision=options.precision) for bound in (limit, small_limit))
    complain(["brain"] * len(rows), rows, brainy, whole)
    complain([c[0] for c in cases], [c[2] for c in cases], small, few)
    deltas = sorted({row[2] for row in rows})
    text = (
        f"On {name}: largest absolute error of any state after 100 ms.\n\n"
        + table(HEADER, by_delta(rows, brainy, whole, [*deltas, np.inf]))
        + "\n\nOn rings, stars and random directed networks of 3 to 12 regions: largest error of v over the last 10 of "
        "100 ms,\nover its range and the growth of a small perturbation.\n\n"
        + table(HEADER, by_delta([c[2] for c in cases], small, few, (0.05, 0.5, 5.01)))
    )
    print(text)
    if options.write:
        replace_part(DOCS / "accuracy.md", "points" if options.precision == "float64" else "single", text)


if __name__ == "__main__":
    main()
