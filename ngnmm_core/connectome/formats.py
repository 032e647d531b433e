"""Reads a connectome from a user's own file, in any of the formats that are common in the field."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.connectome import binary_formats, contents, label_files, text_formats, tvb
from ngnmm_core.connectome.arrays import ConnectomeArrays, checked
from ngnmm_core.connectome.completion import complete
from ngnmm_core.connectome.paths import existing_file, existing_source, labels_file, read_bytes
from ngnmm_core.connectome.spec import ConnectomeSpec
from ngnmm_core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

ASYMMETRIC = (
    "the weights are not symmetric: row i, column j was read as what region i receives from region j (transpose: true "
    "reads it the other way)"
)


@dataclass(frozen=True)
class FileOptions:
    """What a study may say of a file of its own; see `ngnmm_core.connectome.spec.ConnectomeSpec`."""

    labels: str | Path | None = None
    lengths: str | Path | None = None
    variable: str | None = None
    transpose: bool = False
    directed: bool = False


def read_spec(spec: ConnectomeSpec) -> ConnectomeArrays:
    """Read and check the file of a user's own that a study names; see `read_connectome_file`."""
    return read_connectome_file(
        spec.path, spec.labels, spec.variable, spec.transpose, lengths=spec.lengths, directed=spec.directed
    )


def read_connectome_file(
    path: str | Path, labels: str | Path | None = None, variable: str | None = None, transpose: bool = False, **more
) -> ConnectomeArrays:
    """Read and check a connectome file; what it holds is told by its content, not its name.

    | file | content |
    |---|---|
    | `.zip`, a folder | The Virtual Brain: `weights.txt`, `tract_lengths.txt`, `centres.txt`, `hemispheres.txt` |
    | `.h5` | The Virtual Brain, or any HDF5 file; arrays as for `.npz` |
    | `.npz` | `weights`, `tract_lengths`, `labels`, `centres`, `hemisphere`; one square array of any name; sparse |
    | `.npy` | one square array |
    | `.mat` | MATLAB, version 7.3 included; variables as for `.npz` |
    | `.csv`, `.tsv`, `.txt`, no ending | a square table, with or without names in its first row and first column |
    | the same | a list of edges: two regions and a weight per line, with or without titles |
    | `.dat`, `.mtx`, `.graphml` | N, then `i j weight` with indices from 0; Matrix Market; GraphML |

    Each may be packed by gzip (`.csv.gz`).

    Parameters
    ----------
    path : str or Path
        The file, or the folder of an unpacked archive of The Virtual Brain.
    labels : str or Path, optional
        A file of labels (`label_files.read_labels`), which goes before labels in the file.  Without it, the file
        `<stem>_labels.txt`, `.csv` or `.tsv` beside `path` is used if there is one; beside a BIDS `relmat` its table of
        nodes.
    variable : str, optional
        For files with several arrays (of `.graphml`: attributes of edges): the one with the weights.
    transpose : bool
        Set it if rows of the file are sources.  In the result `weights[i, j]` is what region i receives from region j.
    **more
        `lengths`, a file with the tract lengths in mm; `directed`, to leave a matrix as it is that fills one triangle
        alone.

    Returns
    -------
    ConnectomeArrays
        Weights not normalised, diagonal zero, labels in any case.

    Raises
    ------
    InputError
        Missing file; unknown or damaged format; weights that are not a square matrix of finite, non-negative numbers;
        labels of another number, or one twice.

    Warns
    -----
    ConnectomeWarning
        If the diagonal was not zero, or a triangle was filled up.
    """
    options = FileOptions(labels, variable=variable, transpose=transpose, **more)
    path = existing_source("connectome.path", path)
    what = f"connectome.path: {path}"
    arrays = _parse_source(path, options.variable, what)
    if options.lengths:
        arrays.tract_length = _read_lengths(options.lengths, arrays, what)
    beside = labels_file(path, str(labels) if labels else None)
    if beside:
        where = f"connectome.labels: {beside}"
        suffix = Path(beside.name.lower().removesuffix(".gz")).suffix
        given = label_files.read_labels(contents.unpacked(read_bytes(beside), where), suffix, where)
        label_files.with_labels(arrays, given, what, beside.name)
        what = f"{what} with {beside.name}"
    complete(arrays, what, options.directed)
    if options.transpose:
        transposed(arrays)
    found = checked(arrays, what)
    if not np.allclose(found.weights, found.weights.T, rtol=1e-6, atol=0.0):
        found.notes.append(ASYMMETRIC)
    return found


