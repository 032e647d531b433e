"""A study, checked and resolved: what is computed, at which parameter points, with which settings."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ngnmm_core.analysis.contract import Analysis, Options
from ngnmm_core.compilation.own_files import OwnFile
from ngnmm_core.models._base import Model
from ngnmm_core.points import SYSTEM, Axis, Kind, Points, make_points
from ngnmm_core.simulation.delay_settings import VELOCITY
from ngnmm_core.simulation.map_settings import RegionMap
from ngnmm_core.simulation.noise_settings import NOISE
from ngnmm_core.simulation.own_times import point_factors
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.stimuli import Stimulus, end_of, timed_values
from ngnmm_core.study.axis_table import axes_of
from ngnmm_core.study.operating_point import operating_drive
from ngnmm_core.study.schema import StudyConfig


@dataclass(frozen=True, eq=False)
class Study:
    """One study, or one part of a study with parts.

    Attributes
    ----------
    name : str
        Path below the results folder: `demo`, or `paper/msf2d` for a part.
    config : StudyConfig
    model : Model
    fixed : mapping of parameter name to value
        Parameters set by `model.parameters`, aliases included.
    axes : mapping of axis name to coordinates
        The grid, in the order of the config; for a list of points, the columns, all of one length.
    listed : bool
        Whether the points are a list (dimension `point`) instead of a dense grid.
    options : mapping of analysis name to options
    declared : mapping of analysis name to Analysis
        Of the package, or of files of the user's own.
    files : mapping
        Those files: of the model by `model`, of analyses by `analyses.NAME`.
    subjects : mapping of float to str
        Names of the subjects by their numbers, where the study has the axis `subject`.
    maps : tuple of RegionMap
        Of parameters that differ between regions, with their values.
    written : frozenset of str
        What its file sets, as `grid` and `simulation.noise_sigma`.
    inherited : frozenset of str
        What of that it shares with other parts of the file.
    """

    name: str
    config: StudyConfig
    model: Model
    fixed: Mapping[str, float]
    axes: Mapping[str, np.ndarray]
    listed: bool
    options: Mapping[str, Any]
    declared: Mapping[str, Analysis]
    files: Mapping[str, OwnFile] = field(default_factory=dict)
    subjects: Mapping[float, str] = field(default_factory=dict)
    maps: tuple[RegionMap, ...] = ()
    written: frozenset[str] = frozenset()
    inherited: frozenset[str] = frozenset()

    @property
    def simulation(self) -> Simulation:
        """Settings of the network simulation."""
        return self.config.simulation

    @property
    def analyses(self) -> list[tuple[Analysis, Any]]:
        """The analyses asked for, with their options, in the order of the config."""
        return [(self.declared[name], options) for name, options in self.options.items()]

    def analyses_of(self, stage: str) -> list[tuple[Analysis, Any]]:
        """List the analyses that one stage computes."""
        return [(a, o) for a, o in self.analyses if a.needs == stage]

    def files_used(self, analyses: Iterable[tuple[Analysis, Options]]) -> dict[str, OwnFile]:
        """Find the user's own files that the model and some analyses are in; keys as in `files`."""
        places = ["model", *(f"analyses.{analysis.name}" for analysis, _ in analyses)]
        return {place: self.files[place] for place in places if place in self.files}

    @property
    def simulates(self) -> bool:
        """Whether any analysis needs network simulations."""
        return any(analysis.simulates for analysis, _ in self.analyses)

    @cached_property
    def known_axes(self) -> dict[str, Axis]:
        """All that may be an axis of the study, by name."""
        return axes_of(self.model, self.config, self.subjects)

    @property
    def fastest_rate(self) -> float:
        """The fastest rate of the model (1/ms) anywhere in the study."""
        points = self._over(lambda name: True)[2]  # no model's fastest rate depends on its drive
        smallest = {name: float(np.min(values)) for name, values in points.parameters.items()}
        return float(self.model.fastest_rate(smallest))

    @property
    def time_factors(self) -> np.ndarray:
        """By how much all time constants are longer than the defaults, or shorter: each factor in the study once."""
        times = {p.name for p in self.model.parameters if p.unit == "ms"}
        points = self._over(lambda name: bool(times & set(self.model.targets(name))))[2]
        return np.unique(point_factors(self.model, points.parameters))

    def values_of(self, stimulus: Stimulus, field: str) -> tuple[float, ...]:
        """All values that a number of a stimulus has in the study: by its declaration, an axis, or a highlight."""
        name = f"{stimulus.name}.{field}"
        asked = [float(h[name]) for h in self.config.highlights if name in h]
        values = self.axes.get(name, [getattr(stimulus, field)])
        return (*(None if value is None else float(value) for value in values), *asked)

    @property
    def largest_noise(self) -> float:
        """The largest intensity of the noise anywhere in the study (ms^0.5)."""
        asked = [h[NOISE] for h in self.config.highlights if NOISE in h]
        return float(max((self.simulation.noise_sigma, *self.axes.get(NOISE, ()), *map(float, asked))))

    def map_scales(self) -> dict[str, list[float]]:
        """Collect all scales other than 0 of the maps of a study, by the key that sets them."""
        found: dict[str, list[float]] = {}
        for one in self.maps:
            axis, own = one.axes[0], 1.0 if one.scale is None else one.scale
            key = (
                f"{'points' if self.listed else 'grid'}.{axis}" if axis in self.axes else f"model.maps.{one.name}.scale"
            )
            asked = [float(h[axis]) for h in self.config.highlights if axis in h]
            if values := [float(value) for value in (*self.axes.get(axis, (own,)), *asked) if value != 0]:
                found[key] = values
        return found

    @property
    def delayed(self) -> bool:
        """Whether there are conduction delays anywhere in the study."""
        velocity = self.simulation.velocity_m_per_s
        asked = [h[VELOCITY] for h in self.config.highlights if VELOCITY in h]
        here = self.axes.get(VELOCITY, [np.inf if velocity is None else velocity])
        return bool(np.isfinite([*here, *map(float, asked)]).any())

    def stimulus_times(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """When every stimulus starts and ends, by name, in all combinations of the study; NaN where it does not end."""
        stimuli = self.simulation.stimuli
        names = [f"{s.name}.{field}" for s in stimuli for field in ("onset_ms", "duration_ms")]
        axes = {name: self.axes[name] for name in names if name in self.axes}
        mesh = axes.values() if self.listed else np.meshgrid(*axes.values(), indexing="ij")
        columns = {name: np.ravel(values) for name, values in zip(axes, mesh, strict=True)}
        count = len(next(iter(columns.values()))) if columns else 1
        sets: list[tuple[Mapping[str, np.ndarray], int]] = [(columns, count)]
        if self.config.highlights:
            points = self._points_with_default_drive_at(self.config.highlights)
            sets.append((points.columns, len(points)))
        timed = [timed_values(stimuli, columns, size) for columns, size in sets]
        return {
            s.name: (
                np.concatenate([values[k]["onset_ms"] for values in timed]),
                np.concatenate([end_of(s, values[k]) for values in timed]),
            )
            for k, s in enumerate(stimuli)
        }

    def dims(self, of_network: bool = True) -> tuple[str, ...]:
        """Dimensions of the points; what belongs to the homogeneous system alone has no `seed` and no stimulus."""
        if self.listed:
            return ("point",)
        return tuple(name for name in self.axes if of_network or self.is_of_system(name))

    def is_of_system(self, axis: str) -> bool:
        """Whether the homogeneous system depends on an axis."""
        return self.known_axes[axis].part == SYSTEM

    def over(self, keep: Callable[[str], bool]) -> tuple[tuple[str, ...], tuple[int, ...], Points]:
        """Dimensions, their lengths and the points of the grid over some of its axes; of a list, all its points."""
        dims, shape, points = self._over(keep)
        return dims, shape, self._at_operating_point(points)

    def _over(self, keep: Callable[[str], bool]) -> tuple[tuple[str, ...], tuple[int, ...], Points]:
        """Lay out the points with the model's default for a drive that is to be found."""
        columns = {name: values for name, values in self.axes.items() if keep(name)}
        dims: tuple[str, ...] = ("point",)
        shape = self.shape()
        if not self.listed:
            dims, shape = tuple(columns), tuple(len(values) for values in columns.values())
            mesh = np.meshgrid(*columns.values(), indexing="ij")
            columns = {name: values.ravel() for name, values in zip(columns, mesh, strict=True)}
        kinds = {name: self.known_axes[name].kind for name in columns}
        return dims, shape, make_points(self.model, self.fixed, columns, int(np.prod(shape, dtype=np.int64)), kinds)

    def shape(self, of_network: bool = True) -> tuple[int, ...]:
        """Lengths of `dims`."""
        if self.listed:
            return (len(next(iter(self.axes.values()))),)
        return tuple(len(self.axes[name]) for name in self.dims(of_network))

    def size(self, of_network: bool = True) -> int:
        """Count the points."""
        return int(np.prod(self.shape(of_network), dtype=np.int64))

    def points(self, of_network: bool = True) -> Points:
        """All points with all parameters resolved, in the order of the flattened grid."""
        return self.over(lambda name: of_network or self.is_of_system(name))[2]

    def _at_operating_point(self, points: Points) -> Points:
        """Return the same points with the drive that the bifurcation asks for, if the study wants that."""
        operating_point = self.config.model.operating_point
        if operating_point is None:
            return points
        drive = operating_drive(operating_point, self.model, points)
        return points.having({self.model.equilibrium_curve.drive: drive}, Kind.PARAMETER)

    def points_at(self, sets: Iterable[Mapping[str, float]]) -> Points:
        """Points given as parameter sets, such as `highlights`; what a set leaves out has the study's first value."""
        return self._at_operating_point(self._points_with_default_drive_at(sets))

    def _points_with_default_drive_at(self, sets: Iterable[Mapping[str, float]]) -> Points:
        first = {name: values[0] for name, values in self.axes.items()}
        rows = [{**first, **{name: float(value) for name, value in given.items()}} for given in sets]
        resolved = [self.model.resolve({**self.fixed, **self._of_model(row)}) for row in rows]
        columns = {name: np.array([r[name] for r in resolved], float) for name in self.model.parameter_names}
        for name in dict.fromkeys(name for row in rows for name in row if name not in self.model.axis_names):
            columns[name] = np.array([row.get(name, self.known_axes[name].otherwise) for row in rows], float)
        kinds = {name: self.known_axes[name].kind for name in columns}
        return make_points(self.model, {}, columns, len(rows), kinds)

    def _of_model(self, values: Mapping[str, float]) -> dict[str, float]:
        return {name: value for name, value in values.items() if name in self.model.axis_names}
