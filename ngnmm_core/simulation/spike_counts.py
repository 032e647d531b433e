"""Which populations have their spikes counted while a network is integrated, and in which unit."""

from collections.abc import Mapping

import numpy as np

from ngnmm_core.kernels.integrators import Integrator
from ngnmm_core.models._base import Model, Population


class _Unknown:
    """Stands for a state, and allows no arithmetic."""


def rate_state(model: Model, population: Population) -> int | None:
    """Give the position of the state that is a population's rate; None if it has none or its rate is a function.

    Rates that are functions of potentials are as smooth as these, and samples of them will do.
    """
    states = tuple(_Unknown() for _ in model.states)
    try:
        rate = None if population.rate is None else population.rate(states, (_Unknown(),) * model.sizes[1])
    except (TypeError, AttributeError):
        return None
    return next((k for k, state in enumerate(states) if state is rate), None)


def counted_states(model: Model, integrator: Integrator) -> tuple[int, ...]:
    """Give the positions of the rates whose spikes an integrator counts."""
    if integrator.qif_only:  # whose steps hold them in any case
        return tuple(model.state_names.index(population.states[0]) for population in model.qif.populations)
    if not integrator.counts_spikes:
        return ()
    found = dict.fromkeys(rate_state(model, population) for population in model.populations)
    return tuple(position for position in found if position is not None)


def spike_unit(model: Model, integrator: Integrator, parameters: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Give what counts of the integrator are multiplied by, [point, region or 1, population]; None where that is 1.

    Parameters
    ----------
    parameters : mapping of name to array (point,) or (point, region)
    """
    if not (integrator.qif_only and counted_states(model, integrator)):
        return None
    times = np.stack([values.tau_s for values in model.qif.values(parameters)], axis=-1)
    return times.reshape(len(times), -1, times.shape[-1])
