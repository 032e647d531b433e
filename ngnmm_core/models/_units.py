"""Powers of time in the units of a model."""

import re

TIME = re.compile(r"(m?s|Hz)(-?\d+(?:\.\d+)?)?")


def power_of_time(unit: str) -> float:
    """Return the power of time in a unit such as `mV ms-1`."""
    parts = [TIME.fullmatch(part) for part in unit.split()]
    return sum(float(part[2] or 1) * (-1.0 if part[1] == "Hz" else 1.0) for part in parts if part)
