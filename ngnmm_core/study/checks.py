"""Checks of a study as a whole, once it is put together: what its simulation, its analyses and its search can take."""

from collections.abc import Sequence
from functools import partial

from ngnmm_core.errors import InputError
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.delay_settings import check_delays, found_at_rest
from ngnmm_core.simulation.lesions import AXIS, Resection
from ngnmm_core.simulation.noise_settings import COMMON, TAU, check_tau
from ngnmm_core.simulation.own_times import own_time
from ngnmm_core.simulation.settings_checks import check_settings
from ngnmm_core.simulation.stimuli import Stimulus, check_chain
from ngnmm_core.study.connectome_axes import check_null_maps
from ngnmm_core.study.maps import check_maps
from ngnmm_core.study.optimisation import check_optimise
from ngnmm_core.study.parameters import Names
from ngnmm_core.study.study import Study


def check_study(study: Study, names: Names, highlights: Sequence[dict[str, float]]) -> None:
    """Refuse what does not go together.

    Parameters
    ----------
    highlights : sequence of dict
        Values of the highlighted points.

    Raises
    ------
    InputError
        With the key, the value and what is allowed.
    """
    config = study.config
    _check_time_unit(study.model)
    check_maps(study)
    if study.simulates:
        check_settings(config.simulation, study.fastest_rate, study.time_factors, study.largest_noise)
        check_delays(config.simulation, study.delayed, found_at_rest(config.model))
        _check_noise(study)
        _check_resection(study)
        _check_stimuli(study, highlights)
    for analysis, chosen in study.analyses:
        analysis.check(chosen, study)
    check_null_maps(config, (drawn.name for a, chosen in study.analyses for drawn in a.maps(chosen)))
    if config.optimise is not None:
        check_optimise(config.optimise, study, names)
    if study.simulates:
        _check_starts(study)  # what an analysis says of its own stimuli is more to the point


def _check_time_unit(model: Model) -> None:
    """Whether the equations of a model are the same in the unit of time that it declares.

    Raises
    ------
    InputError
        Where not all that is a time, or a rate, is among the parameters.
    """
    if model.time_unit != 1.0 and own_time(model, model.resolve({}), model.time_unit).factor == 1.0:
        raise InputError(
            f"model {model.name}: time_unit is {model.time_unit:g}, and its equations hold times that are no "
            "parameters in ms, s or Hz; allowed: 1, or all times and rates as parameters with their units"
        )


def _check_noise(study: Study) -> None:
    """Whether the model takes the noise that there is, and there is some where its kind is told.

    Raises
    ------
    InputError
        Otherwise.
    """
    if study.largest_noise > 0 and not study.model.noisy_states:
        raise InputError(
            f"simulation.noise_sigma: {study.largest_noise:g}, and no state of {study.model.name} takes noise; "
            "allowed: 0, or a model with `noise` in one of its states"
        )
    grid, slowest = "points" if study.listed else "grid", float(study.time_factors.max())
    for tau_ms in study.axes.get(TAU, ()):
        check_tau(f"{grid}.{TAU}", float(tau_ms), slowest)
    for k, highlight in enumerate(study.config.highlights):
        check_tau(f"highlights[{k}].{TAU}", float(highlight.get(TAU, 0.0)), slowest)
    for name in (COMMON, TAU):
        largest = max(study.axes.get(name, (0.0,)))
        if largest > 0 and not study.largest_noise > 0:
            raise InputError(f"{grid}.{name}: {largest:g} without noise; allowed: simulation.noise_sigma > 0 beside it")


def _check_resection(study: Study) -> None:
    """Refuses a kind of resection where no region is taken out."""
    resection = study.simulation.resection
    asked = AXIS in study.axes or any(AXIS in highlight for highlight in study.config.highlights)
    if resection.kind != Resection().kind and not (resection.regions or asked):
        raise InputError(
            f"simulation.resection.kind: {resection.kind} without a region to take out; allowed: none, or "
            f"simulation.resection.regions or an axis {AXIS} beside it"
        )


def _check_stimuli(study: Study, highlights: Sequence[dict[str, float]]) -> None:
    """Whether the stimuli fit the model and the step, at every value that an axis or a highlight gives them."""
    names = [s.name for s in study.simulation.stimuli]
    if len(set(names)) < len(names):
        raise InputError(f"simulation.stimuli: the names {names} repeat; allowed: a name of its own for each")
    ends = {s.name: None not in study.values_of(s, "duration_ms") for s in study.simulation.stimuli}
    check_chain(study.simulation.stimuli, ends)
    for stimulus in study.simulation.stimuli:
        prefix = f"{stimulus.name}."
        values = {n.removeprefix(prefix): list(v) for n, v in study.axes.items() if n.startswith(prefix)}
        for highlight in highlights:
            for name, value in highlight.items():
                if name.startswith(prefix):
                    values.setdefault(name.removeprefix(prefix), [getattr(stimulus, name.removeprefix(prefix))])
                    values[name.removeprefix(prefix)].append(value)
        _check_one(study, stimulus, values)


def _check_one(study: Study, stimulus: Stimulus, values: dict[str, list[float]]) -> None:
    """Check a stimulus against the steps of the default time constants, or those of the one unit of time there is."""
    check = partial(stimulus.check, study.model.drives, overrides=values)
    try:
        check(study.simulation.edge_unit_ms())
    except InputError:
        factors = study.time_factors
        if len(factors) > 1 or factors[0] == 1.0:
            raise
        check(study.simulation.edge_unit_ms(float(factors[0])))


def _check_starts(study: Study) -> None:
    """Whether every stimulus starts before the end of the simulation, at all points."""
    duration_ms = study.simulation.duration_ms
    for name, (onsets, _) in study.stimulus_times().items():
        if onsets.max() >= duration_ms:
            raise InputError(
                f"simulation.stimuli.{name}.onset_ms: it starts at {onsets.max():g} ms, when the simulation is over; "
                f"allowed: a start before simulation.duration_ms = {duration_ms:g}"
            )
