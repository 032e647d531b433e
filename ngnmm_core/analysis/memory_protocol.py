"""The epochs of a delayed match-to-sample trial, as far as they can be checked before anything runs."""

import numpy as np

from ngnmm_core.analysis.activity_threshold import check_threshold, population_index
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.simulation.stimuli import Stimulus


def check_protocol(options, study) -> None:
    """Cue and probe must be there, and the epochs in their order and within the simulation.

    Raises
    ------
    InputError
        Naming the key, the value found and what is allowed.
    """
    check_epochs("analyses.memory", options, study)
    population_index("analyses.memory.population", study.model, options.population)
    check_threshold("analyses.memory", study, options, options.threshold_hz)
    if options.probe is not None and options.threshold_hz is None:
        _check_probe(_named(study.simulation.stimuli, options.probe), study.model)


def check_epochs(key: str, options, study) -> None:
    """Cue and probe must be different stimuli of the study, and the epochs in their order and within the simulation.

    Parameters
    ----------
    key : str
        Of the analysis, for messages.
    options
        With `cue`, `probe` (or None) and `minimal_ms`, the shortest delay.

    Raises
    ------
    InputError
        Naming the key, the value found and what is allowed.
    """
    names = [s.name for s in study.simulation.stimuli]
    for field in ("cue", "probe"):
        name = getattr(options, field)
        if name is not None and name not in names:
            if not names:
                raise InputError(f"{key}.{field}: there is no stimulus {name!r}; allowed: one in simulation.stimuli")
            raise unknown(f"{key}.{field}", name, names)
    if options.cue == options.probe:
        raise InputError(f"{key}.probe: {options.probe!r} is the cue too; allowed: another stimulus, or null")
    _check_times(options, study)


def _named(stimuli, name: str) -> Stimulus:
    return next(s for s in stimuli if s.name == name)


def _check_times(options, study) -> None:
    """Fixation, cue, delay and probe in this order, in every combination that the study has."""
    simulation, times = study.simulation, study.stimulus_times()
    duration, earliest = simulation.duration_ms, simulation.transient_ms + simulation.sample_ms

    def refuse(name: str, field: str, bad: np.ndarray, values: np.ndarray, why: str) -> None:
        if bad.any():
            counted = field == "onset_ms" and _named(simulation.stimuli, name).after is not None
            value = f"{values[np.argmax(bad)]:g} ms{' from the start of the simulation' if counted else ''}"
            raise InputError(f"simulation.stimuli.{name}.{field}: {value} {why}")

    onset, end = times[options.cue]
    window = f"allowed: at least {earliest:g}, after transient_ms and one sample"
    refuse(options.cue, "onset_ms", onset < earliest, onset, f"leaves no fixation before the cue; {window}")
    if np.isnan(end).any():
        raise InputError(
            f"simulation.stimuli.{options.cue}.duration_ms: null, and a cue must end; allowed: a number of ms"
        )
    inside = f"outside the simulation of simulation.duration_ms = {duration:g}"
    refuse(options.cue, "duration_ms", end > duration, end - onset, f"makes the cue end {inside}; allowed: less")
    if options.probe is None:
        late = end + options.minimal_ms > duration
        delay = f"leaves no delay of at least {options.minimal_ms:g} ms before the end; allowed: an earlier end"
        refuse(options.cue, "onset_ms", late, onset, delay)
        return
    probe_onset, probe_end = times[options.probe]
    first = end + options.minimal_ms
    early = probe_onset < first
    least = f"{first[np.argmax(early)]:g}, the end of the cue and a delay of {options.minimal_ms:g} ms"
    order = f"is out of order, before the end of the delay; allowed: at least {least}"
    refuse(options.probe, "onset_ms", early, probe_onset, order)
    if np.isnan(probe_end).any():
        raise InputError(
            f"simulation.stimuli.{options.probe}.duration_ms: null, and a probe must end; allowed: a number of ms"
        )
    refuse(options.probe, "onset_ms", probe_onset >= duration, probe_onset, f"is {inside}; allowed: less")
    length = probe_end - probe_onset
    refuse(options.probe, "duration_ms", probe_end > duration, length, f"makes the probe end {inside}; allowed: less")


def _check_probe(probe: Stimulus, model) -> None:
    """Refuse a probe whose effect on the two states is unknown: any but constant input to the drive of their branch."""
    key = f"simulation.stimuli.{probe.name}"
    if probe.kind != "pulse" or probe.count > 1:
        raise InputError(
            f"{key}.kind: {'a train of pulses' if probe.count > 1 else repr(probe.kind)} is no probe with a threshold; "
            "allowed: one pulse, or analyses.memory.threshold_hz"
        )
    if model.equilibrium_curve is not None and probe.parameter != model.equilibrium_curve.drive:
        raise InputError(
            f"{key}.parameter: {probe.parameter!r} is not the drive that the states are known for; allowed: "
            f"{model.equilibrium_curve.drive!r}, or analyses.memory.threshold_hz"
        )
