"""Connectomes of one member of a wheel per array: weights, labels, maps, and what was recorded of groups and of a few.

Groups are there as mean connectivity and as pooled dynamics of connectivity; single subjects as BOLD series.
"""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import numpy as np

from ngnmm_core.connectome import atlases, binary_formats
from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.reader_options import (
    Individuals,
    Labels,
    MembersOptions,
    NetworkLabels,
    NumberedLabels,
    Place,
)
from ngnmm_core.errors import InputError, unknown

Read = Callable[[str], bytes]


def read_members(read: Read, options: MembersOptions) -> ConnectomeArrays:
    """Read one member of the source per array.

    Parameters
    ----------
    read : callable
        Gives the bytes of a member.
    options : MembersOptions
        Where the arrays are.

    Raises
    ------
    InputError
        As `array_of`, and for a region without voxels in the segmentation.
    """
    arrays = ConnectomeArrays(array_of(read, options.weights))
    arrays.maps = {name: np.ravel(array_of(read, place)) for name, place in options.maps.items()}
    arrays.tract_length = array_of(read, options.tract_lengths) if options.tract_lengths else None
    if options.fc:
        arrays.fc = _connectivity(read, options.fc)
        arrays.notes.append("empirical_fc: as in the source, with a diagonal of 1")
    if options.held_out_fc:
        arrays.held_out_fc = _connectivity(read, options.held_out_fc)
        arrays.notes.append("held_out_fc: of another group, as in the source, with a diagonal of 1")
    if options.fcd:
        _read_dynamics(read, arrays, options)
    if options.individuals:
        _read_individuals(read, arrays, options.individuals)
    if options.labels:
        _name_regions(read, arrays, options.labels)
    if place := options.centres:
        table = read(place.table).decode()
        arrays.centres = atlases.segment_centres(read(place.segmentation), table, arrays.labels, place)
        arrays.notes.append("centres: centre of gravity of each region in the segmentation of the source (MNI152)")
    return arrays


def _connectivity(read: Read, place: Place) -> np.ndarray:
    fc = np.array(array_of(read, place), dtype=np.float64)
    # Some files leave the diagonal at zero.  A region is correlated with itself.
    np.fill_diagonal(fc, 1.0)
    return fc


def _read_dynamics(read: Read, arrays: ConnectomeArrays, options: MembersOptions) -> None:
    arrays.fcd = np.ravel(array_of(read, options.fcd))
    arrays.fcd_window_s = (options.fcd.window_s, options.fcd.step_s)
    arrays.held_out_fcd = np.ravel(array_of(read, options.held_out_fcd)) if options.held_out_fcd else None
    arrays.notes.append("empirical_fcd: of all subjects of the group in one sample, as in the source")


def _read_individuals(read: Read, arrays: ConnectomeArrays, place: Individuals) -> None:
    arrays.individuals, arrays.repetition_time_s = list(place.subjects), place.repetition_time_s
    arrays.individual_bold = np.array(
        [[array_of(read, place, subject=subject, run=run) for run in place.runs] for subject in place.subjects]
    )


def _name_regions(read: Read, arrays: ConnectomeArrays, labels: Labels) -> None:
    if isinstance(labels, NumberedLabels):
        arrays.labels = [pattern.format(k + 1) for pattern in labels.numbered for k in range(labels.each)]
        arrays.notes.append("labels: the source has none; numbered within each hemisphere in the order of the atlas")
    elif isinstance(labels, NetworkLabels):
        numbers = np.ravel(array_of(read, labels.networks)).astype(int)
        arrays.labels = network_labels(numbers, labels.names, labels.hemispheres)
        arrays.notes.append("labels: the source has none; hemisphere, network and a running number in it")
    else:
        arrays.labels = [str(label) for label in array_of(read, labels)]


def network_labels(numbers: np.ndarray, names: Sequence[str], hemispheres: Sequence[str]) -> list[str]:
    """Name regions by hemisphere, network and a running number in both, as `LH_Vis_1`.

    Parameters
    ----------
    numbers : array (region,) of int
        Network of every region, from 0; the first half of the regions is in the first hemisphere.
    names, hemispheres : sequence of str
        Of the networks, and of the two hemispheres.

    Examples
    --------
    >>> network_labels([0, 1, 1, 0], ["Vis", "Cont"], ["LH", "RH"])
    ['LH_Vis_1', 'LH_Cont_1', 'RH_Cont_1', 'RH_Vis_1']
    """
    count: Counter[str] = Counter()
    labels = []
    for k, number in enumerate(numbers):
        begin = f"{hemispheres[2 * k // len(numbers)]}_{names[number]}"
        count[begin] += 1
        labels.append(f"{begin}_{count[begin]}")
    return labels


def array_of(read: Read, place: Place, **names: str) -> np.ndarray:
    """Read one array: of .npz and .mat a variable, of other formats the table; `names` are put into the member.

    Raises
    ------
    InputError
        If a file has no such variable, or a table holds something else than numbers.
    """
    member = place.member.format(**names)
    suffix = PurePosixPath(member).suffix
    data = read(member)
    if suffix in (".npz", ".mat"):
        variables = (
            binary_formats.npz_variables(data, member)
            if suffix == ".npz"
            else binary_formats.mat_variables(data, member)
        )
        if place.variable not in variables:
            raise unknown(f"{member}: variable", str(place.variable), variables)
        return variables[place.variable].load(member)
    try:
        return np.loadtxt(io.BytesIO(data), delimiter="," if suffix == ".csv" else None, ndmin=2)
    except ValueError:
        raise InputError(f"{member}: not a table of numbers") from None