def _parse_source(path: Path, variable: str | None, what: str) -> ConnectomeArrays:
    if path.is_dir():
        return tvb.read_tvb_folder(path, what)
    return parse(path.name, read_bytes(path), variable, what)


def _read_lengths(path: str | Path, arrays: ConnectomeArrays, what: str) -> np.ndarray:
    """Read the tract lengths from a file of their own, in the order of the weights if both name their regions."""
    path = existing_file("connectome.lengths", path)
    found = parse(path.name, read_bytes(path), None, f"connectome.lengths: {path}")
    lengths = np.asarray(found.weights)
    if found.labels and arrays.labels and list(found.labels) != list(arrays.labels):
        if sorted(found.labels) != sorted(arrays.labels):
            raise InputError(f"connectome.lengths: {path}: names other regions than {what}; allowed: the same regions")
        order = [found.labels.index(label) for label in arrays.labels]
        lengths = lengths[np.ix_(order, order)]
        arrays.notes.append("tract lengths were brought into the order of the weights")
    return lengths


def parse(filename: str, data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """Parse the bytes of a file into arrays, not yet checked.

    Parameters
    ----------
    filename : str
        Name of the file, whose ending may promise a format.
    data : bytes
        Its content.
    variable : str, optional
        For files with several arrays: the one with the weights.
    what : str
        The key and file to name in messages.

    Raises
    ------
    InputError
        For a file that is damaged, or seems to be something else; the message names it.
    """
    data = contents.unpacked(data, what)
    kind = contents.kind_of(filename, data, what)
    if variable is not None and kind in (contents.TEXT, contents.ZIP, contents.NPY):
        raise InputError(
            f"connectome.variable: '{variable}' given for {filename}, which has no variables; allowed: none"
        )
    match kind:
        case contents.ZIP:
            return tvb.read_tvb_zip(data, what)
        case contents.NPZ:
            return binary_formats.read_npz(data, variable, what)
        case contents.NPY:
            return binary_formats.read_npy(data, what)
        case contents.MAT:
            return binary_formats.read_mat(data, variable, what)
        case contents.HDF5:
            from ngnmm_core.connectome.hdf5_formats import read_hdf5

            return read_hdf5(data, variable, what)
        case contents.GRAPHML:
            from ngnmm_core.connectome.graphml import read_graphml

            return read_graphml(data, variable, what)
        case _:
            suffix = Path(filename.lower().removesuffix(".gz").removesuffix(".bz2")).suffix
            return text_formats.read_text(data, suffix, what)


def from_frame(frame: "pd.DataFrame", what: str = "connectome") -> ConnectomeArrays:
    """Take the weights from a pandas DataFrame whose index and columns name the regions; not yet checked.

    Raises
    ------
    InputError
        If rows and columns have different names.
    """
    names, columns = ([str(label) for label in axis] for axis in (frame.index, frame.columns))
    numbers = [str(k) for k in range(len(names))]
    if names == columns == numbers:
        return ConnectomeArrays(frame.to_numpy())
    labels, order = text_formats.agreed_labels(names, columns, frame, what)  # type: ignore[arg-type]
    return ConnectomeArrays(frame.iloc[:, order].to_numpy() if order else frame.to_numpy(), labels)


def transposed(arrays: ConnectomeArrays) -> None:
    """Exchanges rows and columns of the weights and tract lengths, in place."""
    for key in ("weights", "tract_length"):
        matrix = getattr(arrays, key)
        if matrix is not None and np.ndim(matrix) == 2:
            setattr(arrays, key, np.array(matrix).T.copy())
    arrays.notes.append("rows and columns of the source were exchanged")
