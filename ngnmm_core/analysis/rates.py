"""Firing rates and the synchrony within populations: time means over the window."""

import numpy as np

from ngnmm_core.analysis.contract import KHZ, Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.moments import Moments


class RatesOptions(Options):
    """No options: rates are means over the whole window."""


class RatesReducer:
    """Mean and standard deviation of every population's rate, and its mean Kuramoto modulus."""

    def __init__(self, options: RatesOptions, window: SampledWindow):
        self.populations, self.points, self.regions = window.model.populations, window.points, window.regions
        self.rates = [Moments(window.samples) if p.rate else None for p in self.populations]
        self.moduli = [Moments(window.samples) if p.kuramoto else None for p in self.populations]

    def consume(self, block) -> None:
        """Add the next samples."""
        for k in range(len(self.populations)):
            if self.rates[k]:
                self.rates[k].consume(block.rate(k))
            if self.moduli[k]:
                self.moduli[k].consume(block.kuramoto(k))

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Arrays [point, population, region]; NaN for what a population does not have."""
        return {
            "firing_rate": self._stack([KHZ * m.mean if m else None for m in self.rates]),
            "firing_rate_std": self._stack([KHZ * m.std if m else None for m in self.rates]),
            "population_synchrony": self._stack([m.mean if m else None for m in self.moduli]),
            "rates_status": np.full(self.points, Status.OK, np.int8),
        }

    def _stack(self, arrays) -> np.ndarray:
        blank = np.full((self.points, self.regions), np.nan)
        by_point = [
            blank if a is None else np.moveaxis(a, -1, 1).reshape(-1, self.regions)[: self.points] for a in arrays
        ]
        return np.stack(by_point, axis=1)


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
