"""Parameter points: what a sweep iterates over, as a table of columns of which each knows what it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from ngnmm_core.models._base import Model

SEED = "seed"
SYSTEM = "system"  # the part of a run that an axis belongs to if the homogeneous system depends on it


class Kind(StrEnum):
    """What a column of points is: what reads it."""

    PARAMETER = "parameter"  # of the model's equations; read by every stage
    SEED = "seed"  # of what is drawn at random; read by simulations
    CONNECTOME = "connectome"  # tells which of several connectomes a point is computed on
    SETTING = "setting"  # anything else, read by name: numbers of stimuli, noise, lesions


@dataclass(frozen=True)
class Axis:
    """What may vary over a grid besides having one value in a study.

    Attributes
    ----------
    check : callable
        `check(key, value)`: refuses a value that is not allowed, with a message that starts with `key`.
    part : str
        What of a run it changes: `SYSTEM`, or the name under which stages say what they can't take into account
        (`ngnmm_core.preflight.reach`).
    otherwise : float or None
        The value of a point that leaves it out while others give it one.
    neutral : float or None
        The value at which it is as if there were no such axis, if there is one: an axis with no other value is refused
        by no stage.
    null : float or None
        The value that `null` stands for; None where it is not allowed.
    """

    name: str
    kind: Kind
    check: Callable[[str, float], None]
    unit: str
    meaning: str
    part: str = SYSTEM
    otherwise: float | None = None
    neutral: float | None = None
    null: float | None = None


@dataclass(frozen=True)
class Points:
    """Parameter points: a table of numbers, one column [point] by name, in the order in which points are known by them.

    Attributes
    ----------
    columns : mapping of name to array (point,)
        float64; seeds too, which are whole numbers up to 2^53.
    kinds : mapping of name to Kind
        Of every column.
    """

    columns: Mapping[str, np.ndarray]
    kinds: Mapping[str, Kind]

    def __post_init__(self):
        columns = {name: np.asarray(values, float) for name, values in self.columns.items()}
        object.__setattr__(self, "columns", columns)
        if columns.keys() != self.kinds.keys() or len({values.shape for values in columns.values()}) != 1:
            raise ValueError(f"columns {list(columns)} are not of one length, or of kinds {list(self.kinds)}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, index: slice | np.ndarray) -> "Points":
        """Select some of the points."""
        return Points({name: values[index] for name, values in self.columns.items()}, self.kinds)

    def of(self, kind: Kind) -> dict[str, np.ndarray]:
        """Select the columns of one kind."""
        return {name: values for name, values in self.columns.items() if self.kinds[name] == kind}

    def only(self, *kinds: Kind) -> "Points":
        """Return the same points without columns of other kinds."""
        kept = {name: kind for name, kind in self.kinds.items() if kind in kinds}
        return Points({name: self.columns[name] for name in kept}, kept)

    def having(self, columns: Mapping[str, np.ndarray], kind: Kind) -> "Points":
        """Return the same points with other values in some columns; those that are new are of a kind."""
        return Points({**self.columns, **columns}, {**dict.fromkeys(columns, kind), **self.kinds})

    @cached_property
    def parameters(self) -> dict[str, np.ndarray]:
        """All parameters of the model."""
        return self.of(Kind.PARAMETER)

    @property
    def seeds(self) -> np.ndarray:
        """The seeds as whole numbers."""
        return self.columns[SEED].astype(np.int64)

    def values(self, name: str, otherwise: float) -> np.ndarray:
        """Give a number of every point, [point]: that of a column, or one for all points if there is no such column."""
        return np.broadcast_to(self.columns.get(name, otherwise), len(self))


def make_points(
    model: Model,
    fixed: Mapping[str, float],
    columns: Mapping[str, np.ndarray],
    count: int,
    kinds: Mapping[str, Kind] | None = None,
) -> Points:
    """Make points from columns of swept values and fixed ones; every other parameter is the model's default.

    `kinds` are those of columns other than parameters and the seed; `Kind.SETTING` for what is not named there.
    """
    swept = {name: values for name, values in columns.items() if name in model.axis_names}
    resolved = model.resolve({**fixed, **swept})
    table = {name: np.array(np.broadcast_to(resolved[name], count), float) for name in model.parameter_names}
    found = dict.fromkeys(table, Kind.PARAMETER) | {SEED: Kind.SEED}
    table[SEED] = np.array(np.broadcast_to(columns.get(SEED, 0), count), float)
    for name, values in columns.items():
        if name not in swept and name != SEED:
            table[name], found[name] = values, (kinds or {}).get(name, Kind.SETTING)
    return Points(table, found)
