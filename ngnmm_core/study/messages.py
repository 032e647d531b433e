"""Turns what pydantic says of a bad study into one line for people: key, value found, what is allowed."""

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ngnmm_core.errors import InputError, nearest, unknown

NUMBERS = {"float_parsing", "float_type", "int_parsing", "int_type", "int_from_float", "finite_number"}
BOUNDS = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}


def input_error(error: ValidationError, prefix: str = "", root: type[BaseModel] | None = None) -> InputError:
    """The first error as a one-line `InputError`; further ones are counted."""
    first = error.errors()[0]
    key = prefix + _dotted(first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InputError(f"{_sentence(key, first, root)}{more}")


def _dotted(location: tuple) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _sentence(key: str, error: dict[str, Any], root: type[BaseModel] | None) -> str:
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind == "extra_forbidden":
        return str(unknown(key, str(error["loc"][-1]), _allowed_keys(root, error["loc"][:-1])))
    if kind == "missing":
        return f"{key}: the key is missing; allowed: {_description(root, error['loc'])}"
    if kind == "literal_error":
        allowed = context["expected"]
        choices = [word.strip("' ") for word in allowed.replace(" or ", ",").split(",")]
        return f"{key}: {value!r} is not known{nearest(value, choices)}; allowed: {allowed}"
    if kind in NUMBERS:
        return f"{key}: {value!r} is not a number; allowed: a finite number"
    if kind in BOUNDS:
        bound = next(iter(context.values()))
        return f"{key}: {value!r} is out of range; allowed: {BOUNDS[kind]} {bound:g}"
    if kind == "string_pattern_mismatch":
        return f"{key}: {value!r} can't be a name; allowed: letters, digits, '.', '_' and '-'"
    if kind == "value_error":
        return f"{key}: {context['error']}" if key else str(context["error"])
    return f"{key}: {value!r} does not fit; allowed: {error['msg']}"


def _model_at(root: type[BaseModel] | None, location: tuple) -> type[BaseModel] | None:
    """The pydantic model that holds the key at a location, if it can be told from the annotations."""
    model = root
    for part in location:
        if model is None or part not in (names := {f.alias or n: f for n, f in model.model_fields.items()}):
            return model
        candidates = (names[part].annotation, *get_args(names[part].annotation))
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return model


def _allowed_keys(root: type[BaseModel] | None, location: tuple) -> list[str]:
    model = _model_at(root, location)
    return [f.alias or name for name, f in model.model_fields.items()] if model else []


def _description(root: type[BaseModel] | None, location: tuple) -> str:
    model = _model_at(root, location[:-1])
    field = next((f for n, f in model.model_fields.items() if (f.alias or n) == location[-1]), None) if model else None
    return (field.description if field and field.description else "see config/README.md").replace("\n", " ")
