"""Reads a connectome from a user's own file, in any of the formats that are common in the field."""

from pathlib import Path

from ngnmm_core.connectome import binary_formats, text_formats
from ngnmm_core.connectome.arrays import ConnectomeArrays, checked
from ngnmm_core.connectome.spec import check_format, existing_file, labels_file


def read_connectome_file(
    path: str | Path, labels: str | Path | None = None, variable: str | None = None, transpose: bool = False
) -> ConnectomeArrays:
    """Reads and checks a connectome file.

    | ending | content |
    |---|---|
    | `.zip` | The Virtual Brain: `weights.txt`, `tract_lengths.txt`, `centres.txt`, `hemispheres.txt`, plain or bz2 |
    | `.npz` | arrays `weights`, `tract_lengths`, `labels`, `centres`, `hemisphere`; or one square array of any name |
    | `.npy` | one square array |
    | `.csv`, `.tsv`, `.txt` | a square table, with or without names in its first row and first column |
    | `.mat` | MATLAB up to version 7; variables as for `.npz` |
    | `.dat` | first line N, then `i j weight` with indices from 0; or a table |

    Parameters
    ----------
    path : str or Path
        The file.
    labels : str or Path, optional
        A file of labels (`text_formats.read_labels`), which goes before labels in the file.  Without it, the file
        `<stem>_labels.txt`, `.csv` or `.tsv` beside `path` is used if there is one.
    variable : str, optional
        For `.npz` and `.mat`: the variable with the weights.
    transpose : bool
        Set it if rows of the file are sources.  In the result `weights[i, j]` is what region i receives from region j.

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
        If the diagonal was not zero.
    """
    path = existing_file("connectome.path", path)
    check_format("connectome.path", path)
    what = f"connectome.path: {path}"
    arrays = parse(path.name, path.read_bytes(), variable, what)
    beside = labels_file(path, str(labels) if labels else None)
    if beside:
        content = text_formats.read_labels(beside.read_bytes(), beside.suffix.lower(), f"connectome.labels: {beside}")
        # Whatever the file said of the regions belonged to other names.
        arrays.hemisphere = content.get("hemisphere")
        for key in ("labels", "lobe", "centres"):
            setattr(arrays, key, content.get(key, getattr(arrays, key)))
        what = f"{what} with {beside.name}"
    if transpose:
        transposed(arrays)
    return checked(arrays, what)


def parse(filename: str, data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """The arrays in the bytes of a file, not yet checked; the ending of its name tells the format.

    Parameters
    ----------
    filename : str
        Name of the file.
    data : bytes
        Its content.
    variable : str, optional
        For `.npz` and `.mat`: the variable with the weights.
    what : str
        The key and file to name in messages.
    """
    check_format(what, Path(filename))
    suffix = Path(filename).suffix.lower()
    match suffix:
        case ".zip":
            return binary_formats.read_tvb_zip(data, what)
        case ".npz":
            return binary_formats.read_npz(data, variable, what)
        case ".npy":
            return binary_formats.read_npy(data, what)
        case ".mat":
            return binary_formats.read_mat(data, variable, what)
        case ".dat":
            return text_formats.read_dat(data, suffix, what)
        case _:
            return text_formats.read_table(data, suffix, what)


def transposed(arrays: ConnectomeArrays) -> None:
    """Exchanges rows and columns of the weights and tract lengths, in place."""
    for key in ("weights", "tract_length"):
        matrix = getattr(arrays, key)
        if matrix is not None and getattr(matrix, "ndim", 0) == 2:
            setattr(arrays, key, matrix.T.copy())
    arrays.notes.append("rows and columns of the source were exchanged")
