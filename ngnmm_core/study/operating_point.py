"""A drive that is not given but found: a stated distance from the bifurcation at which the resting state ends.

The bifurcation moves with G and with every other parameter, and so the drive is worked out at every point of the grid.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from ngnmm_core.errors import InputError
from ngnmm_core.points import Axis, Kind, Points
from ngnmm_core.section import Section

if TYPE_CHECKING:
    from ngnmm_core.models._base import Model

MEANINGS = {
    "margin": "distance of the drive from the end of the resting state",
    "position": "position of the drive in the bistable range",
}
FIELDS = tuple(MEANINGS)
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


def operating_axes(operating_point: OperatingPoint | None) -> list[Axis]:
    """Declare the axes of the distance from the bifurcation; there are none without an operating point."""
    if operating_point is None:
        return []
    return [
        Axis(
            f"operating_point.{field}",
            Kind.SETTING,
            partial(_check_value, field),
            "1",
            meaning,
            otherwise=getattr(operating_point, field),
        )
        for field, meaning in MEANINGS.items()
    ]


def _check_value(field: str, key: str, value: float) -> None:
    if value < 0 or (field == "position" and value > 1):
        allowed = "a number from 0 to 1" if field == "position" else "a number >= 0"
        raise InputError(f"{key}: {value:g} is out of range; allowed: {allowed}")


def operating_drive(operating_point: OperatingPoint, model: "Model", points: Points) -> np.ndarray:
    """Compute the drive at every point, [point]; columns of the points may be the axes of `AXES`.

    Raises
    ------
    InputError
        For parameters at which the bifurcation does not exist.
    """
    from ngnmm_core.dynamics.bistable_range import bistable_range

    field = next(
        f for f in FIELDS if f"operating_point.{f}" in points.columns or getattr(operating_point, f) is not None
    )
    values = points.values(f"operating_point.{field}", getattr(operating_point, field))
    drive = np.empty(len(points))
    for k in range(len(points)):
        here = {name: float(column[k]) for name, column in points.parameters.items()}
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
