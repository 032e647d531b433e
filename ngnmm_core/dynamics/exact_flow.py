"""Which models have the exact flow of QIF populations, its kernels, and what these need of every point."""

from collections.abc import Mapping
from functools import cache

import numpy as np

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.dynamics.packing import WIDTH, to_lanes
from ngnmm_core.kernels.flow_propagators import room_of
from ngnmm_core.kernels.lanes import aligned
from ngnmm_core.kernels.steppers import riccati_constants
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.flow_table import structure_of


def has_flow(model: Model) -> bool:
    """Whether a model declares QIF populations, each with one synapse, that make up its whole state."""
    structure = structure_of(model)
    if structure is None:
        return False
    return not structure.filters and not structure.filtered and 3 * structure.populations == len(model.states)


@cache
def flow_kernel_of(model: Model, make, *more):
    """Return the compiled kernel of one kind (such as `make_flow_lyapunov`) for a model; `more` goes to its maker."""
    name = f"{model.name}-{make.__name__.removeprefix('make_')}"
    return compiled_by(make, structure_of(model), len(model.states), *more, WIDTH, name=name)


def flow_constants(model: Model, parameters: Mapping[str, np.ndarray], dt_ms: float, room: int = 0) -> np.ndarray:
    """Collect the constants of up to eight points for steps of `dt_ms`, and `room` wide lanes behind them.

    Parameters
    ----------
    parameters : mapping of name to array (point,)

    Returns
    -------
    constants : array [constant, population, lane], flat
    """
    table = riccati_constants.constants(model.qif.values(parameters), dt_ms)
    table = np.moveaxis(table, 0, -1)
    return to_lanes(np.concatenate([table, np.zeros((room, *table.shape[1:]))]))


def unit_constants(model: Model, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Collect the constants of points for steps of 1 ms, [constant and population, point].

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    """
    table = riccati_constants.constants(model.qif.values(parameters), 1.0)
    return np.moveaxis(table, 0, -1).reshape(-1, len(table))


def room_for_orbits(model: Model) -> int:
    """Lanes of room that the kernels of orbits need behind the constants of a step of 1 ms."""
    return room_of(structure_of(model), len(model.states))


def constants_by_blocks(
    model: Model, parameters: Mapping[str, float | np.ndarray], regions: int, dt_ms: float
) -> np.ndarray:
    """Collect the constants of the regions of a network for steps of `dt_ms`.

    Parameters
    ----------
    parameters : mapping of name to float or array (region,)

    Returns
    -------
    constants : array [block of regions, constant, population, lane], flat
    """
    padded = np.minimum(np.arange(-(-regions // WIDTH) * WIDTH), regions - 1)
    every = {name: np.full(regions, value, float)[padded] for name, value in parameters.items()}
    table = riccati_constants.constants(model.qif.values(every), dt_ms)
    blocks = np.moveaxis(table.reshape(-1, WIDTH, *table.shape[1:]), 1, -1)
    flat = aligned(blocks.size)
    flat[:] = blocks.ravel()
    return flat
