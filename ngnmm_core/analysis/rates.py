"""Firing rates and the synchrony within populations: time means over the window."""

import numpy as np

from ngnmm_core.analysis.contract import KHZ, Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.simulation.spike_counts import rate_state
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.moments import Moments
from ngnmm_core.streaming.quantities import quantities


class RatesOptions(Options):
    """No options: rates are means over the whole window."""


class RatesReducer:
    """Mean and standard deviation of every population's rate, and its mean Kuramoto modulus.

    Where the rate is a state its mean is that of the spikes counted while integrating: samples miss what is shorter.
    """

    def __init__(self, options: RatesOptions, window: SampledWindow):
        self.points, self.regions = window.points, window.regions
        self.populations = len(window.model.populations)
        self.quantities = list(quantities(window.model))
        self.moments, self.duration_ms = Moments(window.samples), window.samples * window.sample_ms
        self.states = [rate_state(window.model, population) for population in window.model.populations]
        self.spikes: dict[int, np.ndarray] = {}  # by population

    def consume(self, block) -> None:
        """Add the next samples."""
        if self.quantities:
            block.add_quantities(self.moments)
        for population, state in enumerate(self.states):
            if state in block.counted:
                self.spikes[population] = self.spikes.get(population, 0.0) + block.spikes(state).sum(axis=0)

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Arrays [point, population, region]; NaN for what a population does not have."""
        mean, std = (self.moments.mean, self.moments.std) if self.quantities else (None, None)
        for population, count in self.spikes.items():
            mean[:, :, self.quantities.index((population, "rate"))] = count / self.duration_ms
        return {
            "firing_rate": KHZ * self._of("rate", mean),
            "firing_rate_std": KHZ * self._of("rate", std),
            "population_synchrony": self._of("kuramoto", mean),
            "rates_status": np.full(self.points, Status.OK, np.int8),
        }

    def _of(self, kind: str, values: np.ndarray | None) -> np.ndarray:
        """Take one kind out of [group, region, quantity, lane], as [point, population, region]."""
        out = np.full((self.points, self.populations, self.regions), np.nan)
        for place, (population, its_kind) in enumerate(self.quantities):
            if its_kind == kind:
                by_lane = np.moveaxis(values[:, :, place], -1, 1)
                out[:, population] = by_lane.reshape(-1, self.regions)[: self.points]
        return out


def variables(options: RatesOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    dims = ("population", "region")
    return (
        Variable("firing_rate", dims, "Hz", "mean firing rate", "float32"),
        Variable("firing_rate_std", dims, "Hz", "standard deviation of the firing rate over time", "float32"),
        Variable("population_synchrony", dims, "1", "mean Kuramoto modulus within the population", "float32"),
        status("rates"),
    )


def coordinates(options: RatesOptions, window: SampledWindow):
    """Name the populations."""
    return {"population": ([p.name for p in window.model.populations], "1", "population of neurons")}


FIRING_RATE = Map(
    "firing_rate",
    "firing_rate",
    "mean firing rate, excitatory",
    "**Firing rate** of the first population (excitatory in E-I models): mean over time and regions.",
    lambda values: values.isel(population=0).mean("region"),
    Look("mako_r", low=0.0),
    title="firing rate",
)

ANALYSIS = Analysis(
    name="rates",
    title="Firing rates and within-population synchrony",
    needs="simulation",
    options=RatesOptions,
    variables=variables,
    reducer=RatesReducer,
    coordinates=coordinates,
    maps=lambda options: (FIRING_RATE,),
)
