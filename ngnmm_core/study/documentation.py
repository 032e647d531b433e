"""The JSON schema of a study and the tables of the documentation, made from the declarations that the code checks with.

Tables stand between `<!-- generated: NAME -->` and `<!-- end -->` in Markdown files; everything else in those files is
written by hand.
"""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ngnmm_core.analysis.registry import analysis_names, get_analysis
from ngnmm_core.models import get_model, model_names
from ngnmm_core.points import SEED
from ngnmm_core.simulation.delay_settings import VELOCITY
from ngnmm_core.simulation.map_settings import SCALE, SURROGATE, MapSource, Surrogates
from ngnmm_core.simulation.noise_settings import COMMON, NOISE, TAU
from ngnmm_core.simulation.stimuli import SWEPT
from ngnmm_core.study.axes import FORMS
from ngnmm_core.study.balance import Balance
from ngnmm_core.study.connectome_axes import Nulls
from ngnmm_core.study.operating_point import FIELDS as OPERATING_FIELDS
from ngnmm_core.study.operating_point import OperatingPoint
from ngnmm_core.study.optimisation import Optimise
from ngnmm_core.study.schema import NAME, StudyConfig

SCHEMA = Path("workflow/schemas/study.schema.json")
# axes of stimuli, of the operating point and of maps
DOTTED = rf"^[A-Za-z][\w-]*\.({'|'.join(dict.fromkeys((*SWEPT, *OPERATING_FIELDS, SCALE, SURROGATE)))})$"
DOCUMENTS = (Path("config/README.md"), Path("docs/models.md"), Path("docs/results.md"))


def json_schema() -> dict[str, Any]:
    """Build the schema of a study file, for editors and other programs, with parameters and analyses spelled out."""
    one = StudyConfig.model_json_schema(by_alias=True)
    definitions = one.pop("$defs")
    axis = {"description": FORMS, "anyOf": [{"type": t} for t in ("number", "array", "object", "string")]}
    of_models = {n for model in map(get_model, model_names()) for n in model.axis_names}
    names = sorted(of_models | {SEED, NOISE, COMMON, TAU, VELOCITY})
    numbers = {name: {"type": ["number", "string"]} for name in names}
    properties = one["properties"]
    properties["grid"] = _optional(properties["grid"], dict.fromkeys(names, axis))
    properties["grid"]["anyOf"][0]["patternProperties"] = {DOTTED: axis}
    definitions["ModelSpec"]["properties"]["name"]["enum"] = list(model_names())
    parameters = {n: v for n, v in numbers.items() if n not in (SEED, NOISE, COMMON, TAU, VELOCITY)}
    definitions["ModelSpec"]["properties"]["parameters"] |= {"properties": parameters}
    patterns = {DOTTED: {"type": ["number", "string"]}}
    properties["highlights"]["items"] = {"type": "object", "properties": numbers, "patternProperties": patterns}
    properties["analyses"] = _analyses(properties["analyses"]["description"], definitions)
    study = {k: v for k, v in one.items() if k != "title"}
    partial = {k: v for k, v in study.items() if k != "required"}
    known = {"anyOf": [{"enum": names}, {"pattern": DOTTED}]}
    definitions |= {
        "Study": study | _names_known(known, {"enum": list(parameters)}),
        "Part": {**partial, "type": ["object", "null"]},
        "Parts": _PARTS,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ng-nmm study",
        "type": "object",
        "if": {"required": ["parts"]},
        "then": {"$ref": "#/$defs/Parts"},
        "else": {"$ref": "#/$defs/Study"},
        "$defs": definitions,
    }


def _names_known(axes: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Refuses names that no model of the package has, where the model is one of them."""
    strict = {
        "grid": {"propertyNames": axes},
        "highlights": {"items": {"propertyNames": axes}},
        "model": {"properties": {"parameters": {"propertyNames": parameters}}},
    }
    own = {"required": ["model"], "properties": {"model": {"required": ["file"]}}}
    return {"if": own, "else": {"properties": strict}}


def _analyses(description: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Build the schema of `analyses`, and add to `definitions` what it refers to."""
    options = {}
    for name in analysis_names():
        schema = get_analysis(name).options.model_json_schema()
        definitions |= schema.pop("$defs", {})
        options[name] = {"anyOf": [schema, {"type": "null"}]}
    file = {"type": "string", "description": "a Python file of your own that defines `ANALYSIS`"}
    own = {"type": "object", "required": ["file"], "properties": {"file": file}}
    return {
        "description": description,
        "anyOf": [
            {"type": "object", "properties": options, "additionalProperties": own},
            {"type": "array", "items": {"enum": list(analysis_names())}},
        ],
    }


_PARTS = {
    "description": "several studies in one file",
    "properties": {
        "study": {"type": "string", "pattern": NAME, "description": "name; results go to `results/<study>/<part>/`"},
        "base": {"$ref": "#/$defs/Part", "description": "keys that the parts share"},
        "parts": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": NAME},
            "additionalProperties": {"$ref": "#/$defs/Part"},
            "description": "studies by name, each laid over `base`",
        },
    },
    "additionalProperties": False,
}


