"""Parameter points: what a sweep iterates over."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ngnmm_core.models._base import Model

SEED = "seed"


@dataclass(frozen=True)
class Points:
    """Parameter points: every parameter of the model as an array [point], the seeds, and what else tells runs apart.

    `extras` holds further numbers per point, such as the lesioned region or the amplitude of a stimulus.
    """

    parameters: Mapping[str, np.ndarray]
    seeds: np.ndarray
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.seeds)

    def take(self, index: slice | np.ndarray) -> "Points":
        """Select some of the points."""
        parameters, extras = ({k: v[index] for k, v in m.items()} for m in (self.parameters, self.extras))
        return Points(parameters, self.seeds[index], extras)

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """All numbers that tell a point from others, by name."""
        return {**self.parameters, "seed": self.seeds.astype(float), **self.extras}


def make_points(model: Model, fixed: Mapping[str, float], columns: Mapping[str, np.ndarray], count: int) -> Points:
    """Points from columns of swept values and fixed ones; every other parameter is the model's default."""
    swept = {name: values for name, values in columns.items() if name in model.axis_names}
    others = {name: values for name, values in columns.items() if name not in swept and name != SEED}
    resolved = model.resolve({**fixed, **swept})
    parameters = {name: np.array(np.broadcast_to(resolved[name], count), float) for name in model.parameter_names}
    return Points(parameters, np.broadcast_to(columns.get(SEED, 0), count).astype(np.int64), others)
