"""A drive that is not given but found: a stated distance from the bifurcation at which the resting state ends.

The bifurcation moves with G and with every other parameter, and so the drive is worked out at every point of the grid.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from ngnmm_core.errors import InputError
from ngnmm_core.section import Section

if TYPE_CHECKING:
    from ngnmm_core.models._base import Model

FIELDS = ("margin", "position")
AXES = tuple(f"operating_point.{field}" for field in FIELDS)
DECIMALS = 9  # of the drive: the last digits of a root differ from machine to machine, and points are known by theirs


class OperatingPoint(Section):
    """How far from its bifurcation a region is held."""

    margin: float | None = Field(
        None,
        ge=0,
        description="the drive is this much below the end of the resting state (its saddle-node or Hopf point)",
    )
    position: float | None = Field(
        None,
        ge=0,
        le=1,
        description="instead: the drive is at this share of the bistable range, 0 its low end and 1 its high end",
    )
    of: Literal["network", "region"] = Field(
        "network",
        description="whose bifurcation: that of all regions alike (needs equal row sums), or of one without coupling",
    )

    @model_validator(mode="after")
    def _one_of_two(self):
        if self.margin is not None and self.position is not None:
            raise InputError("operating_point has both margin and position; allowed: one of the two")
        return self

    def as_columns(self) -> dict[str, float | None]:
        """Return the values of what may be an axis, by the name of the axis."""
        return {f"operating_point.{field}": getattr(self, field) for field in FIELDS}


def check_operating_point(
    operating_point: OperatingPoint, model: "Model", axes: Mapping[str, np.ndarray], normalization: str
) -> None:
    """Whether the bifurcation can be looked for, and the distance is given once, by key or axis.

    Raises
    ------
    InputError
        Naming the key and what is allowed.
    """
    if model.equilibrium_curve is None:
        raise InputError(
            f"model.operating_point: {model.name} declares no equilibrium_curve; allowed: a model that does"
        )
    if operating_point.of == "network" and normalization != "row":
        raise InputError(
            f"model.operating_point.of: 'network' needs equal row sums, and normalization is '{normalization}'; "
            "allowed: of: region, or normalization: row"
        )
    given = [f"model.operating_point.{field}" for field in FIELDS if getattr(operating_point, field) is not None]
    given += [f"grid.{axis}" for axis in AXES if axis in axes]
    if len(given) != 1:
        found = " and ".join(given) or "neither"
        raise InputError(
            f"model.operating_point: {found} given; allowed: one of margin and position, as a key or as an axis"
        )


def axis_checks(operating_point: OperatingPoint | None) -> dict[str, Callable[[str, float], None]]:
    """Return what checks the values of axes: `check(key, value)` by name of axis; none without an operating point."""
    return {f"operating_point.{field}": partial(_check_value, field) for field in FIELDS} if operating_point else {}


def _check_value(field: str, key: str, value: float) -> None:
    if value < 0 or (field == "position" and value > 1):
        allowed = "a number from 0 to 1" if field == "position" else "a number >= 0"
        raise InputError(f"{key}: {value:g} is out of range; allowed: {allowed}")


def operating_drive(
    operating_point: OperatingPoint,
    model: "Model",
    parameters: Mapping[str, np.ndarray],
    extras: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Compute the drive at every point, [point].

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    extras : mapping of name to array (point,)
        May hold the axes of `AXES`.

    Raises
    ------
    InputError
        For parameters at which the bifurcation does not exist.
    """
    from ngnmm_core.dynamics.bistable_range import bistable_range

    count = len(parameters["G"])
    field = next(f for f in FIELDS if f"operating_point.{f}" in extras or getattr(operating_point, f) is not None)
    values = np.broadcast_to(extras.get(f"operating_point.{field}", getattr(operating_point, field)), count)
    drive = np.empty(count)
    for k in range(count):
        here = {name: float(column[k]) for name, column in parameters.items()}
        found = bistable_range(model, here, here["G"] if operating_point.of == "network" else 0.0)
        if field == "margin":
            drive[k] = found.edge - values[k]
        else:
            drive[k] = found.low + values[k] * (found.high - found.low)
        if not np.isfinite(drive[k]):
            what = "end of the resting state" if field == "margin" else "bistable range"
            shown = ", ".join(f"{name} = {value:g}" for name, value in here.items() if name != _drive(model))
            raise InputError(
                f"model.operating_point.{field}: there is no {what} at {shown}; allowed: parameters that have one"
            )
    return np.round(drive, DECIMALS)


def _drive(model: "Model") -> str:
    return model.equilibrium_curve.drive
