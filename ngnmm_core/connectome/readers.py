"""The readers that the registry names: each takes the arrays of a connectome from the members of its source."""

import numpy as np

from ngnmm_core.connectome import atlases, formats
from ngnmm_core.connectome.aal90 import ORDERS, aal90_regions
from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.members import Read, array_of, read_members
from ngnmm_core.connectome.reader_options import FileOptions, MembersOptions, Place, SubjectsOptions
from ngnmm_core.connectome.registry import SourceEntry
from ngnmm_core.errors import InputError, unknown


def read_entry(entry: SourceEntry, read: Read) -> ConnectomeArrays:
    """Read the arrays of a registry entry, not yet checked.

    Raises
    ------
    InputError
        If a member does not hold what it should.
    """
    options = entry.reader_options
    if isinstance(options, SubjectsOptions):
        return read_subjects(read, options)
    if isinstance(options, MembersOptions):
        return read_members(read, options)
    if isinstance(options, FileOptions):
        return read_file(read, options, options.filename or entry.source.filename)
    raise TypeError(f"an entry with reader '{entry.reader}' has no source")


def read_subjects(read: Read, options: SubjectsOptions) -> ConnectomeArrays:
    """Average over subjects, from one MATLAB file per subject and kind.

    Weights: each subject's matrix divided by its largest element, then the mean.  Tract lengths: the mean over those
    subjects that have a tract there (weight above zero).  FC: Pearson correlation of each subject's full series as
    stored, the mean over subjects taken of Fisher's z = artanh(r).

    Parameters
    ----------
    read : callable
        Gives the bytes of a member.
    options : SubjectsOptions
        Names of the subjects, and where their arrays are.

    Raises
    ------
    InputError
        For BOLD without a sampling interval, and as `array_of`.
    """

    def stack(place: Place) -> np.ndarray:
        return np.array([array_of(read, place, subject=subject) for subject in options.subjects], dtype=np.float64)

    weights = stack(options.weights)
    largest = weights.max(axis=(1, 2), keepdims=True)
    arrays = ConnectomeArrays((weights / largest).mean(axis=0), subjects=list(options.subjects))
    arrays.notes.append(
        f"weights: mean over {len(weights)} subjects of each one's matrix divided by its largest element"
    )
    arrays.each = [ConnectomeArrays(own) for own in weights]
    if options.tract_lengths:
        _average_lengths(arrays, stack(options.tract_lengths), weights > 0)
    if options.bold:
        if not options.repetition_time_s:
            raise InputError("options.repetition_time_s: not given; allowed: the sampling interval of 'bold' in s")
        _correlate(arrays, stack(options.bold), options.repetition_time_s)
    if options.volumes:
        tables = stack(Place(member=options.volumes.member))
        arrays.volume = tables[:, : weights.shape[1], options.volumes.column].mean(axis=0)
        arrays.notes.append("region_volume: mean over the subjects")
    if options.atlas:
        arrays.labels, arrays.centres = atlases.class_tables(read(options.atlas.member), options.atlas)
        if options.atlas.affine:
            arrays.notes.append("centres: of the source, taken to MNI space by an affine map (residual about 1.2 mm)")
    return arrays


def _average_lengths(arrays: ConnectomeArrays, lengths: np.ndarray, there: np.ndarray) -> None:
    """Take over tract lengths [subject, region, region] where there are tracts: the mean, and each subject's own."""
    arrays.tract_length = mean_where(lengths, there)
    for subject, own, present in zip(arrays.each, lengths, there, strict=True):
        subject.tract_length = np.where(present, own, np.nan)
    arrays.notes.append("tract_length: mean over the subjects that have a tract there; NaN where none has")


def _correlate(arrays: ConnectomeArrays, bold: np.ndarray, repetition_time_s: float) -> None:
    """Take over BOLD series [subject, region, time] and their mean connectivity."""
    arrays.bold, arrays.repetition_time_s = bold, repetition_time_s
    arrays.fc = mean_correlation(bold)
    arrays.notes.append(
        "empirical_fc: Pearson correlation of each subject's whole series as stored in the source, without further "
        "filtering; mean over subjects of Fisher's z, transformed back"
    )


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


def read_file(read: Read, options: FileOptions, filename: str) -> ConnectomeArrays:
    """Read a source that is itself a matrix in one of the formats of `formats.read_connectome_file`.

    Parameters
    ----------
    read : callable
        Gives the bytes of the file.
    options : FileOptions
        How it is read, and the order of its regions.
    filename : str
        The member to read, where the source is a wheel; the name of the file otherwise.

    Raises
    ------
    InputError
        For an order of regions that is not known, and as `formats.parse`.
    """
    arrays = formats.parse(filename, read(filename), options.variable, filename)
    if options.transpose:
        formats.transposed(arrays)
    if options.regions is not None:
        if options.regions not in ORDERS:
            raise unknown("options.regions", options.regions, ORDERS)
        table = aal90_regions(options.regions)
        arrays.labels = [region.name for region in table]
        arrays.hemisphere = [region.hemisphere for region in table]
        arrays.lobe = [region.lobe for region in table]
        arrays.centres = np.array([region.centre for region in table])
        arrays.notes.append("centres: published centres of the AAL regions in MNI space, to whole mm")
    return arrays
