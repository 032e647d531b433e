"""Turns what pydantic says of a bad study into one line for people: key, value found, what is allowed."""

from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ngnmm_core.errors import InputError, nearest, unknown
from ngnmm_core.section import is_union

BOOLEANS = {"bool_parsing", "bool_type"}
NUMBERS = {"float_parsing", "float_type", "int_parsing", "int_type", "finite_number"}
BOUNDS = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}
UNKNOWN = "extra_forbidden"


def input_error(error: ValidationError, prefix: str = "", root: type[BaseModel] | None = None) -> InputError:
    """One of the errors as a one-line `InputError`; the others are counted.

    An unknown key comes first: it may be the reason why another one is missing.
    """
    found = {_known_part(root, e["loc"]): e for e in reversed(error.errors())}  # one for all kinds that a key may have
    location = min(reversed(found), key=lambda place: found[place]["type"] != UNKNOWN)
    key = ".".join(filter(None, (prefix, _dotted(location))))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return InputError(f"{_sentence(key, location, found[location], root)}{more}")


def _known_part(root: type[BaseModel] | None, location: tuple) -> tuple:
    """Strip from a location what pydantic adds to the keys of a study: kinds of an alternative, `[key]`."""
    annotation: Any = None
    for k, part in enumerate(location):
        if part == "[key]" or (k and is_union(annotation) and isinstance(part, str)):
            return location[:k]
        if isinstance(part, str):
            field = _field(root, location[: k + 1])
            annotation = field.annotation if field else None
        else:
            annotation = next(iter(get_args(annotation)), None)  # of an item
    return location


def _dotted(location: tuple) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _sentence(key: str, location: tuple, error: dict[str, Any], root: type[BaseModel] | None) -> str:
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind == UNKNOWN:
        return str(unknown(key, str(location[-1]), _allowed_keys(root, location[:-1])))
    if kind == "missing" and isinstance(location[-1], int):
        whole = key.removesuffix(f"[{location[-1]}]")
        return f"{whole}: {list(value)} is too short; allowed: {_description(root, location)}"
    if kind == "missing":
        return f"{key}: the key is missing; allowed: {_description(root, location)}"
    if location == error["loc"] and kind == "literal_error":
        allowed = context["expected"]
        choices = [word.strip("' ") for word in allowed.replace(" or ", ",").split(",")]
        return f"{key}: {value!r} is not known{nearest(value, choices)}; allowed: {allowed}"
    if location == error["loc"] and kind in NUMBERS:
        return f"{key}: {value!r} is not a number; allowed: a finite number"
    if kind == "int_from_float":
        return f"{key}: {value!r} is not a whole number; allowed: a whole number"
    if kind in BOOLEANS:
        return f"{key}: {value!r} is neither true nor false; allowed: true or false"
    if kind in BOUNDS:
        bound = next(iter(context.values()))
        return f"{key}: {value!r} is out of range; allowed: {BOUNDS[kind]} {bound:g}"
    if kind == "string_pattern_mismatch":
        return f"{key}: {value!r} can't be a name; allowed: at most 100 letters, digits, '.', '_' and '-'"
    if kind == "too_short":
        return f"{key}: {value!r} is too short; allowed: at least {context['min_length']} of them"
    if kind == "value_error":
        text = str(context["error"])
        return text if not key or text.startswith((f"{key}:", f"{key}.")) else f"{key}: {text}"
    words = _kind(kind) if location == error["loc"] else ""  # one alternative of several tells nothing
    return f"{key}: {value!r} does not fit; allowed: {words}{_description(root, location)}"


def _kind(error: str) -> str:
    """Say in words what a value should have been, where pydantic says no more than that."""
    if error in ("model_type", "model_attributes_type", "dict_type", "mapping_type"):
        return "a mapping of keys to values, "
    if error in ("list_type", "tuple_type"):
        return "a list, "
    return "text, " if error == "string_type" else ""


def _field(root: type[BaseModel] | None, location: tuple) -> FieldInfo | None:
    """Find the declaration of the key at a location, if it can be told from the annotations."""
    model = _model_at(root, location[:-1])
    return next((f for n, f in model.model_fields.items() if (f.alias or n) == location[-1]), None) if model else None


def _model_at(root: type[BaseModel] | None, location: tuple) -> type[BaseModel] | None:
    """Find the pydantic model that holds the key at a location, if it can be told from the annotations."""
    model = root
    for part in location:
        if isinstance(part, int):
            continue  # an item of a list of sections
        fields = {f.alias or n: f for n, f in model.model_fields.items()} if model else {}
        if part not in fields:
            return None
        candidates = (fields[part].annotation, *get_args(fields[part].annotation))
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return model


def _allowed_keys(root: type[BaseModel] | None, location: tuple) -> list[str]:
    model = _model_at(root, location)
    return [f.alias or name for name, f in model.model_fields.items()] if model else []


def _description(root: type[BaseModel] | None, location: tuple) -> str:
    """Quote what the documentation says of a key, or of the list or mapping that holds an item."""
    for end in range(len(location), 0, -1):
        field = _field(root, location[:end])
        if field is not None and field.description:
            return field.description.replace("\n", " ")
    return "see config/README.md"
