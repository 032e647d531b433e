"""Connectomes in binary files of numpy and MATLAB, and in HDF5."""

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import partial

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.contents import BLOCK, MOST_REGIONS, check_regions, most_bytes, read_member
from ngnmm_core.connectome.variables import NUMBERS, OTHER, TEXT, Variable, from_variables
from ngnmm_core.errors import InputError

SPARSE = {"format", "shape", "data"}  # members of an archive of scipy.sparse.save_npz
NUMBER_CLASSES = {"double", "single", "logical", "sparse", *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64))}
COMPRESSED = 15  # type of an element in a MATLAB file
# All that a pickled array of texts is made of; nothing else is ever loaded.
HARMLESS = {
    (module, name)
    for module in ("numpy.core.multiarray", "numpy._core.multiarray")
    for name in ("_reconstruct", "scalar")
} | {("numpy", "ndarray"), ("numpy", "dtype"), ("numpy", "str_")}


def read_npy(data: bytes, what: str) -> ConnectomeArrays:
    """Read a single numpy array.

    Raises
    ------
    InputError
        If it is not one of numbers, or its header claims more than is there.
    """
    found = _numpy_variable(data, len(data), what)
    if found.kind == OTHER:
        raise InputError(f"{what}: not a numpy array of numbers; allowed: a file written by numpy.save")
    if len(found.shape) == 2:
        check_regions(max(found.shape), what)
    return ConnectomeArrays(found.load(what))


