"""Time-varying input: named stimuli with a place (weights over regions) and a waveform in time.

A stimulus adds `weight of the region * waveform(t)` to one drive of the model.  Any number of its declaration may be an
axis of the grid, under the name `<stimulus>.<field>`, such as `focal.amplitude`.  Waveforms are piecewise smooth, and
their jumps lie between integration steps; `ngnmm_core.simulation.waveforms` hands them to the kernels.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator

from ngnmm_core.errors import InputError, twice, unknown
from ngnmm_core.points import Axis, Kind
from ngnmm_core.section import Section, is_multiple

SWEPT = ("amplitude", "onset_ms", "duration_ms", "frequency_hz", "phase_deg", "region")
# What each kind of waveform uses besides a name, a place, an amplitude and an onset; the rest is refused.
SHAPED_BY = {
    "pulse": ("duration_ms", "period_ms", "count"),
    "sinusoid": ("duration_ms", "frequency_hz", "phase_deg"),
    "table": ("times_ms", "values"),
}
JUMPING = ("pulse", "sinusoid")  # kinds that start and end abruptly
UNITS = {"_ms": "ms", "_hz": "Hz", "_deg": "degree"}  # by the end of the name of a number


class Stimulus(Section):
    """One stimulus."""

    name: str = Field("stimulus", pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="name, for axes of the grid")
    parameter: str = Field(description="the drive of the model that it adds to, such as `I_ext_e`")
    regions: Literal["all"] | list[str | int] | dict[str, float] = Field(
        "all", description="`all`, labels or indices of regions, or a mapping of labels to weights"
    )
    kind: Literal["pulse", "sinusoid", "table"] = Field(
        "pulse",
        description="`pulse`: constant while it lasts; `sinusoid`; `table`: straight lines between given values",
    )
    amplitude: float = Field(1.0, description="height of the waveform, in the unit of the drive")
    onset_ms: float = Field(0.0, ge=0, description="start, from the start of the simulation (ms); see `after`")
    after: str | None = Field(
        None, description="name of a stimulus above: `onset_ms` counts from its end, so that a delay keeps its length"
    )
    duration_ms: float | None = Field(None, gt=0, description="how long it lasts (ms); to the end if not given")
    period_ms: float | None = Field(None, gt=0, description="of a train of pulses: from onset to onset (ms)")
    count: int = Field(1, ge=1, description="of a train of pulses: their number")
    frequency_hz: float = Field(10.0, gt=0, description="of a sinusoid (Hz)")
    phase_deg: float = Field(0.0, description="of a sinusoid, at the onset (degrees)")
    times_ms: list[float] = Field([], description="of a table: times from the onset (ms)")
    values: list[float] = Field([], description="of a table: the waveform at these times, times `amplitude`")
    region: int | None = Field(
        None, ge=0, description="index of the one region it acts on, instead of `regions`; for sweeps over regions"
    )

    @field_validator("region", mode="before")
    @classmethod
    def _labels_go_elsewhere(cls, value: Any) -> Any:
        """Says where the label of a region belongs."""
        if isinstance(value, str) and not value.lstrip("-").replace(".", "", 1).isdigit():
            raise InputError(f"{value!r} is a label; allowed: an index, or regions: [{value}]")
        return value

    @field_validator("regions")
    @classmethod
    def _some_regions_each_once(cls, regions: Any) -> Any:
        if not regions:
            raise InputError(f"{regions!r} names no region; allowed: all, or at least one region")
        if isinstance(regions, list) and (repeated := twice(map(str, regions))):
            raise InputError(f"the region {repeated} occurs twice; allowed: each region once")
        return regions

    def check(self, drives: Sequence[str], step_ms: float, overrides: Mapping[str, Sequence[float]]) -> None:
        """Whether the stimulus fits a model and an integration step.

        Parameters
        ----------
        drives : sequence of str
            Drives of the model.
        step_ms : float
            What every edge must be a multiple of.
        overrides : mapping of field to values
            What axes of the grid set.

        Raises
        ------
        InputError
            If it does not; the message names the field.
        """
        key = f"simulation.stimuli.{self.name}"
        if self.parameter not in drives:
            raise unknown(f"{key}.parameter", self.parameter, drives)
        self._refuse_unused(key, overrides)
        for field in ("onset_ms", "duration_ms", "period_ms"):
            for value in overrides.get(field, [getattr(self, field)]):
                if value is not None and self.kind in JUMPING:
                    _check_edge(f"{key}.{field}", value, step_ms)
        if self.regions != "all" and self.region is not None:
            raise InputError(f"{key}.regions: {self.regions!r} given beside region; allowed: one of the two")
        for duration in overrides.get("duration_ms", [self.duration_ms]):
            if self.count > 1 and (self.period_ms is None or duration is None or duration > self.period_ms):
                raise InputError(
                    f"{key}.count: {self.count} pulses with duration_ms = {duration} and period_ms = {self.period_ms} "
                    "are no train; allowed: duration_ms <= period_ms, both given"
                )
        if self.period_ms is not None and self.count == 1:
            raise InputError(
                f"{key}.period_ms: {self.period_ms:g} is of a train, and count is 1; allowed: none, or count of at "
                "least 2"
            )
        if self.kind == "table":
            self._check_table(key, step_ms, overrides.get("onset_ms", [self.onset_ms]))

    def _refuse_unused(self, key: str, overrides: Mapping[str, Sequence[float]]) -> None:
        """Refuses what is set for another kind of waveform: it would be ignored."""
        used = SHAPED_BY[self.kind]
        for field in dict.fromkeys(field for fields in SHAPED_BY.values() for field in fields):
            default = type(self).model_fields[field].default
            values = [value for value in overrides.get(field, [getattr(self, field)]) if value != default]
            if field not in used and (values or field in overrides):
                found = values[0] if values else default
                raise InputError(f"{key}.{field}: {found} is not for kind {self.kind!r}; allowed: {', '.join(used)}")

    @property
    def jumps_ms(self) -> list[float]:
        """Times from the onset at which a table jumps: where it starts, or ends, with a value other than 0."""
        ends = ((self.times_ms[k], self.values[k]) for k in (0, -1)) if self.kind == "table" else ()
        return [time for time, value in ends if value != 0]

    def _check_table(self, key: str, step_ms: float, onsets_ms: Sequence[float]) -> None:
        times = self.times_ms
        if not len(times) == len(self.values) >= 2:
            raise InputError(
                f"{key}.times_ms: {len(times)} times for {len(self.values)} values; allowed: as many, at least two"
            )
        if times[0] < 0:
            raise InputError(f"{key}.times_ms[0]: {times[0]:g} is before the onset; allowed: times >= 0")
        for k, (before, after) in enumerate(pairwise(times), 1):
            if after <= before:
                raise InputError(f"{key}.times_ms[{k}]: {after:g} follows {before:g}; allowed: rising times")
        for time in self.jumps_ms:
            where = f"{key}.times_ms[{times.index(time)}]"
            _check_edge(where, time, step_ms, ", or a value of 0 there")
            for onset in onsets_ms:
                _check_edge(f"{key}.onset_ms", onset, step_ms, ", or a table that starts and ends with 0")

    def weights(self, labels: Sequence[str]) -> np.ndarray:
        """Weight of every region, [region].

        Raises
        ------
        InputError
            For a region that does not exist, and names the nearest; for one that is named twice, as by its label and
            its index.
        """
        key = f"simulation.stimuli.{self.name}.regions"
        labels = [str(label) for label in labels]
        if self.regions == "all":
            return np.ones(len(labels))
        chosen = self.regions if isinstance(self.regions, dict) else dict.fromkeys(self.regions, 1.0)
        result = np.zeros(len(labels))
        indices = [region_index(key, region, labels) for region in chosen]
        if (repeated := twice(indices)) is not None:
            raise InputError(f"{key}: the region {labels[repeated]} occurs twice; allowed: each region once")
        for index, weight in zip(indices, chosen.values(), strict=True):
            result[index] = weight
        return result


def _check_edge(key: str, time_ms: float, step_ms: float, otherwise: str = "") -> None:
    """Refuses a time at which the input jumps inside of a step."""
    if not is_multiple(time_ms, step_ms):
        raise InputError(
            f"{key}: {time_ms:.10g} is not a multiple of the shortest integration step, {step_ms:g} ms; allowed: a "
            f"multiple, so that no step straddles a jump{otherwise}"
        )


def region_index(key: str, region: str | int, labels: Sequence[str]) -> int:
    """Index of a region that is named by its label, or by the index itself.

    Raises
    ------
    InputError
        If there is no such region.
    """
    if str(region) in labels:
        return labels.index(str(region))
    if str(region).isdigit() and int(region) < len(labels):
        return int(region)
    if str(region).lstrip("-").isdigit():
        raise InputError(f"{key}: there is no region {region}; allowed: labels, or indices from 0 to {len(labels) - 1}")
    raise unknown(key, str(region), labels)


def check_field(stimulus: Stimulus, field: str, key: str, value: float) -> None:
    """Whether a number of a stimulus may have a value that an axis or a point gives it; messages start with `key`.

    Raises
    ------
    InputError
        If it may not.
    """
    try:
        Stimulus.model_validate({**stimulus.model_dump(exclude_unset=True), field: value})
    except ValidationError as error:
        (first,) = error.errors()
        allowed = first["msg"].removeprefix("Input should be ").partition(",")[0]
        raise InputError(f"{key}: {value:g} is out of range; allowed: {allowed}") from None


def check_indices(stimulus: Stimulus, overrides: Iterable[float], regions: int) -> None:
    """Whether the one region that a stimulus acts on is there; `overrides` are those that axes and points give it.

    Raises
    ------
    InputError
        If it is not.
    """
    for region in (*overrides, stimulus.region):
        if region is not None and region >= regions:
            raise InputError(
                f"{stimulus.name}.region: there is no region {region:g}; allowed: indices from 0 to {regions - 1}"
            )


def field_values(stimulus: Stimulus, columns: Mapping[str, np.ndarray], points: int) -> dict[str, np.ndarray]:
    """Give the numbers of a stimulus at every point, [point]: its declaration, overridden by axes of the grid."""
    values = {}
    for field in SWEPT:
        value = columns.get(f"{stimulus.name}.{field}", getattr(stimulus, field))
        values[field] = np.broadcast_to(np.nan if value is None else np.asarray(value, float), points)
    return values


def name_and_unit(field: str) -> tuple[str, str]:
    """`duration_ms` as "duration" and "ms"; the unit is 1 where the name tells none."""
    end = next((end for end in UNITS if field.endswith(end)), "")
    return field.removesuffix(end), UNITS.get(end, "1")


def timed_values(stimuli: Sequence[Stimulus], columns: Mapping[str, np.ndarray], points: int) -> list[dict]:
    """`field_values` of all stimuli, with every onset counted from the start of the simulation."""
    found: list[dict[str, np.ndarray]] = []
    for stimulus in stimuli:
        values = field_values(stimulus, columns, points)
        if stimulus.after is not None:
            k = [s.name for s in stimuli].index(stimulus.after)
            values["onset_ms"] = values["onset_ms"] + end_of(stimuli[k], found[k])
        found.append(values)
    return found


def end_of(stimulus: Stimulus, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """When a stimulus ends, [point]; NaN where it lasts to the end of the simulation."""
    before = (stimulus.count - 1) * stimulus.period_ms if stimulus.count > 1 else 0.0
    return values["onset_ms"] + before + values["duration_ms"]


def check_chain(stimuli: Sequence[Stimulus], ends: Mapping[str, bool]) -> None:
    """Whether every `after` names a stimulus above that ends; `ends` says by name whether it always does.

    Raises
    ------
    InputError
        If one does not.
    """
    for k, stimulus in enumerate(stimuli):
        above = [s.name for s in stimuli[:k]]
        if stimulus.after is None:
            continue
        key = f"simulation.stimuli.{stimulus.name}.after"
        if stimulus.after not in above:
            if not above:
                raise InputError(f"{key}: '{stimulus.after}' is not above; allowed: the name of a stimulus above it")
            raise unknown(key, stimulus.after, above)
        if not ends[stimulus.after]:
            raise InputError(f"{key}: '{stimulus.after}' has no end; allowed: a stimulus with duration_ms")


def stimulus_axes(stimuli: Sequence[Stimulus]) -> list[Axis]:
    """Declare the axes that a grid may have on account of stimuli."""
    axes = []
    for stimulus in stimuli:
        for field in SWEPT:
            meaning, unit = name_and_unit(field)
            check, value = partial(check_field, stimulus, field), getattr(stimulus, field)
            about = f"{meaning} of the stimulus {stimulus.name}"
            axes.append(Axis(f"{stimulus.name}.{field}", Kind.SETTING, check, unit, about, "stimuli", value))
    return axes


def edges_ms(stimuli: Sequence[Stimulus], columns: Mapping[str, np.ndarray], points: int) -> np.ndarray:
    """List the times [edge, point] at which inputs jump, as lengths that a step must divide; NaN for none."""
    edges = [np.full(points, np.nan)]
    for stimulus, values in zip(stimuli, timed_values(stimuli, columns, points), strict=True):
        if stimulus.kind in JUMPING:
            period = stimulus.period_ms if stimulus.count > 1 else np.nan
            edges += [values["onset_ms"], end_of(stimulus, values), np.full(points, period)]
        if jumps := stimulus.jumps_ms:
            edges += [values["onset_ms"], *(np.full(points, time) for time in jumps)]
    return np.array(edges)
