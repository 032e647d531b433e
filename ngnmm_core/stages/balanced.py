"""Parameters per region of a balanced network: those of its maps, and the one that is solved for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.models._base import Model
from ngnmm_core.points import Points
from ngnmm_core.simulation.map_settings import RegionMap
from ngnmm_core.simulation.regional import RegionalMaps


class BalancedParameters(RegionalMaps):
    """Maps on a connectome, and a parameter per region at which the network rests with one rate everywhere.

    A point without such values, or with values that the parameter may not have, has NaN: it diverges at once, and
    `balance_status` says why.

    Parameters
    ----------
    maps : sequence of RegionMap
    connectome : Connectome
        With normalised weights.
    model : Model
    wanted : mapping
        `parameter` and `target_rate_hz`.
    """

    def __init__(self, maps: Sequence[RegionMap], connectome: Connectome, model: Model, wanted: Mapping[str, Any]):
        super().__init__(maps, connectome, model)
        self.wanted, self._weights = wanted, connectome.weights
        self._solved: dict[bytes, np.ndarray] = {}

    def differ(self, points: Points) -> np.ndarray:
        """Tell at which points regions may differ, [point]: at all."""
        return np.ones(len(points), bool)

    def defined(self, points: Points) -> np.ndarray:
        """Tell at which points there is a balance, [point]."""
        return np.isfinite(self.parameters(points)[self.wanted["parameter"]]).all(axis=1)

    def parameters(self, points: Points) -> dict[str, np.ndarray]:
        """All parameters, [point], or [point, region] where regions may differ; `InputError` as `RegionalMaps`."""
        found = super().parameters(points)
        values = [self._value({n: v[k] for n, v in found.items()}) for k in range(len(points))]
        return {**found, self.wanted["parameter"]: np.array(values).reshape(len(points), len(self.labels))}

    def _value(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Solve for the parameter at one point, [region]; remembered, as many points share it."""
        from ngnmm_core.dynamics.balance import balance

        whole = {n: np.array(np.broadcast_to(v, len(self.labels)), float) for n, v in parameters.items()}
        key = b"".join(np.asarray(values).tobytes() for values in parameters.values())
        if key not in self._solved:
            name = self.wanted["parameter"]
            found = balance(self.model, self._weights, whole, name, self.wanted["target_rate_hz"], stability=False)
            refused = not found.found or any(self.model.parameter(name).refusal(float(v)) for v in found.value)
            self._solved[key] = np.full(len(self.labels), np.nan) if refused else found.value
        return self._solved[key]
