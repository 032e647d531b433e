"""The arrays of one connectome as a reader hands them over, and the checks that every connectome passes."""

import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ngnmm_core.connectome import length_units
from ngnmm_core.connectome.hemispheres import infer_hemisphere
from ngnmm_core.connectome.margins import refuse_sums
from ngnmm_core.connectome.normalisation import check_sums
from ngnmm_core.errors import InputError

CONTROLS = ("Cc", "Zl", "Zp")  # categories of characters that no name has: controls, ends of lines and paragraphs
NO_NUMBERS = "cmM"  # kinds of numpy arrays that would be taken for numbers: complex ones, times and spans of time


class ConnectomeWarning(UserWarning):
    """Something in a connectome was changed or is worth knowing, and is also noted in the file."""


@dataclass
class ConnectomeArrays:
    """What a reader found.  Only the weights have to be there.

    Attributes
    ----------
    weights : array (region, source_region)
        Not normalised; `weights[i, j]` is what region i receives from region j.
    labels : list of str, optional
        Names of the regions.
    hemisphere, lobe : list of str, optional
        `L`, `R` or an empty string; a coarse anatomical group.
    centres : array (region, 3), optional
        Centres in mm.
    sphere : array (region, 3), optional
        Places on spheres around (0, 0, 0), one per hemisphere; NaN for regions that are on none.
    tract_length : array (region, source_region), optional
        In mm; NaN where there is no tract.
    fc : array (region, region), optional
        Empirical functional connectivity (correlations).
    held_out_fc : array (region, region), optional
        That of another group, for scores of what was tuned on the first.
    fcd, held_out_fcd : array (sample,), optional
        Dynamics of functional connectivity of both groups, as correlations between sliding windows.
    fcd_window_s : pair of float, optional
        Length and step of those windows (s).
    individual_bold : array (individual, run, region, time), optional
        BOLD of single subjects beside a group's connectivity.
    individuals : list of str
        Their names.
    bold : array (subject, region, time), optional
        Empirical BOLD series in the scanner's units, sampled every `repetition_time_s` seconds.
    volume : array (region,), optional
        Volumes of the regions in mm3.
    maps : dict of str to array (region,)
        Maps of properties of the regions, by name.
    subjects : list of str
        Names of the subjects of `bold` and of `each`.
    each : list of ConnectomeArrays, optional
        The connectome of every subject, of which the weights here are the mean.
    notes : list of str
        What was done to the data, for the attribute `comment`.
    edges : bool
        Whether the source is a list of edges, in which each pair of an undirected network stands once.
    """

    weights: np.ndarray
    labels: list[str] | None = None
    hemisphere: list[str] | None = None
    lobe: list[str] | None = None
    centres: np.ndarray | None = None
    tract_length: np.ndarray | None = None
    fc: np.ndarray | None = None
    held_out_fc: np.ndarray | None = None
    fcd: np.ndarray | None = None
    held_out_fcd: np.ndarray | None = None
    fcd_window_s: tuple[float, float] | None = None
    individual_bold: np.ndarray | None = None
    individuals: list[str] = field(default_factory=list)
    bold: np.ndarray | None = None
    volume: np.ndarray | None = None
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)
    each: "list[ConnectomeArrays] | None" = None
    repetition_time_s: float | None = None
    notes: list[str] = field(default_factory=list)
    edges: bool = False
    sphere: np.ndarray | None = None


def checked(arrays: ConnectomeArrays, what: str, fewest: int = 2) -> ConnectomeArrays:
    """Check arrays and return them in float64 and C order, with labels and a zero diagonal.

    Parameters
    ----------
    arrays : ConnectomeArrays
        As read; not changed.
    what : str
        The key and file to name in messages.
    fewest : int
        Number of regions that there must be.

    Raises
    ------
    InputError
        Weights that are not a square matrix of finite, non-negative numbers; labels of another number, empty or twice;
        other arrays of another shape or not finite.

    Warns
    -----
    ConnectomeWarning
        If the diagonal was not zero: a region has no long-range connection to itself, so it is set to zero; if tract
        lengths seem to be in another unit than mm.
    """
    weights = _matrix("weights", arrays.weights, what, fewest)
    count = len(weights)
    refuse_sums(weights, what)
    labels = _labels(arrays.labels, count, what)
    notes = list(arrays.notes)
    # Files say by NaN, -1 or inf on the diagonal that nothing is defined there; anywhere else those are faults.
    own = np.diagonal(weights).copy()
    np.fill_diagonal(weights, 0.0)
    _refuse(weights, ~np.isfinite(weights) | (weights < 0), labels, f"{what}: weight", "finite and not negative")
    if np.any(own):
        note = f"{np.count_nonzero(own)} non-zero weights on the diagonal were set to zero"
        warnings.warn(f"{what}: {note}", ConnectomeWarning, stacklevel=1)  # one place, so that it is shown once
        notes.append(note)
    check_sums(weights, labels, f"{what}: ")
    if arrays.labels is None:
        notes.append("the source has no region names; the regions are numbered")
    hemisphere = arrays.hemisphere if arrays.labels is None or arrays.hemisphere else infer_hemisphere(labels)
    for kind, values in (("hemispheres", hemisphere), ("lobes", arrays.lobe)):
        if values is not None and len(values) != count:
            raise InputError(f"{what}: {len(values)} {kind} for {count} regions; allowed: one per region")
    centres = _shaped("centres", arrays.centres, (count, 3), what)
    lengths = _lengths(arrays.tract_length, weights, labels, what)
    if lengths is not None and (note := length_units.doubt(lengths, weights, centres)):
        warnings.warn(f"{what}: {note}", ConnectomeWarning, stacklevel=1)
        notes.append(note)
    return ConnectomeArrays(
        weights=weights,
        labels=labels,
        hemisphere=hemisphere,
        lobe=arrays.lobe,
        centres=centres,
        tract_length=lengths,
        fc=_shaped("functional connectivity", arrays.fc, (count, count), what),
        held_out_fc=_shaped("functional connectivity held out", arrays.held_out_fc, (count, count), what),
        fcd=_shaped("dynamics of connectivity", arrays.fcd, (None,), what),
        held_out_fcd=_shaped("dynamics of connectivity held out", arrays.held_out_fcd, (None,), what),
        fcd_window_s=arrays.fcd_window_s,
        individual_bold=_shaped(
            "BOLD of single subjects", arrays.individual_bold, (len(arrays.individuals), None, count, None), what
        ),
        individuals=list(arrays.individuals),
        bold=_shaped("BOLD series", arrays.bold, (len(arrays.subjects), count, None), what),
        volume=_shaped("volumes", arrays.volume, (count,), what),
        maps={name: _shaped(f"map {name}", values, (count,), what) for name, values in arrays.maps.items()},
        subjects=list(arrays.subjects),
        each=_checked_subjects(arrays, labels, what, fewest),
        repetition_time_s=arrays.repetition_time_s,
        notes=notes,
        sphere=_shaped("places on the sphere", arrays.sphere, (count, 3), what, finite=False),
    )


