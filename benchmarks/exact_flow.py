"""What the exact flow takes at the points of its targets: step, error and time over the yardstick's.

A step of half the size costs twice the time, so that the time of a point is that of a step of 0.1 ms, which
`benchmarks.bench` measures, times 0.1 ms over its own step.  The trial that chooses the step is not counted.
"""

from typing import NamedTuple

import numpy as np

from benchmarks.accuracy_points import points_from
from benchmarks.problem import MODEL, brain
from benchmarks.reference import Node, trajectory
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator

FOUR = ((15, 5, 1.0), (15, 30, 1.0), (8, 15, 1.0), (12, 9, 1.0))
HALF = ((15, 5, 0.5), (12, 9, 0.5))
LONGEST_MS, SPAN_MS = 0.1, 100.0
STARTS = ("homogeneous", "random")


class Row(NamedTuple):
    """One row of the table: points (I_ext_e, G, Delta), settings, and what is asked for."""

    name: str
    rows: tuple
    settings: dict[str, str]
    error: float  # at most
    ratio: tuple[float, float]  # at most, with one and with two units for fused multiply-adds


ROWS = (
    Row("default, four points, Delta 1", FOUR, {}, 5e-6, (0.15, 0.12)),
    Row("default, two points, Delta 0.5", HALF, {}, 5e-6, (0.28, 0.24)),
    Row("`accuracy: strict`, four points", FOUR, {"accuracy": "strict"}, 1e-7, (0.28, 0.23)),
    Row("`precision: float32`, four points", FOUR, {"precision": "float32"}, 3e-4, (0.08, 0.08)),
)


class _Last:
    """Keeps the last states [point, region, state]."""

    def __init__(self, options, window):
        self._points = window.points

    def consume(self, block) -> None:
        last = np.moveaxis(block.states[-1], -1, 1)
        self._states = last.reshape(-1, *last.shape[2:])[: self._points].astype(float)

    def finish(self, activity) -> dict[str, np.ndarray]:
        return {"states": self._states}


def steps_and_error(W: np.ndarray, row: Row) -> tuple[np.ndarray, float]:
    """Steps (ms) of all points from both starts, and the largest error of any state after 100 ms."""
    steps, worst = [], 0.0
    for start in STARTS:
        settings = Simulation(
            duration_ms=SPAN_MS, transient_ms=SPAN_MS - 1.0, initial={"from": start}, method="riccati", **row.settings
        )
        simulator, points = Simulator(MODEL, Connectome(W), settings, [(_Last, None)]), points_from(row.rows)
        results, initial = simulator.run(points), simulator.initial_states(points)
        for k, (current, G, Delta) in enumerate(row.rows):
            exact = trajectory(W, Node(float(G), float(current), Delta), initial[k], np.array([SPAN_MS]))[0]
            worst = max(worst, float(np.abs(results["states"][k] - exact).max()))
        steps += results["step_ms"].tolist()
    return np.array(steps), worst


def table_rows(ratios: dict[str, float]) -> list[list[str]]:
    """Rows: what, steps, error, time over the yardstick's; `ratios` by precision are those of steps of 0.1 ms."""
    W, _ = brain()
    out = []
    for row in ROWS:
        steps, error = steps_and_error(W, row)
        ratio = ratios[row.settings.get("precision", "float64")] * float(np.mean(LONGEST_MS / steps))
        used, counts = np.unique(steps, return_counts=True)
        text = ", ".join(f"{step:g} ({n})" for step, n in zip(used[::-1], counts[::-1], strict=True))
        out.append(
            [row.name, text, f"{error:.1e}", f"{row.error:g}", f"{ratio:.3f}", f"{row.ratio[0]:g}; {row.ratio[1]:g}"]
        )
    return out
