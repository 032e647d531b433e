"""Branches, curves and special points as rows of tables of fixed size."""

import numpy as np

from ngnmm_core.analysis.contract import Variable
from ngnmm_core.dynamics.continuation.branches import CycleBranch
from ngnmm_core.dynamics.continuation.diagram import Diagram
from ngnmm_core.dynamics.continuation.plane import Curve
from ngnmm_core.dynamics.continuation.special import Sample


class Table:
    """The tables of one diagram, filled row by row; what does not fit is left out and `truncated` says so.

    Parameters
    ----------
    variables : sequence of Variable
        What is written.
    sizes : mapping of dimension to int
    """

    def __init__(self, variables, sizes):
        self.flags = {v.name: v.flags for v in variables}
        self.arrays = {v.name: _blank(v, sizes) for v in variables}
        self.filled = {"branch": 0, "special": 0}
        self.truncated = False

    def add(self, prefix: str, **values) -> None:
        """Append rows: arrays [row, ...] or one value for all; words are turned into their codes."""
        count = max((len(v) for v in values.values() if isinstance(v, np.ndarray)), default=1)
        start = self.filled[prefix]
        room = len(self.arrays["branch" if prefix == "branch" else "special_kind"]) - start
        self.truncated |= count > room
        count = min(count, room)
        for key, value in values.items():
            name = prefix if key == "number" else f"{prefix}_{key}"
            if isinstance(value, str):
                value = self.flags[name].index(value)
            self.arrays[name][start : start + count] = value[:count] if isinstance(value, np.ndarray) else value
        self.filled[prefix] = start + count

    # ------------------------------------------------------------------ one parameter
    def add_diagram(self, diagram: Diagram) -> None:
        """All branches and special points of a diagram."""
        for number, branch in enumerate(diagram.equilibria):
            self.add(
                "branch", number=number, kind="equilibrium", doublings=0, parameter=branch.drive,
                stable=branch.stable.astype(np.int8), unstable=branch.unstable_dimensions.astype(np.int16),
                min=branch.states, max=branch.states, mean=branch.states,
            )  # fmt: skip
        for number, point in diagram.points:
            self.add(
                "special", branch=number, kind=point.kind, parameter=point.drive, period=point.period,
                supercritical={"supercritical": 1, "subcritical": 0}.get(point.criticality, -1),
                min=point.state[None], max=point.state[None], mean=point.state[None],
            )  # fmt: skip
        for number, (level, cycles) in enumerate(diagram.cycles, len(diagram.equilibria)):
            self._add_cycles(number, level, cycles)

    def _add_cycles(self, number: int, level: int, branch: CycleBranch) -> None:
        rows = branch.samples
        column = lambda name: np.array([getattr(s, name) for s in rows])
        self.add(
            "branch", number=number, kind="cycle", doublings=level, parameter=column("p")[:, 0],
            period=column("period"), stable=column("stable").astype(np.int8),
            unstable=np.array([unstable_directions(s) for s in rows], np.int16),
            min=column("least"), max=column("greatest"), mean=column("mean"),
        )  # fmt: skip
        for point in branch.special:
            s = point.cycle
            self.add(
                "special", branch=number, kind=point.kind, parameter=s.p[0], period=s.period,
                min=s.least[None], max=s.greatest[None], mean=s.mean[None],
            )  # fmt: skip

    # ------------------------------------------------------------------ two parameters
    def add_curves(self, curves: list[Curve]) -> None:
        """Bifurcation curves and the points of codimension two on them."""
        for number, curve in enumerate(curves):
            self.add(
                "branch", number=number, kind=curve.kind, doublings=curve.doublings,
                parameter=curve.p[:, 0], second=curve.p[:, 1], period=curve.period,
            )  # fmt: skip
            for point in curve.special:
                self.add("special", branch=number, kind=point.kind, parameter=point.p[0], second=point.p[1])


def unstable_directions(sample: Sample) -> int:
    """Count the multipliers outside the unit circle."""
    return int((np.abs(sample.multipliers) > 1.0).sum())


def _blank(variable: Variable, sizes) -> np.ndarray:
    return np.full(tuple(sizes[d] for d in variable.dims), variable.missing, variable.dtype)
