"""Reads the connectomes of a cohort from files, one per subject, and brings their regions into one order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.cohort import ordered, some_of
from ngnmm_core.connectome.formats import read_spec
from ngnmm_core.connectome.readers import mean_where
from ngnmm_core.connectome.spec import ConnectomeSpec
from ngnmm_core.connectome.subjects import Subject, all_subjects
from ngnmm_core.errors import InputError


def read_cohort(spec: ConnectomeSpec) -> ConnectomeArrays:
    """Read the files of all subjects of a cohort.

    Regions are in the order of the first subject's.  Names and sides are those of the first as well, and centres and
    volumes of subjects that have none of their own; what the first does not have comes from the next that does.

    Returns
    -------
    ConnectomeArrays
        `weights`: each subject's divided by its largest element, then the mean; `each`: those of the subjects as they
        are.

    Raises
    ------
    InputError
        As `all_subjects` and `read_spec`, and for subjects whose regions differ; the message names them.
    """
    subjects = all_subjects(spec)
    read = [read_spec(subject.spec) for subject in subjects]
    each = [_in_order(subject, own, subjects[0], read[0]) for subject, own in zip(subjects, read, strict=True)]
    weights = np.stack([_scaled(subject, own) for subject, own in zip(subjects, each, strict=True)])
    notes = [f"weights: mean over {len(each)} subjects of each one's matrix divided by its largest element"]
    found = ConnectomeArrays(
        weights.mean(axis=0), each[0].labels, subjects=[subject.name for subject in subjects], each=each, notes=notes
    )
    known = {name: _first(each, name) for name in ("hemisphere", "lobe", "centres", "volume")}
    lengths = [own.tract_length for own in each]
    if all(own is not None for own in lengths):
        found.tract_length = mean_where(np.stack(lengths), weights > 0)
        notes.append("tract_length: mean over the subjects that have a tract there; NaN where none has")
    notes += [note for name in ("centres", "volume") if (note := _borrowed(each, name, found.subjects))]
    notes += dict.fromkeys(note for own in each for note in own.notes)
    return replace(found, **known)


def _first(each: Sequence[ConnectomeArrays], name: str):
    return next((value for own in each if (value := getattr(own, name)) is not None), None)


def _borrowed(each: Sequence[ConnectomeArrays], name: str, subjects: Sequence[str]) -> str:
    """Say whose centres or volumes stand in for those of others; empty where all have their own, or none has."""
    lacking = [k for k, own in enumerate(each) if getattr(own, name) is None]
    if not lacking or len(lacking) == len(each):
        return ""
    lender = next(k for k in range(len(each)) if k not in lacking)
    others = some_of([subjects[k] for k in lacking])
    return f"{name}: those of subject {subjects[lender]} stand in for those of {others}, which have none of their own"


def _scaled(subject: Subject, arrays: ConnectomeArrays) -> np.ndarray:
    largest = arrays.weights.max()
    if largest == 0:
        raise InputError(f"connectome: subject {subject.name}: all weights are zero; allowed: at least one positive")
    return arrays.weights / largest


def _in_order(subject: Subject, own: ConnectomeArrays, first: Subject, reference: ConnectomeArrays) -> ConnectomeArrays:
    """Bring the regions of a subject into the order of the first one's."""
    what = f"connectome: subject {subject.name} ({subject.spec.path})"
    order = ordered(own.labels, reference.labels, what, f"subject {first.name}")
    if order == list(range(len(order))):
        return own
    pair = np.ix_(order, order)
    given: dict[str, Any] = {name: getattr(own, name) for name in ("hemisphere", "lobe", "centres", "volume")}
    moved = {
        name: values[order] if isinstance(values, np.ndarray) else [values[k] for k in order]
        for name, values in given.items()
        if values is not None
    }
    return replace(
        own,
        weights=own.weights[pair],
        labels=list(reference.labels),
        tract_length=None if own.tract_length is None else own.tract_length[pair],
        **moved,  # type: ignore[arg-type]
    )
