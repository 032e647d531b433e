"""Cohorts: one connectome per subject, with the same regions in the same order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.connectome.nulls import null_connectome
from ngnmm_core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from ngnmm_core.connectome.built_file import BuiltFile

SUBJECT, NULL = "subject", "null"  # axes
NUMBER = "subject_number"  # coordinate of a built file, see `ngnmm_core.connectome.identity.subject_number`


@dataclass(frozen=True, eq=False)
class Cohort:
    """The connectomes that the points of a study are on; mostly one.

    Attributes
    ----------
    mean : Connectome
        Of all subjects, or the only one; not normalised.
    subjects : mapping of float to Connectome
        Those of the subjects by their numbers; empty where there is no axis `subject`.
    nulls : (str, int)
        Kind and seed of the null connectomes.
    names : mapping of float to str
        Those of the subjects by their numbers.
    """

    mean: Connectome
    subjects: Mapping[float, Connectome] = field(default_factory=dict)
    nulls: tuple[str, int] | None = None
    names: Mapping[float, str] = field(default_factory=dict)

    def at(self, subject: float | None = None, null: float = 0) -> Connectome:
        """Give the connectome of a subject, by its number, or a null of it; of all without a number.

        Raises
        ------
        InputError
            For a number of no subject, and as `null_connectome`.
        """
        if subject is not None and subject not in self.subjects:
            raise InputError(
                f"connectome: no subject has the number {subject:.0f}; allowed: those of the file (run the workflow "
                "again if its connectomes have changed)"
            )
        own = self.mean if subject is None else self.subjects[subject]
        if not null:
            return own
        if self.nulls is None:
            raise InputError(f"nulls: null connectome {null:g} without a kind; allowed: a study with nulls")
        kind, seed = self.nulls
        return null_connectome(own, kind, int(null), seed)


def cohort_of(dataset: "xr.Dataset | BuiltFile", mean: Connectome, nulls: tuple[str, int] | None = None) -> Cohort:
    """Extract the connectomes of the subjects from a built dataset.

    Parameters
    ----------
    dataset : xarray.Dataset or BuiltFile
        As of `build_connectome`, with or without subjects.
    mean : Connectome
        That of the same dataset (`connectome_of`).
    nulls : (str, int), optional
        Kind and seed of null connectomes.
    """
    subjects, names = {}, {}
    if NUMBER in dataset.coords:
        lengths = dataset.get("subject_tract_length")
        for k, number in enumerate(dataset[NUMBER].values):
            own = None if lengths is None else lengths.values[k]
            own = None if own is None or np.isnan(own[~np.eye(len(own), dtype=bool)]).all() else own
            found = {"weights": dataset["subject_weights"].values[k], "tract_length": own}
            for name in ("centres", "volume"):
                if f"subject_{name}" in dataset:
                    found[name] = dataset[f"subject_{name}"].values[k]
            subjects[float(number)] = replace(mean, **found)
            names[float(number)] = str(dataset[SUBJECT].values[k])
    return Cohort(mean, subjects, nulls, names)


def ordered(labels: Sequence[str], wanted: Sequence[str], what: str, reference: str) -> list[int]:
    """Find where each of the wanted regions is among some labels.

    Raises
    ------
    InputError
        If the two name different regions; names those that differ.
    """
    if set(labels) != set(wanted):
        lacking = [label for label in wanted if label not in set(labels)]
        further = [label for label in labels if label not in set(wanted)]
        words = [f"{word} {some_of(names)}" for word, names in (("lacks", lacking), ("has", further)) if names]
        raise InputError(f"{what}: {' and '.join(words)}; allowed: the regions of {reference}, in any order")
    place = {label: k for k, label in enumerate(labels)}
    return [place[label] for label in wanted]


def some_of(names: Sequence[str], most: int = 4) -> str:
    """Put the first of some names into words, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
