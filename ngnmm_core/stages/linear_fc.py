"""The stage `linear_fc`: the equilibrium of the network at every point, and noise around it, without any simulation."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ngnmm_core.analysis.linear_fc import LinearFcOptions, LinearFcStatus
from ngnmm_core.connectome.normalisation import LARGEST_SPREAD, row_sum_spread
from ngnmm_core.points import SYSTEM
from ngnmm_core.simulation.delay_settings import ROUNDED, VELOCITY
from ngnmm_core.simulation.integrators import OF_RESTS
from ngnmm_core.simulation.map_settings import MAPS, SURROGATE
from ngnmm_core.simulation.noise_settings import COMMON, NOISE, TAU
from ngnmm_core.simulation.own_times import nominal_states
from ngnmm_core.stages.contract import READ_AT_RESTS, Layout, Rates, Stage
from ngnmm_core.stages.delays import delay_settings, lengths, velocities
from ngnmm_core.stages.task import Task
from ngnmm_core.streaming.haemodynamics import haemodynamics
from ngnmm_core.study.study import Study

SETTINGS = (NOISE, COMMON, TAU)  # of `simulation`, that the results depend on
MODE_SECONDS, PAIR_SECONDS = 0.006, 1.3e-5  # per point and band: in modes, and per pair of regions otherwise

PROOF_SECONDS = 1.5  # CPU seconds of the slowest perturbation of 90 regions with delays


@dataclass(frozen=True)
class _Job:
    """What all points of a task share."""

    task: Task
    options: LinearFcOptions

    @cached_property
    def weights(self) -> np.ndarray:
        return self.task.connectome.weights

    @cached_property
    def homogeneous(self) -> bool:
        """Whether all rows of W have the same sum, so that its modes decouple where all regions are alike."""
        return row_sum_spread(self.weights) <= LARGEST_SPREAD

    @cached_property
    def modes(self):
        from ngnmm_core.connectome.eigenmodes import spectrum

        if not self.homogeneous:
            return None
        found = spectrum(self.weights)
        return None if found.defective else found

    def equilibria(self) -> list[np.ndarray | None]:
        """Find the equilibrium [region, state] of every point; None where the network comes to rest at none."""
        from ngnmm_core.dynamics.attractor import find_attractors
        from ngnmm_core.dynamics.linear_stability import reached_equilibria
        from ngnmm_core.dynamics.regimes import REST

        task, regions = self.task, len(self.weights)
        rests: list[np.ndarray | None] = [None] * len(task.points)
        alike = np.flatnonzero(self.alike & ~self.delayed)
        if len(alike):
            row_sum = task.connectome.row_sum("analyses.linear_fc")
            for k, a in zip(
                alike, find_attractors(task.model, task.points.take(alike).parameters, row_sum), strict=True
            ):
                self.diverged[k] = a is None
                rests[k] = np.tile(a.state, (regions, 1)) if a is not None and a.regime == REST else None
        followed = self.delayed | ~self.alike
        for differs, speed in {(bool(self.differ[k]), float(self.speeds[k])) for k in np.flatnonzero(followed)}:
            some = np.flatnonzero(followed & (self.differ == differs) & (self.speeds == speed))
            start = nominal_states(task.model, task.points.take(some).parameters)
            start = np.repeat(start[:, None], regions, axis=1)
            parameters, delay_ms = task.regional.parameters(task.points.take(some)), self.delays(some[0])
            found = reached_equilibria(task.model, self.weights, parameters, start, delay_ms)
            for k, rest in zip(some, found, strict=True):
                rests[k] = rest
        return rests

    @cached_property
    def speeds(self) -> np.ndarray:
        """Conduction velocity (m/s), [point]."""
        return velocities(self.task)

    @property
    def delayed(self) -> np.ndarray:
        """Whether there are conduction delays, [point]."""
        return np.isfinite(self.speeds)

    @cached_property
    def lengths(self) -> np.ndarray:
        return lengths(self.task)

    def delays(self, k: int) -> np.ndarray | None:
        """Give the conduction delays (ms) of a point, [region, source]; None for none."""
        return self.lengths / self.speeds[k] if self.delayed[k] else None

    @cached_property
    def differ(self) -> np.ndarray:
        """Whether maps make regions differ, [point]."""
        return self.task.regional.differ(self.task.points)

    @cached_property
    def alike(self) -> np.ndarray:
        """Whether all regions are alike, [point]."""
        return self.homogeneous & ~self.differ

    @cached_property
    def diverged(self) -> np.ndarray:
        return np.zeros(len(self.task.points), bool)

    def equilibria_count(self, parameters: dict[str, Any]) -> int:
        """How many equilibria with all regions alike there are, at the mean row sum where the rows differ."""
        from ngnmm_core.dynamics.continuation.equilibria import find_equilibria

        found = find_equilibria(self.task.model, parameters, float(self.weights.sum(axis=1).mean()))
        return len(found.states)

    def at_point(self, k: int, rest: np.ndarray | None) -> dict[str, Any]:
        """Results of one point."""
        from ngnmm_core.dynamics.delayed_spectrum import delayed_growth_rate
        from ngnmm_core.dynamics.linear_noise import Noise, linear_network
        from ngnmm_core.dynamics.linear_stability import growth_rate

        task = self.task
        parameters, delay_ms = task.regional.at(task.points, k), self.delays(k)
        modes = None if self.differ[k] or delay_ms is not None else self.modes
        result = self._blank()
        if not self.differ[k]:
            result["linear_equilibria"] = self.equilibria_count(parameters)
        if rest is None:
            return result | {
                "linear_fc_status": LinearFcStatus.DIVERGED if self.diverged[k] else LinearFcStatus.NO_EQUILIBRIUM
            }
        setting = {name: float(task.points.values(name, task.settings[name])[k]) for name in SETTINGS}
        noise = Noise(setting[NOISE], setting[COMMON], setting[TAU])
        bold = self.options.haemodynamics == "balloon"
        network = linear_network(
            task.model, self.weights, parameters, rest, self.options.signal, noise, modes, relative=bold
        )
        network = replace(network, delay_ms=delay_ms)
        growth = growth_rate(network) if delay_ms is None else delayed_growth_rate(network)
        result["linear_slowest"] = growth
        if np.isnan(growth):
            return result | {"linear_fc_status": LinearFcStatus.NOT_RESOLVED}
        if not growth < 0:
            return result | {"linear_fc_status": LinearFcStatus.UNSTABLE}
        resolved = self._bands(network, result)
        if resolved and self.options.spectrum_max_hz is not None:
            watched = linear_network(task.model, self.weights, parameters, rest, "observable", noise, modes)
            self._spectrum(replace(watched, delay_ms=delay_ms), result)
        return result | {"linear_fc_status": LinearFcStatus.OK if resolved else LinearFcStatus.NOT_RESOLVED}

    def _blank(self) -> dict[str, Any]:
        regions, bands = len(self.weights), len(self.options.bands_hz)
        edges = regions * (regions - 1) // 2
        return {
            "linear_fc": np.full((bands, edges), np.nan),
            "linear_coherence": np.full((bands, edges), np.nan),
            "linear_amplitude": np.full((bands, regions), np.nan),
            "linear_spectrum": np.full((regions, len(self.options.frequencies_hz)), np.nan),
            "linear_slowest": np.nan,
            "linear_equilibria": -1,
        }

    def _bands(self, network, result) -> bool:
        """Fill in the connectivity of every band; return False, and fill none, where a quadrature did not converge."""
        from ngnmm_core.dynamics.linear_bands import band_covariance
        from ngnmm_core.recordings.connectivity import correlation_of, edges_of

        response = None
        if self.options.haemodynamics == "balloon":
            response = haemodynamics(self.options.constants).transfer
        found = [band_covariance(network, band, response) for band in self.options.bands_hz]
        if not all(band.converged for band in found):
            return False
        for b, band in enumerate(found):
            result["linear_fc"][b] = edges_of(correlation_of(band.covariance))
            result["linear_coherence"][b] = edges_of(band.coherence)
            result["linear_amplitude"][b] = band.amplitude
        return True

    def _spectrum(self, network, result) -> None:
        from ngnmm_core.dynamics.linear_noise import spectra

        result["linear_spectrum"] = spectra(network, self.options.frequencies_hz)


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    job = _Job(task, task.options("linear_fc"))
    rows = [job.at_point(k, rest) for k, rest in enumerate(job.equilibria())]
    logging.info("linear noise theory of %d points", len(rows))
    found = {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
    return found | {"linear_fc_status": found["linear_fc_status"].astype(np.int8)}


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    job = _Job(replace(task, points=task.points.take(slice(0, 1))), task.options("linear_fc"))
    job.equilibria()


def deterministic_layout(study: Study, regions: int) -> Layout:
    """Give the grid without what only a simulation depends on: its seeds and stimuli."""
    parts = (SYSTEM, *SETTINGS, MAPS, SURROGATE, *([VELOCITY] if study.delayed else []))
    return Layout(*study.over(lambda axis: study.known_axes[axis].part in parts))


def _settings(study: Study) -> dict[str, Any]:
    return {name: getattr(study.simulation, name) for name in SETTINGS} | delay_settings(study)


def _cost(study: Study, regions: int) -> Rates:
    options = study.options["linear_fc"]
    bands = 1.0 + len(options.bands_hz) + len(options.frequencies_hz) / 20.0
    if study.config.normalization == "row" and not (study.map_scales() or study.delayed):  # in modes
        return Rates(MODE_SECONDS * bands)
    proof = PROOF_SECONDS * (regions / 90.0) ** 3 if study.delayed else 0.0
    return Rates(PAIR_SECONDS * regions**2 * bands + proof)


def _integrators(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return (OF_RESTS,)


STAGE = Stage(
    name="linear_fc",
    run=run,
    warm=warm,
    layout=deterministic_layout,
    settings=_settings,
    cost=_cost,
    integrators=_integrators,
    unreachable=("resection", ROUNDED, "stimuli"),
    reads=(*SETTINGS, *READ_AT_RESTS),
)
