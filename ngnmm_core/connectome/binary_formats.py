"""Connectomes in files that hold several arrays: numpy archives, MATLAB files, archives of The Virtual Brain."""

import bz2
import io
import zipfile

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.text_formats import decode
from ngnmm_core.errors import InputError, unknown

WEIGHTS = ("weights", "sc", "SC", "connectivity", "W")
LENGTHS = ("tract_lengths", "tract_length", "lengths")
LABELS = ("labels", "region_labels")
CENTRES = ("centres", "centers")


def read_npy(data: bytes, what: str) -> ConnectomeArrays:
    """A single numpy array."""
    return ConnectomeArrays(_numpy_array(io.BytesIO(data), what))


def read_npz(data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """A numpy archive: the weights, and where they exist labels, tract lengths and centres under their usual names."""
    return from_variables(npz_variables(data, what), variable, what)


def npz_variables(data: bytes, what: str) -> dict[str, np.ndarray]:
    """All arrays of a numpy archive but those of pickled objects, which are never loaded.

    Raises
    ------
    InputError
        For any other file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            parts = {name.removesuffix(".npy"): archive.read(name) for name in names}
    except (zipfile.BadZipFile, OSError):
        raise InputError(f"{what}: not a numpy archive; allowed: a file written by numpy.savez") from None
    variables = {}
    for name, part in parts.items():
        try:
            variables[name] = np.load(io.BytesIO(part), allow_pickle=False)
        except ValueError:
            continue
    return variables


def _numpy_array(file: io.BytesIO, what: str) -> np.ndarray:
    try:
        return np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError):
        raise InputError(f"{what}: not a numpy array of numbers; allowed: a file written by numpy.save") from None


def read_mat(data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """A MATLAB file up to version 7 (not 7.3)."""
    return from_variables(mat_variables(data, what), variable, what)


def mat_variables(data: bytes, what: str) -> dict[str, np.ndarray]:
    """All variables of a MATLAB file; cells of text and rows of characters become one-dimensional.

    Raises
    ------
    InputError
        For version 7.3, or a file that cannot be read.
    """
    from scipy.io import loadmat

    if data[:4] == b"\x89HDF" or b"MATLAB 7.3" in data[:128]:
        raise InputError(f"{what}: MATLAB version 7.3; allowed: up to version 7 (in MATLAB: save(..., '-v7'))")
    try:
        content = loadmat(io.BytesIO(data), squeeze_me=False, chars_as_strings=True)
    except Exception:  # scipy raises whatever its parser stumbles over in a damaged file
        raise InputError(f"{what}: not a MATLAB file that can be read; allowed: version 4 to 7") from None
    return {name: value for name, value in content.items() if not name.startswith("__")}


def from_variables(variables: dict[str, np.ndarray], variable: str | None, what: str) -> ConnectomeArrays:
    """Picks the weights and what belongs to them from named arrays.

    The weights are the variable that is asked for; else the one under a usual name; else the only square matrix.

    Raises
    ------
    InputError
        If the variable is not there, or it is not clear which one holds the weights.
    """
    square = [name for name, v in variables.items() if _is_square(v)]
    if variable is not None:
        if variable not in variables:
            raise unknown(f"{what}: variable", variable, variables)
        chosen = variable
    else:
        usual = [name for name in WEIGHTS if name in square]
        candidates = usual[:1] or square
        if len(candidates) != 1:
            found = f"{len(square)} square matrices ({', '.join(square)})" if square else "no square matrix of numbers"
            wanted = "name one with 'variable'" if square else "one square matrix"
            raise InputError(f"{what}: {found}; allowed: {wanted}")
        chosen = candidates[0]
    labels = _first(variables, LABELS)
    return ConnectomeArrays(
        weights=variables[chosen],
        labels=None if labels is None else as_text(labels),
        hemisphere=_sides(_first(variables, ("hemisphere", "hemispheres"))),
        tract_length=_first(variables, LENGTHS),
        centres=_first(variables, CENTRES),
    )


def _is_square(value) -> bool:
    array = np.asarray(value)
    return array.ndim == 2 and array.shape[0] == array.shape[1] > 1 and array.dtype.kind in "fiub"


def _first(variables: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray | None:
    return next((variables[name] for name in names if name in variables), None)


def as_text(values) -> list[str]:
    """Labels as a list of str, from arrays of text, of bytes, or MATLAB cells that hold one text each."""
    result = []
    for value in np.asarray(values).ravel():
        while isinstance(value, np.ndarray) and value.size == 1:
            value = value.ravel()[0]
        result.append(value.decode("utf-8") if isinstance(value, bytes) else str(value).strip())
    return result


def _sides(values) -> list[str] | None:
    """`L` or `R` from names of the sides or from truth values: 1 is right (The Virtual Brain's convention)."""
    if values is None:
        return None
    words = [text.lower() for text in as_text(values)]
    return ["R" if word.startswith(("r", "t", "1")) else "L" if word else "" for word in words]


def read_tvb_zip(data: bytes, what: str) -> ConnectomeArrays:
    """An archive of The Virtual Brain: `weights.txt`, and where they exist `tract_lengths.txt`, `centres.txt` (a name
    and three coordinates per line) and `hemispheres.txt`; each may be compressed with bz2 and lie in a folder.

    Its convention is ours: row i of the weights is what region i receives.

    Raises
    ------
    InputError
        Without `weights.txt`, or if `centres.txt` has other lines.
    """
    members = _zip_members(data, what)
    weights = _table(members, ("weights",), what)
    if weights is None:
        raise InputError(
            f"{what}: no weights.txt in the archive (found: {', '.join(sorted(members)) or 'nothing'}); allowed: an "
            f"archive of The Virtual Brain"
        )
    labels, centres = None, None
    lines = _lines(members, ("centres", "centers"), what)
    if lines:
        if any(len(cells) != 4 for cells in lines):
            raise InputError(f"{what}: centres.txt has a line that is not 'name x y z'; allowed: four cells per line")
        labels = [cells[0] for cells in lines]
        centres = _floats([cells[1:] for cells in lines], "centres.txt", what)
    sides = _lines(members, ("hemispheres", "hemisphere"), what)
    return ConnectomeArrays(
        weights=weights,
        labels=labels,
        hemisphere=_sides([cell for cells in sides for cell in cells]) if sides else None,
        centres=centres,
        tract_length=_table(members, ("tract_lengths", "tract_length"), what),
    )


def _zip_members(data: bytes, what: str) -> dict[str, bytes]:
    """The text files of an archive by their bare names without endings, decompressed."""
    members = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                bare = name.rsplit("/", 1)[-1]
                if name.startswith("__MACOSX") or not bare.endswith((".txt", ".txt.bz2")):
                    continue
                content = archive.read(name)
                members[bare.split(".")[0].lower()] = bz2.decompress(content) if bare.endswith(".bz2") else content
    except (zipfile.BadZipFile, OSError, ValueError):
        raise InputError(
            f"{what}: not a zip archive that can be read; allowed: an archive of The Virtual Brain"
        ) from None
    return members


def _lines(members: dict[str, bytes], names: tuple[str, ...], what: str) -> list[list[str]] | None:
    content = next((members[name] for name in names if name in members), None)
    if content is None:
        return None
    lines = decode(content, f"{what}: {names[0]}.txt").splitlines()
    return [line.replace(",", " ").split() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _table(members: dict[str, bytes], names: tuple[str, ...], what: str) -> np.ndarray | None:
    lines = _lines(members, names, what)
    return None if lines is None else _floats(lines, f"{names[0]}.txt", what)


def _floats(lines: list[list[str]], name: str, what: str) -> np.ndarray:
    try:
        return np.array(lines, dtype=np.float64)
    except ValueError:
        raise InputError(f"{what}: {name} is not a table of numbers; allowed: numbers, as many in every line") from None
