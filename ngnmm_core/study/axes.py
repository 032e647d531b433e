"""The axes of a grid: lists and ranges of numbers, with coordinates that are exact decimals.

0.1 + 0.2 is not 0.3 in binary; a coordinate computed by adding steps would not find itself again in a second study.
Ranges are therefore worked out in decimal arithmetic from the numbers as written, and rounded once.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ngnmm_core.errors import InputError, unknown

FORMS = "a number, a list of numbers, {start, stop, step} or {start, stop, num}"
LONGEST = 10_000_000


def as_number(key: str, value: Any) -> float:
    """`value` as a finite float; text is accepted if it spells a number (command-line values arrive as text).

    Raises
    ------
    InputError
        For any other value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(f"{key}: {value!r} is not a number; allowed: a finite number")
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{key}: {value!r} is not a number; allowed: a finite number") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{key}: {value!r} is not finite; allowed: a finite number")
    return number


def axis_values(key: str, spec: Any) -> tuple[float, ...]:
    """The coordinates that an axis of a grid names.

    Raises
    ------
    InputError
        For an empty axis, a value that is not a finite number, one that occurs twice, or a range that does not work.
    """
    if isinstance(spec, Mapping):
        values = _range(key, spec)
    elif isinstance(spec, Sequence) and not isinstance(spec, str):
        values = tuple(as_number(f"{key}[{k}]", v) for k, v in enumerate(spec))
    else:
        values = (as_number(key, spec),)
    if not values:
        raise InputError(f"{key}: the axis is empty; allowed: {FORMS}")
    if len(set(values)) < len(values):
        twice = next(v for k, v in enumerate(values) if v in values[:k])
        raise InputError(f"{key}: the value {twice:g} occurs twice; allowed: each value once")
    return values


def _range(key: str, spec: Mapping) -> tuple[float, ...]:
    for name in spec:
        if name not in ("start", "stop", "step", "num"):
            raise unknown(f"{key}.{name}", str(name), ("start", "stop", "step", "num"))
    if not {"start", "stop"} <= set(spec) or len(spec) != 3:
        given = ", ".join(sorted(map(str, spec)))
        wrong = "has both step and num" if {"step", "num"} <= set(spec) else "is incomplete"
        raise InputError(f"{key}: a range of {{{given}}} {wrong}; allowed: {FORMS}")
    start, stop = (Decimal(str(as_number(f"{key}.{name}", spec[name]))) for name in ("start", "stop"))
    if "num" in spec:
        return _by_number(f"{key}.num", start, stop, spec["num"])
    return _by_step(f"{key}.step", start, stop, Decimal(str(as_number(f"{key}.step", spec["step"]))))


def _by_number(key: str, start: Decimal, stop: Decimal, value: Any) -> tuple[float, ...]:
    num = as_number(key, value)
    if num != int(num) or not 1 <= num <= LONGEST:
        raise InputError(f"{key}: {value!r} values can't be made; allowed: a whole number from 1 to {LONGEST}")
    if num == 1:
        return (float(start),)
    return tuple(float(start + (stop - start) * k / Decimal(int(num) - 1)) for k in range(int(num)))


def _by_step(key: str, start: Decimal, stop: Decimal, step: Decimal) -> tuple[float, ...]:
    if step == 0 or (stop - start) * step < 0:
        sign = "> 0" if stop > start else "< 0" if stop < start else "other than 0"
        raise InputError(f"{key}: {step} does not lead from {start} to {stop}; allowed: a step {sign}")
    count = int((stop - start) / step) + 1
    if count > LONGEST:
        raise InputError(f"{key}: {step} gives {count} values; allowed: at most {LONGEST}")
    return tuple(float(start + k * step) for k in range(count))
