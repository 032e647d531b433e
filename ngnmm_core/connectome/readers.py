"""The readers that the registry names: each takes the arrays of a connectome from the members of its source.

A reader is called with `read(member) -> bytes` and the entry's `options` as keywords; `READERS` holds them by name.
"""

import inspect
from collections.abc import Sequence

import numpy as np

from ngnmm_core.connectome import atlases, formats
from ngnmm_core.connectome.aal90 import ORDERS, aal90_regions
from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.members import Read, array_of, read_members
from ngnmm_core.connectome.registry import SourceEntry
from ngnmm_core.errors import InputError, unknown


def read_entry(name: str, entry: SourceEntry, read: Read) -> ConnectomeArrays:
    """Read the arrays of a registry entry, not yet checked.

    Raises
    ------
    InputError
        If the options of the entry do not suit its reader, or a member does not hold what it should.
    """
    reader, options = READERS[entry.reader], dict(entry.options)
    if entry.reader == "file":
        options.setdefault("filename", entry.source.filename)
    try:
        inspect.signature(reader).bind(read, **options)  # type: ignore[arg-type]
    except TypeError as error:
        allowed = ", ".join(list(inspect.signature(reader).parameters)[1:])  # type: ignore[arg-type]
        raise InputError(f"connectome {name}: options: {error}; allowed for '{entry.reader}': {allowed}") from None
    return reader(read, **options)  # type: ignore[operator]


def read_subjects(
    read: Read,
    *,
    subjects: Sequence[str],
    weights: dict,
    tract_lengths: dict | None = None,
    bold: dict | None = None,
    repetition_time_s: float | None = None,
    volumes: dict | None = None,
    atlas: dict | None = None,
) -> ConnectomeArrays:
    """Average over subjects, from one MATLAB file per subject and kind.

    Weights: each subject's matrix divided by its largest element, then the mean.  Tract lengths: the mean over those
    subjects that have a tract there (weight above zero).  FC: Pearson correlation of each subject's full series as
    stored, the mean over subjects taken of Fisher's z = artanh(r).

    Parameters
    ----------
    read : callable
        Gives the bytes of a member.
    subjects : sequence of str
        Names of the subjects, put into the members' `{subject}`.
    weights, tract_lengths, bold : dict
        `member` and `variable` of each kind; BOLD is (region, time).
    repetition_time_s : float, optional
        Sampling interval of the BOLD series in s.
    volumes : dict, optional
        `member` and `column` (from 0, negative ones from the end) of a table with one row per region: volumes in mm3.
    atlas : dict, optional
        Where labels and centres are; see `atlases.class_tables`.

    Raises
    ------
    InputError
        For BOLD without a sampling interval.
    """

    def stack(place: dict) -> np.ndarray:
        return np.array([array_of(read, place, subject=str(subject)) for subject in subjects], dtype=np.float64)

    each = stack(weights)
    largest = each.max(axis=(1, 2), keepdims=True)
    arrays = ConnectomeArrays((each / largest).mean(axis=0), subjects=[str(subject) for subject in subjects])
    arrays.notes.append(
        f"weights: mean over {len(subjects)} subjects of each one's matrix divided by its largest element"
    )
    arrays.each = [ConnectomeArrays(own) for own in each]
    if tract_lengths:
        lengths = stack(tract_lengths)
        arrays.tract_length = mean_where(lengths, each > 0)
        for subject, own, there in zip(arrays.each, lengths, each > 0, strict=True):
            subject.tract_length = np.where(there, own, np.nan)
        arrays.notes.append("tract_length: mean over the subjects that have a tract there; NaN where none has")
    if bold:
        if not repetition_time_s:
            raise InputError("options.repetition_time_s: not given; allowed: the sampling interval of 'bold' in s")
        arrays.bold = stack(bold)
        arrays.repetition_time_s = repetition_time_s
        arrays.fc = mean_correlation(arrays.bold)
        arrays.notes.append(
            "empirical_fc: Pearson correlation of each subject's whole series as stored in the source, without further "
            "filtering; mean over subjects of Fisher's z, transformed back"
        )
    if volumes:
        place = {"member": volumes["member"]}
        arrays.volume = stack(place)[:, : each.shape[1], volumes["column"]].mean(axis=0)
        arrays.notes.append("region_volume: mean over the subjects")
    if atlas:
        arrays.labels, arrays.centres = atlases.class_tables(read(atlas["member"]), atlas)
        if "affine" in atlas:
            arrays.notes.append("centres: of the source, taken to MNI space by an affine map (residual about 1.2 mm)")
    return arrays


def mean_where(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is there; NaN where nothing is."""
    count = there.sum(axis=0)
    total = np.where(there, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def mean_correlation(series: np.ndarray) -> np.ndarray:
    """Mean functional connectivity of several subjects.

    Parameters
    ----------
    series : array (subject, region, time)
        Time series.

    Returns
    -------
    array (region, region)
        tanh of the mean over subjects of artanh of the Pearson correlations; exactly 1 on the diagonal.
    """
    off = ~np.eye(series.shape[1], dtype=bool)
    total = np.zeros(off.shape)
    for subject in series:
        total[off] += np.arctanh(np.corrcoef(subject)[off])
    mean = np.tanh(total / len(series))
    mean = (mean + mean.T) / 2
    np.fill_diagonal(mean, 1.0)
    return mean


def read_file(
    read: Read, *, filename: str, variable: str | None = None, transpose: bool = False, regions: str | None = None
) -> ConnectomeArrays:
    """Read a source that is itself a matrix in one of the formats of `formats.read_connectome_file`.

    Parameters
    ----------
    read : callable
        Gives the bytes of the file.
    variable, transpose
        As for a user's file.
    regions : str, optional
        The order of regions, one of `aal90.ORDERS`: gives labels, hemispheres, lobes and centres.
    filename : str
        The member to read, where the source is a wheel; the name of the file otherwise.
    """
    arrays = formats.parse(filename, read(filename), variable, filename)
    if transpose:
        formats.transposed(arrays)
    if regions is not None:
        if regions not in ORDERS:
            raise unknown("options.regions", regions, ORDERS)
        table = aal90_regions(regions)
        arrays.labels = [region.name for region in table]
        arrays.hemisphere = [region.hemisphere for region in table]
        arrays.lobe = [region.lobe for region in table]
        arrays.centres = np.array([region.centre for region in table])
        arrays.notes.append("centres: published centres of the AAL regions in MNI space, to whole mm")
    return arrays


READERS = {"subjects": read_subjects, "members": read_members, "file": read_file}
