"""Reads study files, applies overrides, splits them into parts, and checks every key before anything runs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ngnmm_core.analysis.balance import NAME as BALANCE
from ngnmm_core.analysis.contract import Analysis, Options
from ngnmm_core.analysis.registry import get_analysis, own_analysis
from ngnmm_core.compilation.own_files import OwnFile
from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model, own_model
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.delay_settings import VELOCITY, check_delays, found_at_rest
from ngnmm_core.simulation.noise_settings import COMMON, TAU
from ngnmm_core.simulation.stimuli import check_chain
from ngnmm_core.study.axis_table import axes_of
from ngnmm_core.study.balance import check_balance
from ngnmm_core.study.connectome_axes import (
    check_null_maps,
    refuse_given,
    subject_names,
    with_connectomes,
    with_subject_numbers,
)
from ngnmm_core.study.former_keys import with_present_keys
from ngnmm_core.study.maps import check_maps, load_maps, unequal_filters, with_map_files, with_surrogate_axes
from ngnmm_core.study.messages import input_error
from ngnmm_core.study.operating_point import check_operating_point
from ngnmm_core.study.optimisation import check_optimise
from ngnmm_core.study.own_files import FILE, MODEL, files_of
from ngnmm_core.study.parameters import (
    Names,
    fixed_parameters,
    grid_axes,
    highlight_values,
    listed_points,
    refuse_conflicts,
)
from ngnmm_core.study.parts import split_parts
from ngnmm_core.study.schema import StudyConfig
from ngnmm_core.study.study import Study
from ngnmm_core.study.yaml_files import parse_yaml

NOTHING = ("null", "~")  # in YAML


def override(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with `changes` laid over it, mapping by mapping; text that is YAML is read as such (`--config`)."""
    result = dict(config)
    for key, value in changes.items():
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, Mapping):
            below = result.get(key)
            value = override(below, value) if isinstance(below, Mapping) else _unset(value)
        result[key] = value
    return result


def _unset(value: Mapping[str, Any]) -> dict[str, Any]:
    """Replace text that stands for nothing by None: Snakemake leaves `null` inside a mapping as it is written."""
    plain = {key: None if isinstance(item, str) and item in NOTHING else item for key, item in value.items()}
    return {key: _unset(item) if isinstance(item, Mapping) else item for key, item in plain.items()}


def _parsed(text: str) -> Any:
    """Parse a text from the command line; it stays text if it is no YAML, or the YAML of a text.

    Raises
    ------
    InputError
        For a number that YAML 1.1 and 1.2 read differently, and for what never ends.
    """
    if text.strip() in NOTHING:
        return None
    try:
        parsed = parse_yaml(text)
    except yaml.YAMLError as error:
        if "allowed: " in (problem := str(getattr(error, "problem", None) or error)):
            raise InputError(f"{text[:60]}: {' '.join(problem.split())}") from None
        return text
    return parsed if isinstance(parsed, dict | list | int | float) else text


def load_studies(config: Mapping[str, Any], source: str = "study", folder: Path | None = None) -> dict[str, Study]:
    """Load the studies that a config describes: one, or one for each of its `parts`, by name.

    Parameters
    ----------
    config : mapping
        The content of a study file, overrides applied.
    source : str
        What the config came from, for messages.
    folder : Path, optional
        Folder of the study file, where files of a user's own are looked for first.

    Raises
    ------
    InputError
        In one line: the source, the key, the value found and what is allowed.
    """
    studies, name = {}, ""
    try:
        for name, part in split_parts(_text_keys(config)).items():
            studies[name] = make_study(name, part, folder)
    except InputError as error:
        within = f" (part {name.partition('/')[2]})" if "/" in name else ""
        raise InputError(f"{source}{within}: {error}") from None
    return studies


def _text_keys(value: Any) -> Any:
    """Turn every key into text: YAML reads `1:` and `on:` as something else."""
    if isinstance(value, Mapping):
        return {str(key): _text_keys(item) for key, item in value.items()}
    return [_text_keys(item) for item in value] if isinstance(value, list | tuple) else value


