"""Error of every method against DOP853, and the order of each, for docs/accuracy.md.

    python -m benchmarks.accuracy

With NGNMM_SC2017 (path of the paper's matrix) on the paper's network, else on a made-up one.  About a minute.
"""

import numpy as np

from benchmarks.documents import DOCS, replace_part, table
from benchmarks.problem import brain, dense_network, new_run, points_at, start_of
from benchmarks.reference import Node, trajectory

PLACES = ((15, 5), (15, 30), (8, 15), (12, 9))
SPAN_MS = 100.0
# (method, step in ms, precision)
CASES = (
    ("riccati", 0.1, "float64"),
    ("riccati", 0.05, "float64"),
    ("multirate", 0.05, "float64"),
    ("rk4", 0.01, "float64"),
    ("rk4", 0.02, "float64"),
    ("heun", 0.01, "float64"),
    ("riccati", 0.1, "float32"),
    ("multirate", 0.05, "float32"),
    ("rk4", 0.01, "float32"),
)
STEPS = tuple(0.2 / n for n in (20, 16, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1))  # ms
SMOOTH_MS = 20.0
FEWEST_STEPS = {"riccati": 50, "multirate": 25, "rk4": 100, "heun": 400}  # the first two make four of each


def references(W, points, start, span_ms: float) -> np.ndarray:
    """States [point, region, state] after `span_ms` by DOP853 at a relative tolerance of 1e-12."""
    p, times = points.parameters, np.array([span_ms])
    nodes = [Node(*map(float, row)) for row in zip(p["G"], p["I_ext_e"], p["Delta_e"], strict=True)]
    return np.stack([trajectory(W, node, s, times)[0] for node, s in zip(nodes, start, strict=True)])


def end_of(run, dt_ms: float, span_ms: float) -> np.ndarray:
    """States [point, region, state] after `span_ms`."""
    with np.errstate(all="ignore"):
        run.advance(dt_ms, round(span_ms / dt_ms), 1)
    return run.by_point(run.states)


def errors(W, points, start, exact) -> list[list[str]]:
    """Rows of the table: largest error of any state of any region, for every method."""
    rows = []
    for method, dt, precision in CASES:
        found = end_of(new_run(W, points, start, method, precision), dt, SPAN_MS)
        worst = np.abs(found - exact).max(axis=(1, 2))
        name = f"`{method}`, {dt:g} ms" + (", float32" if precision == "float32" else "")
        rows.append([name, *(f"{e:.1e}" if np.isfinite(e) else "blows up" for e in worst)])
    return rows


def stable_steps(W, points, start) -> list[list[str]]:
    """Rows of a table: the longest of some steps with which a point stays finite for 100 ms, by method."""
    rows = []
    for method in ("multirate", "rk4", "heun"):
        finite = [np.isfinite(end_of(new_run(W, points, start, method), dt, SPAN_MS)).all(axis=(1, 2)) for dt in STEPS]
        longest = np.array(STEPS)[np.argmin(np.vstack([finite, np.zeros(len(points), bool)]), axis=0) - 1]
        rows.append([f"`{method}`", *(f"{dt:.3g}" for dt in longest)])
    return rows


def orders() -> list[list[str]]:
    """Slope of log error against log step, where there are no bursts (Delta = 5), by method."""
    W, rows = dense_network(12), []
    points = points_at([(13, 5)], Delta_e=5.0, Delta_i=5.0)
    start = start_of(points, 12, False)
    exact = references(W, points, start, SMOOTH_MS)
    for method, fewest in FEWEST_STEPS.items():
        steps = fewest * np.array([1, 2, 4])
        found = [end_of(new_run(W, points, start, method), SMOOTH_MS / n, SMOOTH_MS) for n in steps]
        error = [np.abs(x - exact).max() for x in found]
        order = -np.polyfit(np.log(steps), np.log(error), 1)[0]
        pairs = zip(steps, error, strict=True)
        rows.append([f"`{method}`", f"{order:.2f}", *(f"{SMOOTH_MS / n:g}: {e:.1e}" for n, e in pairs)])
    return rows


def main() -> None:
    """Writes both parts of docs/accuracy.md."""
    W, name = brain()
    points = points_at(PLACES)
    header = ["largest error after 100 ms at (I_ext_e, G) =", *map(str, PLACES)]
    parts = []
    for near, title in ((True, "From near the homogeneous state"), (False, "From near the nominal state")):
        start = start_of(points, len(W), near)
        exact = references(W, points, start, SPAN_MS)
        parts.append(f"{title}:\n\n{table(header, errors(W, points, start, exact))}")
    stable = table(["longest step (ms) that does not blow up at", *map(str, PLACES)], stable_steps(W, points, start))
    replace_part(DOCS / "accuracy.md", "stable", stable)
    replace_part(DOCS / "accuracy.md", "errors", f"On {name}.\n\n" + "\n\n".join(parts))
    rows = orders()
    replace_part(DOCS / "accuracy.md", "orders", table(["method", "order", *["step (ms): error"] * 3], rows))


if __name__ == "__main__":
    main()