def _checked_subjects(
    arrays: ConnectomeArrays, labels: list[str], what: str, fewest: int
) -> "list[ConnectomeArrays] | None":
    """Check the connectome of every subject, with the labels of all where its own has none."""
    if arrays.each is None:
        return None
    if len(arrays.each) != len(arrays.subjects):
        raise InputError(
            f"{what}: {len(arrays.each)} connectomes of {len(arrays.subjects)} subjects; allowed: one each"
        )
    named = [replace(each, labels=each.labels or labels) for each in arrays.each]
    return [checked(each, f"{what}: subject {name}", fewest) for name, each in zip(arrays.subjects, named, strict=True)]


def _matrix(name: str, values, what: str, fewest: int) -> np.ndarray:
    try:
        if np.ma.is_masked(values):  # numpy would take what lies under the mask
            raise InputError(f"{what}: some {name} are masked; allowed: a number for every pair")
        if np.asarray(values).dtype.kind in NO_NUMBERS:
            raise TypeError
        matrix = np.array(values, dtype=np.float64, order="C")
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what}: the {name} are not numbers; allowed: a square matrix of real numbers") from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        shape = " x ".join(map(str, matrix.shape)) or "a single number"
        raise InputError(f"{what}: the {name} are {shape}; allowed: a square matrix")
    if len(matrix) < fewest:
        alone = " (one region alone: connectome: {name: single})" if len(matrix) == 1 else ""
        raise InputError(f"{what}: the {name} have {len(matrix)} region; allowed: at least {fewest}{alone}")
    return matrix


def _labels(labels: Sequence[str] | None, count: int, what: str) -> list[str]:
    if labels is None:
        return [f"region_{k + 1:0{len(str(count))}d}" for k in range(count)]
    labels = [str(label).strip().rstrip("\0") for label in labels]
    if len(labels) != count:
        raise InputError(f"{what}: {len(labels)} labels for {count} regions; allowed: one label per region")
    seen = set()
    for position, label in enumerate(labels, start=1):
        if not label:
            raise InputError(f"{what}: label {position} is empty; allowed: a name for each region")
        if any(unicodedata.category(c) in CONTROLS for c in label):
            raise InputError(f"{what}: label {position} is {label!r}; allowed: names without control characters")
        if label in seen:
            raise InputError(f"{what}: label '{label}' occurs twice; allowed: each name once")
        seen.add(label)
    return labels


def _refuse(values: np.ndarray, bad: np.ndarray, labels: list[str], subject: str, allowed: str) -> None:
    """Names the first bad element of a (region, source_region) matrix."""
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise InputError(
            f"{subject} of '{labels[i]}' from '{labels[j]}' (row {i + 1}, column {j + 1}) is {values[i, j]:g}; "
            f"allowed: {allowed}"
        )


def _shaped(name: str, values, shape: tuple, what: str, finite: bool = True) -> np.ndarray | None:
    if values is None:
        return None
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what}: the {name} are not numbers; allowed: numbers") from None
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        found, wanted = (" x ".join("any" if n is None else str(n) for n in s) for s in (array.shape, shape))
        raise InputError(f"{what}: the {name} are {found}; allowed: {wanted}")
    if finite and not np.isfinite(array).all():
        raise InputError(f"{what}: the {name} have values that are not finite; allowed: finite numbers")
    return array


def _lengths(values, weights: np.ndarray, labels: list[str], what: str) -> np.ndarray | None:
    """Tract lengths in mm: zero on the diagonal, NaN where there is no tract."""
    if values is None:
        return None
    try:
        if np.asarray(values).dtype.kind in NO_NUMBERS:
            raise TypeError
        lengths = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what}: the tract lengths are not numbers; allowed: lengths in mm") from None
    if lengths.shape != weights.shape:
        found = " x ".join(map(str, lengths.shape))
        raise InputError(f"{what}: the tract lengths are {found}; allowed: {len(weights)} x {len(weights)}")
    np.fill_diagonal(lengths, 0.0)
    connected = weights > 0
    bad = np.isinf(lengths) | (lengths < 0) | (connected & np.isnan(lengths))
    _refuse(lengths, bad, labels, f"{what}: tract length", "finite and not negative where there is a weight")
    # A length of 0 mm without a connection is how most files say that there is no tract.
    lengths[~connected & (lengths == 0)] = np.nan
    np.fill_diagonal(lengths, 0.0)
    return lengths