def make_study(name: str, config: Mapping[str, Any], folder: Path | None = None) -> Study:
    """One study from one config without parts; `folder` as of `load_studies`.

    Raises
    ------
    InputError
        For a config with anything that is not allowed; the message names the key.
    """
    try:
        checked = StudyConfig.model_validate(with_present_keys(config))
    except ValidationError as error:
        raise input_error(error, root=StudyConfig) from None
    if checked.model.balance is not None:  # its outcome belongs to every result
        checked = checked.model_copy(update={"analyses": {BALANCE: {}} | checked.analyses})
    files = files_of(config, folder)
    model = _model(checked, files)
    analyses = {name: _analysis(name, files) for name in checked.analyses}
    checked = with_map_files(_resolved(checked, model, files), folder)
    maps = load_maps(checked.model.maps, model)
    operating_point = checked.model.operating_point
    refuse_given(checked)
    subjects = subject_names(checked)
    checked = _numbered(checked, subjects)
    names = Names(model, axes_of(model, checked, subjects))
    fixed = fixed_parameters(names, checked.model.parameters)
    if checked.grid is not None and checked.points is not None:
        raise InputError("points: given beside grid; allowed: one of the two")
    listed = checked.points is not None
    axes = listed_points(names, checked.points) if listed else grid_axes(names, checked.grid or {})
    axes = with_connectomes(axes, listed, checked, subjects)
    axes = with_surrogate_axes(axes, maps, listed)
    keys = [(f"{'points' if listed else 'grid'}.{name}", name) for name in axes]
    if operating_point is not None:
        check_operating_point(operating_point, names.model, axes, checked.normalization)
        keys.append(("model.operating_point", names.model.equilibrium_curve.drive))
    if checked.model.balance is not None:
        mapped = [target for one in maps for target in model.targets(one.parameter)]
        check_balance(checked.model.balance, model, mapped, operating_point)
        keys.append(("model.balance.parameter", checked.model.balance.parameter))
    if checked.simulation.velocity_m_per_s is not None:
        keys.append((f"simulation.{VELOCITY}", VELOCITY))
    refuse_conflicts(names.model, [*((f"model.parameters.{name}", name) for name in fixed), *keys])
    highlights = highlight_values(names, checked.highlights)
    if any(value is None for given in checked.highlights for value in given.values()):
        checked = checked.model_copy(update={"highlights": highlights})
    study = _with_method(
        Study(
            name,
            checked,
            names.model,
            fixed,
            axes,
            listed,
            _options(checked, analyses),
            analyses,
            files,
            subjects,
            maps,
        )
    )
    checked = study.config
    check_maps(study)
    if study.simulates:
        checked.simulation.check(study.fastest_rate, study.largest_noise)
        check_delays(checked.simulation, study.delayed, found_at_rest(checked.model))
        _check_noise(study)
        _check_stimuli(study, highlights)
    for analysis, chosen in study.analyses:
        analysis.check(chosen, study)
    check_null_maps(checked, (drawn.name for a, chosen in study.analyses for drawn in a.maps(chosen)))
    if checked.optimise is not None:
        check_optimise(checked.optimise, study, names)
    if study.simulates:
        _check_starts(study)  # what an analysis says of its own stimuli is more to the point
    return study


def _numbered(config: StudyConfig, subjects: Mapping[float, str]) -> StudyConfig:
    """Replace names of subjects by their numbers, wherever the study names points."""
    if not subjects:
        return config
    changes: dict[str, Any] = {"highlights": with_subject_numbers(config.highlights, subjects, "highlights")}
    analyses = dict(config.analyses)
    for name, options in analyses.items():
        if isinstance(options, Mapping) and "at" in options:
            at = with_subject_numbers(options["at"], subjects, f"analyses.{name}.at")
            analyses[name] = {**options, "at": at}
    return config.model_copy(update=changes | {"analyses": analyses})


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
    for name in (COMMON, TAU):
        largest = max(study.axes.get(name, (0.0,)))
        if largest > 0 and not study.largest_noise > 0:
            key = f"{'points' if study.listed else 'grid'}.{name}"
            raise InputError(f"{key}: {largest:g} without noise; allowed: simulation.noise_sigma > 0 beside it")


