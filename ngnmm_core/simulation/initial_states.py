"""Initial states of a network, reproducible per (seed, region) and the same across a grid."""

from functools import lru_cache

import numpy as np

from ngnmm_core.models._base import Model

STREAM = 0x1417  # keeps initial states apart from other uses of the same seed


@lru_cache(256)
def standard_normal(seed: int, regions: int, states: int) -> np.ndarray:
    """Draw standard normal numbers [region, state] that depend on the seed and the region alone.

    A region's numbers stay the same when regions are added or lesioned, and every point of a grid with the same seed
    starts alike (common random numbers), so that differences between points are not differences between draws.
    """
    draws = np.empty((regions, states))
    for region in range(regions):
        sequence = np.random.SeedSequence(entropy=seed, spawn_key=(STREAM, region))
        draws[region] = np.random.Generator(np.random.Philox(sequence)).standard_normal(states)
    draws.flags.writeable = False  # kept for the next batch with the same seed
    return draws


def perturbed(
    model: Model, base: np.ndarray, seeds: np.ndarray, sd: float, units: np.ndarray | None = None
) -> np.ndarray:
    """Draw initial states [point, region, state]: `base` plus normal numbers of standard deviation `sd`.

    Parameters
    ----------
    base : array (point, region, state)
    seeds : array (point,)
    sd : float
        In the unit of each state.  States that can't be negative (rates, synaptic activities) are reflected at zero.
    units : array (point, state), optional
        What `sd` counts in (`own_times.state_units`), if not the unit of each state: rates are lower where all times
        are longer, and so is their spread.
    """
    _, regions, states = base.shape
    units = np.ones((len(base), states)) if units is None else units
    draws = {seed: standard_normal(int(seed), regions, states) for seed in np.unique(seeds)}
    initial = base + sd * np.stack([draws[seed] for seed in seeds]) * units[:, None]
    reflected = np.array([s.non_negative for s in model.states])
    return np.where(reflected, np.abs(initial), initial)
