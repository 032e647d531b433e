"""Names and centres of regions, from files that were made for other purposes: Python source and labelled volumes."""

import ast
import csv
import gzip
import struct

import numpy as np

from ngnmm_core.connectome.reader_options import ClassTables, Segmentation
from ngnmm_core.errors import InputError

# NIfTI-1 data types by code (NIfTI-1 standard, field `datatype`).
_NIFTI_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}


def class_tables(source: bytes, place: ClassTables) -> tuple[list[str], np.ndarray]:
    """Labels and centres from the literal tables in the body of a class of a Python file, which is never run.

    Parameters
    ----------
    source : bytes
        The Python file.
    place : ClassTables
        Which class, and which of its attributes.

    Returns
    -------
    labels : list of str
        In the order of their numbers.
    centres : array (region, 3)
        In mm, rounded to 0.1 mm: they are not known better.

    Raises
    ------
    InputError
        If the tables are not there, are not literals, or differ in length.
    """
    where = f"{place.member}: class {place.name}"
    tree = ast.parse(source)
    body = next((n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == place.name), None)
    if body is None:
        raise InputError(f"{where}: not found")
    values = {
        a.targets[0].id: a.value for a in body if isinstance(a, ast.Assign) and isinstance(a.targets[0], ast.Name)
    }
    try:
        names = ast.literal_eval(values[place.names])
        centres = values[place.centres]
        # `np.array([...])` is a call, which literal_eval refuses; its argument is the table.
        coordinates = np.array(ast.literal_eval(centres.args[0] if isinstance(centres, ast.Call) else centres)).T
        labels = [str(names[number]) for number in sorted(names)]
    except (KeyError, ValueError, IndexError):
        raise InputError(f"{where}: no literal tables '{place.names}' and '{place.centres}'") from None
    if len(labels) != len(coordinates) or coordinates.shape[1:] != (3,):
        raise InputError(f"{where}: {len(labels)} names, coordinates {coordinates.shape}; allowed: three for each name")
    count = place.regions or len(labels)
    affine = np.array(np.eye(3, 4) if place.affine is None else place.affine, dtype=np.float64)
    # Written out, not a matrix product: the bits are then the same on every machine.
    mapped = [row[3] + row[0] * x + row[1] * y + row[2] * z for row in affine for x, y, z in [coordinates.T]]
    return labels[:count], np.round(np.array(mapped).T[:count], 1)


def segment_centres(volume: bytes, table: str, labels: list[str], place: Segmentation) -> np.ndarray:
    """Compute the centre of gravity of each labelled region of a segmentation.

    Parameters
    ----------
    volume : bytes
        A NIfTI-1 file (.nii.gz) of whole numbers.
    table : str
        CSV table from labels to the numbers in the volume.
    labels : list of str
        The regions wanted.
    place : Segmentation
        Names the columns of the table.

    Returns
    -------
    array (region, 3)
        In the mm of the volume's affine, rounded to 0.1 mm.

    Raises
    ------
    InputError
        If a region has no voxels.
    """
    numbers: dict[str, list[int]] = {}
    for line in csv.DictReader(table.splitlines()):
        numbers.setdefault(line[place.label], []).append(int(line[place.value]))
    voxels, affine = read_nifti(volume)
    indices = np.nonzero(voxels)
    inside = voxels[indices].astype(np.int64)
    count = np.bincount(inside)
    sums = np.array([np.bincount(inside, weights=index) for index in indices])
    centres = np.empty((len(labels), 3))
    for row, label in enumerate(labels):
        values = [v for v in set(numbers.get(label, [])) if v < len(count) and count[v]]
        if not values:
            raise InputError(f"{place.segmentation}: no voxels of region '{label}'")
        i, j, k = sums[:, values].sum(axis=1) / count[values].sum()
        centres[row] = affine[:, 0] * i + affine[:, 1] * j + affine[:, 2] * k + affine[:, 3]
    return np.round(centres, 1)


def read_nifti(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Voxels and affine of a small NIfTI-1 volume; just enough of the format to find where regions lie.

    Returns
    -------
    voxels : array (i, j, k)
        Values as stored.
    affine : array (3, 4)
        From voxel indices to mm (the header's `sform`).

    Raises
    ------
    InputError
        For any other file.
    """
    raw = gzip.decompress(data)
    order = "<" if struct.unpack("<i", raw[:4])[0] == 348 else ">"
    shape = struct.unpack(f"{order}8h", raw[40:56])
    code = struct.unpack(f"{order}h", raw[70:72])[0]
    offset = int(struct.unpack(f"{order}f", raw[108:112])[0])
    has_affine = struct.unpack(f"{order}h", raw[254:256])[0] > 0
    if struct.unpack(f"{order}i", raw[:4])[0] != 348 or shape[0] < 3 or code not in _NIFTI_TYPES or not has_affine:
        raise InputError("segmentation: not a NIfTI-1 volume of whole numbers with an sform")
    affine = np.array(struct.unpack(f"{order}12f", raw[280:328]), dtype=np.float64).reshape(3, 4)
    count = shape[1] * shape[2] * shape[3]
    voxels = np.frombuffer(raw, f"{order}{_NIFTI_TYPES[code]}", count=count, offset=offset)
    return voxels.reshape(shape[1:4], order="F"), affine
