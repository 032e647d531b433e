"""Values of the parameters of a study: fixed ones, axes of a grid, lists of points; all checked by the model."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ngnmm_core.connectome.paths import is_file
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models._base import Model
from ngnmm_core.points import SEED, Axis
from ngnmm_core.study.axes import as_number, axis_values, count_values, number_or_null

MOST_POINTS = 5_000_000  # are planned within minutes and a few GB of memory


@dataclass(frozen=True)
class Names:
    """What may be set at a point, by name, and the model whose parameters are among it."""

    model: Model
    axes: Mapping[str, Axis]

    @property
    def known(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self.axes)

    def number(self, key: str, name: str, value: Any) -> float:
        """Read a value of `name`, which may be empty where that stands for something."""
        return number_or_null(key, value, self.axes[name].null if name in self.axes else None)

    def check(self, key: str, name: str, values: Iterable[float]) -> None:
        """Whether `name` may have these values; messages start with `key`.

        Raises
        ------
        InputError
            For an unknown name, or a value out of range.
        """
        if name not in self.axes:
            raise unknown(key, name, self.known)
        for value in values:
            self.axes[name].check(key, value)


def fixed_parameters(names: Names, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Read the numbers under `model.parameters`.

    Raises
    ------
    InputError
        For an unknown name, the seed, or a value that is not allowed.
    """
    fixed = {}
    for name, value in parameters.items():
        key = f"model.parameters.{name}"
        fixed[name] = as_number(key, value)
        if name == SEED:
            raise InputError(f"{key}: the seed is not a parameter of the model; allowed: grid.seed")
        if name not in names.model.axis_names:
            raise unknown(key, name, names.model.axis_names)
        names.check(key, name, (fixed[name],))
    return fixed


def grid_axes(names: Names, grid: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Read the axes under `grid`.

    Raises
    ------
    InputError
        For an unknown name, an axis that does not work, or more points than can be planned.
    """
    axes = {}
    _check_size(names, grid)
    for name, spec in grid.items():
        key = f"grid.{name}"
        if name not in names.known:
            raise unknown(key, str(name), names.known)
        values = axis_values(key, spec, names.axes[name].null)
        names.check(key, name, values)
        axes[name] = np.array(values)
    return axes


def _check_size(names: Names, grid: Mapping[str, Any]) -> None:
    """Check the number of points before any coordinate is made."""
    count = math.prod(count_values(f"grid.{name}", spec) for name, spec in grid.items() if name in names.known)
    if count > MOST_POINTS:
        raise InputError(f"grid: {count:.3g} points can't be planned; allowed: at most {MOST_POINTS:.0e}")


def listed_points(names: Names, points: Sequence[Mapping[str, Any]] | str) -> dict[str, np.ndarray]:
    """Read the columns of a list of points, or of a CSV file.

    Raises
    ------
    InputError
        For no points, or points that do not all set the same parameters.
    """
    rows, key = (_csv_rows(points), points) if isinstance(points, str) else (points, "points")
    if not rows:
        raise InputError(f"{key}: holds no points; allowed: at least one")
    columns = list(rows[0])
    if not columns:
        raise InputError(f"{key}[0]: sets no parameters; allowed: at least one of {', '.join(names.known)}")
    for k, row in enumerate(rows):
        if set(row) != set(columns):
            raise InputError(
                f"{key}[{k}]: has the parameters {sorted(row)}; allowed: the same as the first point, {sorted(columns)}"
            )
    axes = {
        name: tuple(names.number(f"{key}[{k}].{name}", name, row[name]) for k, row in enumerate(rows))
        for name in columns
    }
    for name, values in axes.items():
        names.check(f"{key}.{name}", name, values)
    return {name: np.array(values) for name, values in axes.items()}


def _csv_rows(path: str) -> list[dict[str, str | None]]:
    if not is_file(Path(path)):
        where = "" if Path(path).is_absolute() else f" (looked for in {Path.cwd()})"
        raise InputError(f"points: {path}: no such file{where}; allowed: a CSV file with a header of parameter names")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"points: {path}: can't be read ({error}); allowed: a CSV file in UTF-8") from None
    names = [name.strip() for name in header]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: the column '{name}' occurs twice; allowed: each parameter once")
    rows = [row for row in rows if row]
    for k, row in enumerate(rows):
        if len(row) > len(names):
            raise InputError(f"{path}[{k}]: has {len(row)} cells; allowed: {len(names)}, as the header names columns")
    return [dict(zip(names, [*row, *[None] * (len(names) - len(row))], strict=True)) for row in rows]


def refuse_conflicts(model: Model, keys: Iterable[tuple[str, str]]) -> None:
    """Check that every parameter is set in one place only, whatever the names it is set by.

    `keys` are pairs: the key of a study, for messages, and the parameter or alias that it sets.

    Raises
    ------
    InputError
        If two keys set the same parameter.
    """
    where: dict[str, str] = {}
    for key, name in keys:
        for target in model.targets(name):
            if target in where:
                raise InputError(f"{key}: sets {target}, which {where[target]} sets too; allowed: one of the two")
            where[target] = key


def highlight_values(names: Names, highlights: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Read the numbers under `highlights`.

    Raises
    ------
    InputError
        For a name or number that is not allowed, or a highlight that is given twice.
    """
    result = []
    for k, highlight in enumerate(highlights):
        values = {name: names.number(f"highlights[{k}].{name}", name, value) for name, value in highlight.items()}
        for name, value in values.items():
            names.check(f"highlights[{k}].{name}", name, (value,))
        refuse_conflicts(names.model, [(f"highlights[{k}].{name}", name) for name in values])
        if values in result:
            raise InputError(
                f"highlights[{k}]: {values} is highlights[{result.index(values)}] again; allowed: each point once"
            )
        result.append(values)
    return result
