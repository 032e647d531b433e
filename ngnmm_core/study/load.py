"""Reads study files, applies overrides, splits them into parts, and checks every key before anything runs."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from ngnmm_core.analysis.registry import get_analysis
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.model import Model
from ngnmm_core.models import get_model
from ngnmm_core.points import SEED
from ngnmm_core.stimulus import axis_names
from ngnmm_core.study.axes import as_number, axis_values
from ngnmm_core.study.messages import input_error
from ngnmm_core.study.schema import ModelSpec, StudyConfig, analysis_options
from ngnmm_core.study.study import Study

MERGED_BY_KEY = ("connectome", "model", "simulation")  # of `base` and a part; other keys of a part replace


def read_yaml(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises
    ------
    InputError
        If the file is missing, is not YAML or not a mapping.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; allowed: a YAML file with a study (see config/README.md)")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}: not YAML{where}: {getattr(error, 'problem', error)}; allowed: YAML") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}, not keys; allowed: a mapping of keys of a study")
    return content


def override(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with `changes` laid over it, mapping by mapping; text that is YAML is read as such (`--config`)."""
    result = dict(config)
    for key, value in changes.items():
        if isinstance(value, str):
            parsed = yaml.safe_load(value) if value.strip() else value
            value = parsed if isinstance(parsed, dict | list | int | float) else value
        if isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            value = override(result[key], value)
        result[key] = value
    return result


def load_studies(config: Mapping[str, Any], source: str = "study") -> dict[str, Study]:
    """The studies that a config describes: one, or one for each of its `parts`, by name.

    Parameters
    ----------
    config : mapping
        The content of a study file, overrides applied.
    source : str
        What the config came from, for messages.

    Raises
    ------
    InputError
        In one line: the source, the key, the value found and what is allowed.
    """
    studies = {}
    for name, part in _parts(config).items():
        try:
            studies[name] = make_study(name, part)
        except InputError as error:
            within = f" (part {name.partition('/')[2]})" if "/" in name else ""
            raise InputError(f"{source}{within}: {error}") from None
    return studies