def read_npz(data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """Read a numpy archive: weights and, where present, labels, tract lengths and centres under their usual names; or
    a sparse matrix as `scipy.sparse.save_npz` writes it.
    """
    variables = npz_variables(data, what)
    if variables.keys() >= SPARSE and variable is None:
        return ConnectomeArrays(_sparse(variables, what))
    return from_variables(variables, variable, what)


def npz_variables(data: bytes, what: str) -> dict[str, Variable]:
    """All arrays of a numpy archive; of pickled objects only texts can be read.

    Raises
    ------
    InputError
        For any other file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            parts = {m.filename.removesuffix(".npy"): read_member(archive, m, what) for m in members}
    except InputError:
        raise
    except Exception:  # the module raises whatever a damaged directory leads to
        raise InputError(f"{what}: not a numpy archive; allowed: a file written by numpy.savez") from None
    if len(parts) < len(members):
        raise InputError(f"{what}: two arrays of one name; allowed: each name once")
    return {name: _numpy_variable(part, len(part), f"{what}: {name}") for name, part in parts.items()}


def _numpy_variable(data: bytes, size: int, what: str) -> Variable:
    """One array, its header read; `size` bytes must be enough for what the header claims."""
    file = io.BytesIO(data)
    try:
        major, _ = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    except Exception:  # a damaged header is parsed as Python source
        raise InputError(f"{what}: not a numpy array; allowed: a file written by numpy.save") from None
    if dtype.hasobject:
        return Variable(shape, TEXT, lambda: _texts(data, file.tell(), what))
    need = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
    if need > size - file.tell():
        raise InputError(f"{what}: the header claims {need:.3g} bytes, {size} are there; allowed: a whole file")
    kind = NUMBERS if dtype.kind in "fiubc" else TEXT if dtype.kind in "US" else OTHER
    return Variable(shape, kind, lambda: np.load(io.BytesIO(data), allow_pickle=False))


class _Texts(pickle.Unpickler):
    """Loads arrays of texts and numbers, and nothing that could run code."""

    def find_class(self, module, name):
        if (module, name) not in HARMLESS:
            raise InputError(f"objects of {module}.{name}")
        return super().find_class(module, name)


def _texts(data: bytes, start: int, what: str) -> np.ndarray:
    """Read an array of texts that numpy has stored as objects."""
    try:
        values = np.ravel(_Texts(io.BytesIO(data[start:])).load())
    except Exception:  # whatever a pickle leads to; none of it has run
        values = np.array([None])
    if len(values) > MOST_REGIONS or not all(isinstance(value, str | bytes | int | float) for value in values):
        raise InputError(f"{what}: pickled objects, which are not loaded; allowed: an array of text")
    return values


def _sparse(variables: Mapping[str, Variable], what: str) -> np.ndarray:
    """Rebuild the matrix from an archive of `scipy.sparse.save_npz`."""
    import scipy.sparse

    part = {name: variable.load(what) for name, variable in variables.items()}
    try:
        form, shape = bytes(np.ravel(part["format"])[0]).decode(), tuple(int(n) for n in part["shape"])
        check_regions(max(shape), what)
        if form == "coo":
            matrix = scipy.sparse.coo_array((part["data"], (part["row"], part["col"])), shape)  # type: ignore[type-var]
        elif form == "dia":
            matrix = scipy.sparse.dia_array((part["data"], part["offsets"]), shape)  # type: ignore[arg-type, assignment, type-var]
        else:
            kind = {"csr": scipy.sparse.csr_array, "csc": scipy.sparse.csc_array, "bsr": scipy.sparse.bsr_array}[form]
            matrix = kind((part["data"], part["indices"], part["indptr"]), shape)
            matrix.check_format(full_check=True)  # else an index beyond the matrix writes beyond it
        return matrix.toarray()
    except InputError:
        raise
    except Exception:  # scipy checks the parts against each other, each in its own way
        raise InputError(f"{what}: not a sparse matrix; allowed: a file written by scipy.sparse.save_npz") from None


def read_mat(data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """Read a MATLAB file; version 7.3 by way of HDF5."""
    return from_variables(mat_variables(data, what), variable, what)


def mat_variables(data: bytes, what: str) -> dict[str, Variable]:
    """All variables of a MATLAB file; cells of text and rows of characters become one-dimensional.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    from scipy.io import loadmat, whosmat

    if b"MATLAB 7.3" in data[:128]:
        from ngnmm_core.connectome.hdf5_formats import hdf5_variables

        return hdf5_variables(data, what)
    _check_unpacked(data, what)

    def load(name: str):
        value = loadmat(io.BytesIO(data), squeeze_me=False, chars_as_strings=True, variable_names=[name])[name]  # type: ignore[arg-type]
        if hasattr(value, "toarray"):
            check_regions(max(value.shape), what)
            value.check_format(full_check=True)
            value = value.toarray()
        return value

    try:
        listed = whosmat(io.BytesIO(data))  # type: ignore[arg-type]
    except Exception:  # scipy raises whatever its parser stumbles over in a damaged file
        raise InputError(f"{what}: not a MATLAB file that can be read; allowed: a whole file") from None
    kinds = {"cell": TEXT, "char": TEXT, **dict.fromkeys(NUMBER_CLASSES, NUMBERS)}
    return {
        name: Variable(tuple(map(int, shape)), kinds.get(kind, OTHER), partial(load, name))
        for name, shape, kind in listed
        if not name.startswith("__")
    }


def _check_unpacked(data: bytes, what: str) -> None:
    """Refuses a file of versions 5 to 7 whose compressed variables unpack to much more than such files do."""
    if not data.startswith(b"MATLAB"):
        return
    order, place, size = "<" if data[126:128] == b"IM" else ">", 128, 0
    most = most_bytes(len(data))
    while place + 8 <= len(data):
        kind, length = struct.unpack(f"{order}II", data[place : place + 8])
        if kind == COMPRESSED:
            stream, waiting = zlib.decompressobj(), data[place + 8 : place + 8 + length]
            while waiting and not stream.eof:
                try:
                    size += len(stream.decompress(waiting, BLOCK))
                except zlib.error:
                    raise InputError(f"{what}: a MATLAB file that is damaged; allowed: a whole file") from None
                waiting = stream.unconsumed_tail
                if size > most:
                    raise InputError(
                        f"{what}: a MATLAB file that unpacks to more than {most / 1e6:.0f} MB; allowed: less"
                    )
        place += 8 + length
