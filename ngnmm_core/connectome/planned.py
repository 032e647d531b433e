"""A connectome as a plan knows it: before it is fetched and read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class PlannedConnectome:
    """What the points of a study are computed on, before any of it is read.

    Attributes
    ----------
    identity : str
        Hash of its source and of the code that reads it; part of what every point is known by.
    regions : int
    members : mapping of axis name to mapping of number to str
        Where an axis of the grid chooses among several connectomes, or surrogates of a map of their regions: identities
        by the number that the column of that axis holds.  A point is then known by the identity of what it is computed
        on, and not by a number that changes when others are added; an empty identity adds nothing, so that a point on
        the connectome of the study itself, with the map itself, is known as if there were no such axis.
    """

    identity: str
    regions: int
    members: Mapping[str, Mapping[float, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of regions."""
        return self.regions

    def chosen(self, columns: Mapping[str, np.ndarray], count: int) -> Iterable[str]:
        """Give what every one of `count` points is known by in place of the columns [point] that choose."""
        texts = [[self.members[name][float(value)] for value in values] for name, values in columns.items()]
        return map("".join, zip(*texts, strict=True)) if texts else [""] * count