def _optional(original: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return {"description": original["description"], "default": None, "anyOf": [schema, {"type": "null"}]}


# ------------------------------------------------------------------ tables
def _row(*cells: Any) -> str:
    return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |"


def _default(field) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, dict) and len(value) > 3:
        return ", ".join(f"{k}: {list(v) if isinstance(v, tuple) else v}" for k, v in value.items())
    text = json.dumps(value, default=list)
    return f"`{text}`"


def key_table(model: type[BaseModel], prefix: str = "") -> str:
    """Keys of a section: name, default, meaning."""
    rows = [_row("key", "default", "meaning"), _row("---", "---", "---")]
    for name, field in model.model_fields.items():
        rows.append(_row(f"`{prefix}{field.alias or name}`", _default(field), field.description))
    return "\n".join(rows)


def model_table(name: str) -> str:
    """Parameters of a model: name, default, unit, meaning, allowed values."""
    model = get_model(name)
    rows = [f"`{name}`: {model.title}. doi:{model.doi}", "", _row("parameter", "default", "unit", "meaning", "allowed")]
    rows.append(_row(*["---"] * 5))
    rows += [_row(f"`{p.name}`", f"{p.default:g}", p.unit, p.meaning, p.allowed) for p in model.parameters]
    for alias, targets in model.aliases.items():
        rows.append(_row(f"`{alias}`", "", "", f"sets {' and '.join(f'`{t}`' for t in targets)}", ""))
    states = ", ".join(f"`{s.name}` ({s.unit})" for s in model.states)
    return "\n".join([*rows, "", f"States: {states}. Observable: `{model.observable}`."])


def variable_table() -> str:
    """Variables of the result by analysis."""
    rows = [_row("analysis", "variable", "dimensions after the grid", "unit", "meaning"), _row(*["---"] * 5)]
    for name in analysis_names():
        analysis = get_analysis(name)
        for v in analysis.variables(analysis.options()):
            meaning = v.long_name + (f" ({', '.join(v.flags)})" if v.flags else "")
            rows.append(_row(name, f"`{v.name}`", ", ".join(v.dims) or "-", v.unit, meaning))
    return "\n".join(rows)


def tables() -> dict[str, str]:
    """Every generated table by its name."""
    from ngnmm_core.connectome import ConnectomeSpec
    from ngnmm_core.recordings.settings import Empirical
    from ngnmm_core.simulation.settings import Initial, Simulation
    from ngnmm_core.simulation.stimuli import Stimulus
    from ngnmm_core.study.schema import ModelSpec

    sections = {
        "keys": key_table(StudyConfig),
        "connectome": key_table(ConnectomeSpec, "connectome."),
        "nulls": key_table(Nulls, "nulls."),
        "model": key_table(ModelSpec, "model."),
        "operating_point": key_table(OperatingPoint, "model.operating_point."),
        "balance": key_table(Balance, "model.balance."),
        "maps": key_table(MapSource, "model.maps[]."),
        "surrogates": key_table(Surrogates, "model.maps[].surrogates."),
        "simulation": key_table(Simulation, "simulation."),
        "initial": key_table(Initial, "simulation.initial."),
        "empirical": key_table(Empirical, "empirical."),
        "optimise": key_table(Optimise, "optimise."),
        "stimuli": key_table(Stimulus, "simulation.stimuli[]."),
    }
    analyses = []
    for name in analysis_names():
        analysis = get_analysis(name)
        options = key_table(analysis.options, f"analyses.{name}.") if analysis.options.model_fields else "No options."
        analyses.append(f"#### `{name}`: {analysis.title}\n\n{options}")
    models = "\n\n".join(model_table(name) for name in model_names())
    return {**sections, "analyses": "\n\n".join(analyses), "models": models, "variables": variable_table()}


def fill(text: str, made: dict[str, str]) -> str:
    """Renew the generated tables of a Markdown text."""
    pattern = r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda m: f"{m[1]}\n{made[m[2]]}\n\n{m[3]}", text, flags=re.DOTALL)


def write_all(root: Path, change: bool) -> list[Path]:
    """Renews the schema and the tables; returns the files that were out of date."""
    made = tables()
    wanted = {SCHEMA: json.dumps(json_schema(), indent=1) + "\n"}
    for document in DOCUMENTS:
        wanted[document] = fill((root / document).read_text(encoding="utf-8"), made)
    stale = []
    for path, text in wanted.items():
        target = root / path
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            stale.append(path)
            if change:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
    return stale
