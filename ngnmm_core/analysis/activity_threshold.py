"""The rate between rest and activity at which a region counts as active, from the equilibria of the model."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np

from ngnmm_core.analysis.contract import KHZ, Options, refuse_unread
from ngnmm_core.connectome.normalisation import LARGEST_SPREAD, row_sum_spread
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.observation import SampledWindow


def population_index(key: str, model: Model, name: str | None) -> int:
    """Position of a population with a rate in Hz by its name; the first one if none is given.

    Raises
    ------
    InputError
        For an unknown name, or a model without rates in Hz.
    """
    names = [population.name for population in model.populations]
    rated = [population.name for population in model.populations if population.rate is not None]
    if not rated:
        raise InputError(f"{key}: no population of {model.name} has a rate in Hz; allowed: a model with rates")
    if name is None:
        return names.index(rated[0])
    if name not in rated:
        raise unknown(key, name, rated)
    return names.index(name)


def check_threshold(key: str, study, options: Options, threshold_hz: float | None) -> None:
    """Whether the threshold can be found: from states of regions that are alike, or as a number.

    `options` have it as `between`, unless `threshold_hz` gives it.

    Raises
    ------
    InputError
        For one that is to be found although maps make regions differ, or that is given twice.
    """
    refuse_unread(key, options, ("between",), threshold_hz is None, f"no {key}.threshold_hz, which sets it")
    if threshold_hz is None and study.map_scales():
        name = next(iter(study.map_scales()))
        raise InputError(
            f"{key}.between: the rates at rest and of an active region are those of regions that are alike, and {name} "
            f"makes them differ; allowed: {key}.threshold_hz"
        )


def threshold_rates(window: SampledWindow, population: int, between: float, threshold_hz: float | None) -> np.ndarray:
    """Give the threshold at every point in 1/ms, [point]; NaN where rest and activity don't both exist.

    Parameters
    ----------
    between : float
        Where it lies between the rate at rest (0) and that of one active region among resting ones (1).
    threshold_hz : float or None
        The threshold itself, instead.
    """
    return input_threshold_rates(window, population, between, threshold_hz, np.zeros(window.points))


def input_threshold_rates(
    window: SampledWindow, population: int, between: float, threshold_hz: float | None, amplitudes: np.ndarray
) -> np.ndarray:
    """Give that threshold while `amplitudes` raise one region's drive, [point]; NaN where that decides its state."""
    if threshold_hz is not None:
        return np.full(window.points, threshold_hz / KHZ)
    model = window.model
    if model.equilibrium_curve is None:
        return np.full(window.points, np.nan)
    W = window.connectome.weights
    row_sum = float(W.sum(axis=1).mean()) if row_sum_spread(W) <= LARGEST_SPREAD else 0.0
    rates = [
        _rates(model, _key(window.parameters, k), row_sum, population, float(amplitudes[k]))
        for k in range(window.points)
    ]
    rest, active = np.array(rates).reshape(-1, 2).T
    return rest + between * (active - rest)


def _key(parameters: Mapping[str, np.ndarray], k: int) -> tuple[tuple[str, float], ...]:
    return tuple((name, float(values[k])) for name, values in parameters.items())


@lru_cache(maxsize=10_000)
def _rates(model: Model, parameters: tuple[tuple[str, float], ...], row_sum: float, population: int, amplitude: float):
    """Rate at rest and of one active region, 1/ms."""
    from ngnmm_core.dynamics.bistable_range import rest_and_active, under_input

    values = dict(parameters)
    if amplitude:
        states: Iterable[np.ndarray] = under_input(model, values, values["G"] * row_sum, amplitude)
    else:
        states = rest_and_active(model, values, values["G"] * row_sum)
    constants = model.coefficients(values)
    return tuple(float(model.populations[population].rate(tuple(state), constants)) for state in states)
