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
from ngnmm_core.errors import InputError, unknown

Read = Callable[[str], bytes]


def read_members(
    read: Read,
    *,
    weights: dict,
    labels: dict | None = None,
    tract_lengths: dict | None = None,
    fc: dict | None = None,
    held_out_fc: dict | None = None,
    fcd: dict | None = None,
    held_out_fcd: dict | None = None,
    individuals: dict | None = None,
    centres: dict | None = None,
    maps: dict[str, dict] | None = None,
) -> ConnectomeArrays:
    """One member of the source per array.

    Parameters
    ----------
    read : callable
        Gives the bytes of a member.
    weights, tract_lengths, fc, held_out_fc : dict
        `member`, and for `.npz` and `.mat` the `variable`; `held_out_fc` is that of another group.
    fcd, held_out_fcd : dict, optional
        The same for the dynamics of connectivity, of all subjects of a group in one sample; `fcd` has `window_s` and
        `step_s` too, which are those of both.
    individuals : dict, optional
        Series (region, time) of single subjects: `member` with `{subject}` and `{run}`, `variable`, `subjects`, `runs`,
        `repetition_time_s`.
    labels : dict, optional
        `member` and `variable`; or `numbered`, patterns for numbers from 1, and `each`, how many of each pattern; or
        `networks`, `names` and `hemispheres` (`network_labels`).
    centres : dict, optional
        Where the segmentation and its table are; see `atlases.segment_centres`.
    maps : dict of str to dict, optional
        Maps of the regions by name, each by its `member`: a number per region.
    """
    arrays = ConnectomeArrays(array_of(read, weights))
    arrays.maps = {name: np.ravel(array_of(read, place)) for name, place in (maps or {}).items()}
    arrays.tract_length = array_of(read, tract_lengths) if tract_lengths else None
    if fc:
        arrays.fc = np.array(array_of(read, fc), dtype=np.float64)
        # Some files leave the diagonal at zero.  A region is correlated with itself.
        np.fill_diagonal(arrays.fc, 1.0)
        arrays.notes.append("empirical_fc: as in the source, with a diagonal of 1")
    if held_out_fc:
        arrays.held_out_fc = np.array(array_of(read, held_out_fc), dtype=np.float64)
        np.fill_diagonal(arrays.held_out_fc, 1.0)
        arrays.notes.append("held_out_fc: of another group, as in the source, with a diagonal of 1")
    if fcd:
        _read_dynamics(read, arrays, fcd, held_out_fcd)
    if individuals:
        arrays.individuals = [str(subject) for subject in individuals["subjects"]]
        arrays.repetition_time_s = individuals["repetition_time_s"]
        arrays.individual_bold = np.array(
            [
                [array_of(read, individuals, subject=subject, run=run) for run in individuals["runs"]]
                for subject in arrays.individuals
            ]
        )
    _name_regions(read, arrays, labels)
    if centres:
        arrays.centres = atlases.segment_centres(
            read(centres["segmentation"]), read(centres["table"]).decode(), arrays.labels, centres
        )
        arrays.notes.append("centres: centre of gravity of each region in the segmentation of the source (MNI152)")
    return arrays


def _read_dynamics(read: Read, arrays: ConnectomeArrays, fcd: dict, held_out: dict | None) -> None:
    arrays.fcd, arrays.fcd_window_s = np.ravel(array_of(read, fcd)), (fcd["window_s"], fcd["step_s"])
    arrays.held_out_fcd = None if held_out is None else np.ravel(array_of(read, held_out))
    arrays.notes.append("empirical_fcd: of all subjects of the group in one sample, as in the source")


def _name_regions(read: Read, arrays: ConnectomeArrays, labels: dict | None) -> None:
    if labels and "numbered" in labels:
        arrays.labels = [pattern.format(k + 1) for pattern in labels["numbered"] for k in range(labels["each"])]
        arrays.notes.append("labels: the source has none; numbered within each hemisphere in the order of the atlas")
    elif labels and "networks" in labels:
        numbers = np.ravel(array_of(read, labels["networks"])).astype(int)
        arrays.labels = network_labels(numbers, labels["names"], labels["hemispheres"])
        arrays.notes.append("labels: the source has none; hemisphere, network and a running number in it")
    elif labels:
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


def array_of(read: Read, place: dict, **names: str) -> np.ndarray:
    """Read one array from the member that `place` names: of .npz and .mat a variable, of other formats the table.

    Raises
    ------
    InputError
        If a file has no such variable, or a table holds something else than numbers.
    """
    member = place["member"].format(**names)
    suffix = PurePosixPath(member).suffix
    data = read(member)
    if suffix in (".npz", ".mat"):
        variables = (
            binary_formats.npz_variables(data, member)
            if suffix == ".npz"
            else binary_formats.mat_variables(data, member)
        )
        if place.get("variable") not in variables:
            raise unknown(f"{member}: variable", str(place.get("variable")), variables)
        return variables[place["variable"]].load(member)
    try:
        return np.loadtxt(io.BytesIO(data), delimiter="," if suffix == ".csv" else None, ndmin=2)
    except ValueError:
        raise InputError(f"{member}: not a table of numbers") from None