def _with_method(study: Study) -> Study:
    """Return the study with the method and the step that its settings, its model and its noise stand for.

    Raises
    ------
    InputError
        For a method that the model, or a map of one of its parameters, has nothing for.
    """
    declared, unequal = study.model.qif is not None, unequal_filters(study)
    sends_rates = declared and study.model.qif.sent_tau is not None
    exact = declared and unequal is None and not (study.delayed and sends_rates)
    simulation = study.simulation.resolved(exact, study.largest_noise, study.delayed)
    if simulation.integrator.qif_only and unequal is not None:
        raise InputError(
            f"simulation.method: {simulation.method} filters what regions send by {study.model.qif.sent_tau}, which "
            f"must then be the same in all, and {unequal} makes it differ; allowed: auto, multirate, rk4, heun"
        )
    if simulation.integrator.qif_only and study.delayed and sends_rates:
        raise InputError(
            f"simulation.method: {simulation.method} with conduction delays is for models that send a synapse, and "
            f"{study.model.name} sends a rate; allowed: auto, rk4, heun"
        )
    if simulation.integrator.qif_only and not declared:
        raise InputError(
            f"simulation.method: {simulation.method} is for models of QIF neurons with synapses, and "
            f"{study.model.name} declares no such populations; allowed: auto, multirate, rk4, heun"
        )
    return replace(study, config=study.config.model_copy(update={"simulation": simulation}))


def _model(config: StudyConfig, files: Mapping[str, OwnFile]) -> Model:
    """Return the model of a study, from the package or from a file."""
    if MODEL not in files:
        return get_model(config.model.name)
    model = own_model(files[MODEL])
    if "name" in config.model.model_fields_set and config.model.name != model.name:
        raise InputError(
            f"model.name: '{config.model.name}' given beside model.file, whose model is '{model.name}'; "
            "allowed: one of the two"
        )
    return model


def _analysis(name: str, files: Mapping[str, OwnFile]) -> Analysis:
    file = files.get(f"analyses.{name}")
    return get_analysis(name) if file is None else own_analysis(file)


def _resolved(config: StudyConfig, model: Model, files: Mapping[str, OwnFile]) -> StudyConfig:
    """Return the same config with its files named from the working directory, as the jobs find them."""
    if not files:
        return config
    analyses = dict(config.analyses)
    for place, file in files.items():
        if place == MODEL:
            named = config.model.model_copy(update={"name": model.name, FILE: file.path.as_posix()})
            config = config.model_copy(update={MODEL: named})
        else:
            name = place.partition(".")[2]
            analyses[name] = {**analyses[name], FILE: file.path.as_posix()}
    return config.model_copy(update={"analyses": analyses})


def _options(config: StudyConfig, analyses: Mapping[str, Analysis]) -> dict[str, Options]:
    options = {}
    for name, given in config.analyses.items():
        kind, own = analyses[name].options, {} if given is None else given
        if isinstance(own, Mapping):
            own = {key: value for key, value in own.items() if key != FILE}
        try:
            options[name] = kind.model_validate(own)
        except ValidationError as error:
            raise input_error(error, prefix=f"analyses.{name}", root=kind) from None
        options[name] = analyses[name].adapt(options[name], config)
    return options


def _check_stimuli(study: Study, highlights: list[dict[str, float]]) -> None:
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
        stimulus.check(study.model.drives, study.simulation.edge_unit_ms, values)


def _check_starts(study: Study) -> None:
    """Whether every stimulus starts before the end of the simulation, at all points."""
    duration_ms = study.simulation.duration_ms
    for name, (onsets, _) in study.stimulus_times().items():
        if onsets.max() >= duration_ms:
            raise InputError(
                f"simulation.stimuli.{name}.onset_ms: it starts at {onsets.max():g} ms, when the simulation is over; "
                f"allowed: a start before simulation.duration_ms = {duration_ms:g}"
            )
