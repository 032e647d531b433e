"""Reads study files, applies overrides, splits them into parts, and checks every key before anything runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from ngnmm_core.analysis.balance import NAME as BALANCE
from ngnmm_core.analysis.contract import Analysis, Options
from ngnmm_core.analysis.registry import get_analysis, own_analysis
from ngnmm_core.compilation.own_files import OwnFile
from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model, own_model
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.delay_settings import VELOCITY
from ngnmm_core.simulation.map_settings import RegionMap
from ngnmm_core.study.axis_table import axes_of
from ngnmm_core.study.balance import check_balance
from ngnmm_core.study.checks import check_study
from ngnmm_core.study.connectome_axes import (
    refuse_given,
    subject_names,
    with_connectomes,
    with_subject_numbers,
)
from ngnmm_core.study.former_keys import with_present_keys
from ngnmm_core.study.maps import load_maps, with_map_files, with_sphere, with_surrogate_axes
from ngnmm_core.study.messages import input_error
from ngnmm_core.study.methods import with_method
from ngnmm_core.study.operating_point import check_operating_point
from ngnmm_core.study.own_files import FILE, MODEL, files_of
from ngnmm_core.study.parameters import (
    Names,
    fixed_parameters,
    grid_axes,
    highlight_values,
    listed_points,
    refuse_conflicts,
)
from ngnmm_core.study.parts import inherited_keys, split_parts, written_keys
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
        whole = _text_keys(config)
        parts = split_parts(whole)
        inherited = inherited_keys(whole)
        for name, part in parts.items():
            studies[name] = make_study(name, part, folder, inherited.get(name, frozenset()))
    except InputError as error:
        within = f" (part {name.partition('/')[2]})" if "/" in name else ""
        raise InputError(f"{source}{within}: {error}") from None
    return studies


def _text_keys(value: Any) -> Any:
    """Turn every key into text: YAML reads `1:` and `on:` as something else."""
    if isinstance(value, Mapping):
        return {str(key): _text_keys(item) for key, item in value.items()}
    return [_text_keys(item) for item in value] if isinstance(value, list | tuple) else value


def make_study(
    name: str, config: Mapping[str, Any], folder: Path | None = None, inherited: frozenset[str] = frozenset()
) -> Study:
    """One study from one config without parts; `folder` as of `load_studies`, `inherited` as of `Study`.

    Raises
    ------
    InputError
        For a config with anything that is not allowed; the message names the key.
    """
    checked = _validated(config)
    files = files_of(config, folder)
    model = _model(checked, files)
    analyses = {name: _analysis(name, files) for name in checked.analyses}
    checked = with_map_files(_resolved(checked, model, files), folder)
    checked, maps = with_sphere(checked, load_maps(checked.model.maps, model))
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
    given = _given_elsewhere(checked, names, axes, maps)
    refuse_conflicts(names.model, [*((f"model.parameters.{name}", name) for name in fixed), *given])
    highlights = highlight_values(names, checked.highlights)
    if any(value is None for given in checked.highlights for value in given.values()):
        checked = checked.model_copy(update={"highlights": highlights})
    options = _options(checked, analyses)
    of_files = (analyses, files, subjects, maps, written_keys(config), inherited)
    study = with_method(Study(name, checked, names.model, fixed, axes, listed, options, *of_files))
    check_study(study, names, highlights)
    return study


def _validated(config: Mapping[str, Any]) -> StudyConfig:
    try:
        checked = StudyConfig.model_validate(with_present_keys(config))
    except ValidationError as error:
        raise input_error(error, root=StudyConfig) from None
    if checked.model.balance is not None:  # its outcome belongs to every result
        checked = checked.model_copy(update={"analyses": {BALANCE: {}} | checked.analyses})
    return checked


def _given_elsewhere(
    config: StudyConfig, names: Names, axes: Mapping[str, np.ndarray], maps: Sequence[RegionMap]
) -> list[tuple[str, str]]:
    """List what is set in other places than `model.parameters`: keys, and what they set.

    Raises
    ------
    InputError
        For an operating point or a balance that the model, or the axes, don't allow.
    """
    model, point, balance = names.model, config.model.operating_point, config.model.balance
    keys = [(f"{'grid' if config.points is None else 'points'}.{name}", name) for name in axes]
    if point is not None:
        check_operating_point(point, model, axes, config.normalization)
        keys.append(("model.operating_point", model.equilibrium_curve.drive))
    if balance is not None:
        check_balance(balance, model, [target for one in maps for target in model.targets(one.parameter)], point)
        keys.append(("model.balance.parameter", balance.parameter))
    if config.simulation.velocity_m_per_s is not None:
        keys.append((f"simulation.{VELOCITY}", VELOCITY))
    return keys


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
