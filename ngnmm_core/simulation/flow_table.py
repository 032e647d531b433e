"""What the Riccati step needs of a batch of points: the table of its constants, and the ladder that its step is on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.kernels import layout
from ngnmm_core.kernels.steppers import riccati_passes
from ngnmm_core.kernels.steppers.riccati_constants import Structure, constants, rounded_in_turns
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.step_choice import HALVINGS, LONGEST_MS, longest_ms

if TYPE_CHECKING:
    from ngnmm_core.simulation.engine import Engine


def structure_of(model: Model) -> Structure | None:
    """Where the model has its QIF populations, if it declares them."""
    return None if model.qif is None else model.qif.structure(model.state_names, model.drives)


def ladder_level(step_ms: float, factor: float = 1.0) -> tuple[float, int]:
    """Give the longest step of the ladder that a step belongs to (ms), and how often that is halved for it.

    A step that is on no ladder, or below its end, has one of its own.

    Parameters
    ----------
    step_ms : float
    factor : float
        By how much all time constants are longer than the defaults.
    """
    for longest in (longest_ms(factor), LONGEST_MS):
        halvings = round(np.log2(longest / step_ms))
        if 0 <= halvings <= HALVINGS and abs(longest / 2.0**halvings / step_ms - 1.0) < 1e-9:
            return longest, halvings
    return step_ms, 0


def flow_table(
    engine: "Engine", parameters: Mapping[str, np.ndarray], intensity: np.ndarray, steps_ms: tuple[float, float]
) -> np.ndarray:
    """Work out the constants of the Riccati step, for full and for short steps, in lanes.

    Parameters
    ----------
    parameters : mapping of name to array (point,) or (point, region)
    intensity : array (point, noisy state) or (point, region, noisy state)
        Of the noise, over time constants.
    steps_ms : (float, float)
        The step, and the longest one of its ladder.
    """
    model, (dt, longest) = engine.model, steps_ms
    width, dtype = engine.width, np.dtype(engine.dtype).type
    gain = np.asarray(parameters["G"], float)
    kept = gain.astype(dtype).astype(float)  # what the precision keeps of it
    precise = np.where(kept != 0.0, gain / np.where(kept != 0.0, kept, 1.0), 1.0)
    noise = dict(zip(model.noisy_states, np.moveaxis(intensity, -1, 0), strict=False))
    potentials = [states[1] for states in structure_of(model).states]
    populations = [
        values._replace(
            noise=noise.get(potential, 0.0),
            longest_ms=longest,
            coupling=values.coupling * precise,
            white=not engine.coloured,
        )
        for values, potential in zip(model.qif.values(parameters), potentials, strict=True)
    ]
    tables = [
        layout.to_lanes(table, width, dtype)
        for h in (dt, dt / riccati_passes.SHORT)
        for table in rounded_in_turns(constants(populations, h), dtype, riccati_passes.TURNS[width])
    ]
    return np.concatenate(tables)
