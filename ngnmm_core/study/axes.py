"""The axes of a grid: lists and ranges of numbers, with coordinates that are exact decimals.

0.1 + 0.2 is not 0.3 in binary; a coordinate computed by adding steps would not find itself again in a second study.
Ranges are therefore worked out in decimal arithmetic from the numbers as written, and rounded once.
"""

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ngnmm_core.errors import InputError, twice, unknown

FORMS = "a number, a list of numbers, {start, stop, step} or {start, stop, num}"
LONGEST = 10_000_000
NOTHING = ("null", "~", "", "none", "inf", ".inf")  # in YAML, in tables, and as results are written
SHORT = 12  # characters of a step that is proposed
# Underscores and leading zeros mean something in Python and YAML 1.1, and something else or nothing elsewhere.
_OTHERWISE = re.compile(r".*_.*|[-+]?0\d.*", re.DOTALL)


def as_number(key: str, value: Any) -> float:
    """`value` as a finite float; text is accepted if it spells a number (command-line values arrive as text).

    Raises
    ------
    InputError
        For any other value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(f"{key}: {value!r} is not a number; allowed: a finite number")
    if isinstance(value, str) and (_OTHERWISE.fullmatch(value.strip()) or not value.isascii()):
        raise InputError(f"{key}: {value!r} is another number in some programs; allowed: a plain decimal")
    try:
        number = float(value)
        whole = int(value) if not isinstance(value, float) and str(value).strip().lstrip("+-").isdigit() else None
    except ValueError:
        raise InputError(f"{key}: {value!r} is not a number; allowed: a finite number") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{key}: {value!r} is not finite; allowed: a finite number")
    if whole is not None and whole != number:
        raise InputError(f"{key}: {value!r} would be {number:.0f}; allowed: whole numbers up to 9007199254740992")
    return number


def number_or_null(key: str, value: Any, null: float | None) -> float:
    """`as_number`, or what an empty value (or infinity) stands for where it may stand for something."""
    if null is not None and (value is None or str(value).strip().lower() in NOTHING or value == null):
        return null
    return as_number(key, value)


def axis_values(key: str, spec: Any, null: float | None = None) -> tuple[float, ...]:
    """Return the coordinates that an axis of a grid names; `null` is what an empty value stands for, if it may.

    Raises
    ------
    InputError
        For an empty axis, a value that is not a finite number, one that occurs twice, or a range that does not work.
    """
    if isinstance(spec, Mapping):
        values = _range(key, spec)
    elif isinstance(spec, Sequence) and not isinstance(spec, str | bytes):
        values = tuple(number_or_null(f"{key}[{k}]", v, null) for k, v in enumerate(spec))
    else:
        values = (number_or_null(key, spec, null),)
    if not values:
        raise InputError(f"{key}: the axis is empty; allowed: {FORMS}")
    if len(set(values)) < len(values):
        raise InputError(f"{key}: the value {twice(values):g} occurs twice; allowed: each value once")
    return values


def count_values(key: str, spec: Any) -> int:
    """How many coordinates an axis names, without making them: a range may name too many for the memory.

    Raises
    ------
    InputError
        For a range that does not work.
    """
    if isinstance(spec, Mapping):
        return _length(key, spec)
    return len(spec) if isinstance(spec, Sequence) and not isinstance(spec, str | bytes) else 1


def _range(key: str, spec: Mapping) -> tuple[float, ...]:
    count = _length(key, spec)
    start, stop, _ = _ends(key, spec)
    if count == 1:
        return (float(start),)
    if "num" in spec:
        return tuple(float(start + (stop - start) * k / Decimal(count - 1)) for k in range(count))
    step = _decimal(f"{key}.step", spec["step"])
    return tuple(float(start + k * step) for k in range(count))


def _ends(key: str, spec: Mapping) -> tuple[Decimal, Decimal, str]:
    """Start and stop of a range, and whether `step` or `num` says what is between."""
    for name in spec:
        if name not in ("start", "stop", "step", "num"):
            raise unknown(f"{key}.{name}", str(name), ("start", "stop", "step", "num"))
    if not {"start", "stop"} <= set(spec) or len(spec) != 3:
        given = ", ".join(sorted(map(str, spec)))
        wrong = "has both step and num" if {"step", "num"} <= set(spec) else "is incomplete"
        raise InputError(f"{key}: a range of {{{given}}} {wrong}; allowed: {FORMS}")
    start, stop = (_decimal(f"{key}.{name}", spec[name]) for name in ("start", "stop"))
    return start, stop, "num" if "num" in spec else "step"


def _decimal(key: str, value: Any) -> Decimal:
    number = Decimal(str(as_number(key, value)))
    return number.to_integral_value() if number == number.to_integral_value() else number


def _length(key: str, spec: Mapping) -> int:
    """Count the values of a range, and refuse a range that does not work."""
    start, stop, kind = _ends(key, spec)
    key = f"{key}.{kind}"
    if kind == "num":
        num = as_number(key, spec["num"])
        if num != int(num) or not 1 <= num <= LONGEST:
            raise InputError(
                f"{key}: {spec['num']!r} values can't be made; allowed: a whole number from 1 to {LONGEST}"
            )
        if num == 1 and start != stop:
            raise InputError(f"{key}: one value can't be both {start} and {stop}; allowed: 2 or more")
        return int(num)
    step = _decimal(key, spec["step"])
    if step == 0 or (stop - start) * step < 0:
        sign = "> 0" if stop > start else "< 0" if stop < start else "other than 0"
        raise InputError(f"{key}: {step} does not lead from {start} to {stop}; allowed: a step {sign}")
    steps = (stop - start) / step
    if steps >= LONGEST:
        raise InputError(f"{key}: {step} gives {int(steps) + 1} values; allowed: at most {LONGEST}")
    if steps != int(steps):
        fits, num = _step_that_fits(start, stop, steps)
        last = (start + int(steps) * step).normalize()
        raise InputError(
            f"{key}: {step} ends at {last:f}, before {stop}; allowed: a step that ends there, such as {fits}, or num: "
            f"{num}"
        )
    return int(steps) + 1


def _step_that_fits(start: Decimal, stop: Decimal, steps: Decimal) -> tuple[str, int]:
    """Find a step of few digits that ends at `stop` after about as many steps, and the number of its values."""
    near = sorted(range(max(int(steps) - 2, 1), int(steps) + 4), key=lambda n: abs(n - steps))
    written = [(format(((stop - start) / n).normalize(), "f"), n) for n in near]
    text, count = next((found for found in written if len(found[0]) <= SHORT), written[0])
    return text, count + 1