def _parts(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if "parts" not in config:
        return {str(config.get("study", "study")): dict(config)}
    for key in config:
        if key not in ("study", "base", "parts"):
            raise unknown(key, key, ("study", "base", "parts"))
    name, base, parts = config.get("study", "study"), config.get("base") or {}, config["parts"]
    if not isinstance(parts, Mapping) or not parts:
        raise InputError(f"parts: {parts!r} holds no parts; allowed: a mapping of names to studies")
    result = {}
    for part, own in parts.items():
        merged = {**base, **(own or {}), "study": part}
        for key in MERGED_BY_KEY:
            if isinstance(base.get(key), Mapping) and isinstance((own or {}).get(key), Mapping):
                merged[key] = {**base[key], **own[key]}
        result[f"{name}/{part}"] = merged
    return result


def make_study(name: str, config: Mapping[str, Any]) -> Study:
    """One study from one config without parts."""
    try:
        checked = StudyConfig.model_validate(dict(config))
    except ValidationError as error:
        raise input_error(error, root=StudyConfig) from None
    try:
        options = analysis_options(checked.analyses)
    except ValidationError as error:
        raise _analysis_error(error, checked) from None
    model = get_model(checked.model.name)
    fixed = _fixed_parameters(model, checked.model)
    if checked.grid is not None and checked.points is not None:
        raise InputError("points: given beside grid; allowed: one of the two")
    listed = checked.points is not None
    known = (*model.axis_names, SEED, *axis_names(checked.simulation.stimuli))
    axes = _listed_points(model, known, checked.points) if listed else _grid(model, known, checked.grid or {})
    _refuse_conflicts(model, fixed, axes)
    for k, highlight in enumerate(checked.highlights):
        for key, value in highlight.items():
            _check_values(model, known, f"highlights[{k}].{key}", key, (as_number(f"highlights[{k}].{key}", value),))
    study = Study(name, checked, model, fixed, axes, listed, options)
    if study.simulates:
        checked.simulation.check(study.fastest_rate)
        _check_stimuli(study)
    for analysis, chosen in study.analyses:
        analysis.check(chosen, study)
    return study


def _analysis_error(error: ValidationError, config: StudyConfig) -> InputError:
    name = next(n for n in config.analyses if _fails(n, config.analyses[n]))
    return input_error(error, prefix=f"analyses.{name}.", root=get_analysis(name).options)


def _fails(name: str, options: Any) -> bool:
    try:
        analysis_options({name: options})
    except ValidationError:
        return True
    return False


def _check_stimuli(study: Study) -> None:
    """Whether the stimuli fit the model and the step, at every value that an axis gives them."""
    names = [s.name for s in study.simulation.stimuli]
    if len(set(names)) < len(names):
        raise InputError(f"simulation.stimuli: the names {names} repeat; allowed: a name of its own for each")
    for stimulus in study.simulation.stimuli:
        prefix = f"{stimulus.name}."
        overrides = {n.removeprefix(prefix): v for n, v in study.axes.items() if n.startswith(prefix)}
        stimulus.check(study.model.drives, study.simulation.dt_ms, overrides)


def _check_values(model: Model, known: Sequence[str], key: str, name: str, values: tuple[float, ...]) -> None:
    """Whether `name` can be swept and its values are in range; messages start with `key`."""
    if name == SEED:
        for value in values:
            if value != int(value) or value < 0:
                raise InputError(f"{key}: {value:g} is not a seed; allowed: whole numbers >= 0")
    elif name not in known:
        raise unknown(key, name, known)
    elif name in model.axis_names:
        for target in model.targets(name):
            parameter = model.parameter(target)
            for value in values:
                if not parameter.accepts(value):
                    raise InputError(f"{key}: {value:g} is out of range for {target}; allowed: {parameter.allowed}")


def _fixed_parameters(model: Model, spec: ModelSpec) -> dict[str, float]:
    fixed = {}
    for name, value in spec.parameters.items():
        key = f"model.parameters.{name}"
        fixed[name] = as_number(key, value)
        if name == SEED:
            raise InputError(f"{key}: the seed is not a parameter of the model; allowed: grid.seed")
        _check_values(model, model.axis_names, key, name, (fixed[name],))
    return fixed


def _grid(model: Model, known: Sequence[str], grid: Mapping[str, Any]) -> dict[str, np.ndarray]:
    axes = {}
    for name, spec in grid.items():
        key = f"grid.{name}"
        if name not in known:
            raise unknown(key, str(name), known)
        values = axis_values(key, spec)
        _check_values(model, known, key, name, values)
        axes[name] = np.array(values)
    return axes


def _listed_points(model: Model, known: Sequence[str], points: list[dict[str, Any]] | str) -> dict[str, np.ndarray]:
    rows, key = (_csv_rows(points), points) if isinstance(points, str) else (points, "points")
    if not rows:
        raise InputError(f"{key}: holds no points; allowed: at least one")
    names = list(rows[0])
    for k, row in enumerate(rows):
        if set(row) != set(names):
            raise InputError(
                f"{key}[{k}]: has the parameters {sorted(row)}; allowed: the same as the first point, {sorted(names)}"
            )
    axes = {name: tuple(as_number(f"{key}[{k}].{name}", row[name]) for k, row in enumerate(rows)) for name in names}
    for name, values in axes.items():
        _check_values(model, known, f"{key}.{name}", name, values)
    return {name: np.array(values) for name, values in axes.items()}


def _csv_rows(path: str) -> list[dict[str, str]]:
    if not Path(path).is_file():
        raise InputError(f"points: no such file: {path}; allowed: a CSV file with a header of parameter names")
    with open(path, newline="", encoding="utf-8") as file:
        return [{name.strip(): value for name, value in row.items() if name} for row in csv.DictReader(file)]


def _refuse_conflicts(model: Model, fixed: Mapping[str, float], axes: Mapping[str, np.ndarray]) -> None:
    """A parameter must be set in one place only, whatever the names it is set by."""
    where: dict[str, str] = {}
    keys = [(f"model.parameters.{name}", name) for name in fixed] + [(f"grid.{name}", name) for name in axes]
    for key, name in keys:
        for target in model.targets(name):
            if target in where:
                raise InputError(f"{key}: sets {target}, which {where[target]} sets too; allowed: one of the two")
            where[target] = key
