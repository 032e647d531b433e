"""The base of every section of a study's config."""

import types
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from ngnmm_core.errors import InputError


class Section(BaseModel):
    """A part of a study: unknown keys are errors, values can't be changed, yes and no are not numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _yes_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuses `true` where a number belongs: pydantic takes it for 1."""
        if _numeric(cls.model_fields[info.field_name].annotation) and _holds_bool(value):
            raise InputError(f"{value!r} is not a number; allowed: a finite number")
        return value


def is_union(annotation: Any) -> bool:
    """Whether an annotation allows several kinds of values, `None` aside."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return False
    return len([kind for kind in get_args(annotation) if kind is not types.NoneType]) > 1


def _numeric(annotation: Any) -> bool:
    """Whether an annotation is of numbers, or of lists, mappings and alternatives of them."""
    if annotation in (int, float):
        return True
    return any(_numeric(part) for part in get_args(annotation))


def _holds_bool(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_bool, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_bool, value))
    return isinstance(value, bool)


def is_multiple(value: float, unit: float) -> bool:
    """Whether `value` is a whole number of `unit`, as decimals."""
    return Fraction(str(value)) % Fraction(str(unit)) == 0
