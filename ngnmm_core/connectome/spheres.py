"""Places of the regions of a parcellation on the cortical sphere: what spins rotate.

A place is the mean of a region's vertices on the spherical surface of its hemisphere, projected back to that sphere.
"""

import base64
import binascii
import io
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.errors import InputError

if TYPE_CHECKING:
    from ngnmm_core.connectome.registry import SphereEntry

POINTS = "NIFTI_INTENT_POINTSET"
ROUND = 1e-3  # relative spread of the distances of vertices from the origin
FEWEST = 0.2  # of the radius: the mean of vertices nearer to the origin has no direction to speak of


def places_of(
    read: Callable[[str], bytes], entry: "SphereEntry", hemisphere: Sequence[str] | None, what: str
) -> np.ndarray:
    """Compute the places of regions on the sphere.

    Parameters
    ----------
    read : callable
        Gives the bytes of a member.
    entry : SphereEntry
        The surfaces, left and right, and the parcellation of their vertices: number k is the k-th region.
    hemisphere : sequence of str
        `L` or `R`, [region]: where the vertices of each region have to be.
    what : str
        What messages begin with.

    Returns
    -------
    array (region, 3)
        On the sphere of their hemisphere, in the units of the surfaces (radius 100 for those of the registry).

    Raises
    ------
    InputError
        For surfaces that are no spheres around (0, 0, 0), and for a parcellation of other regions or hemispheres.
    """
    sides, regions = list(hemisphere or ()), len(hemisphere or ())
    spheres = [_vertices(read(member), f"{what}: {member}") for member in entry.surfaces]
    numbers = _numbers(read(entry.parcellation), f"{what}: {entry.parcellation}")
    vertices = np.concatenate(spheres)
    if len(numbers) != len(vertices) or set(np.unique(numbers)) - {0} != set(range(1, regions + 1)):
        raise InputError(
            f"{what}: {entry.parcellation}: {len(numbers)} vertices with numbers up to {numbers.max()}; allowed: "
            f"{len(vertices)} with all numbers from 1 to {regions}, and 0 for none"
        )
    side = np.repeat(["L", "R"], [len(sphere) for sphere in spheres])
    places = np.empty((regions, 3))
    for k in range(regions):
        own = numbers == k + 1
        if set(side[own]) != {sides[k]}:
            raise InputError(
                f"{what}: {entry.parcellation}: region {k + 1} lies in {'+'.join(sorted(set(side[own])))}; allowed: "
                f"{sides[k] or 'none'}, as the connectome says"
            )
        places[k] = _projected(vertices[own], f"{what}: region {k + 1}")
    return places


def _projected(vertices: np.ndarray, what: str) -> np.ndarray:
    """Mean of places on a sphere, projected back to it, [3]."""
    mean, radius = vertices.mean(axis=0), np.linalg.norm(vertices, axis=1).mean()
    length = np.linalg.norm(mean)
    if not length > FEWEST * radius:
        raise InputError(f"{what}: its vertices lie all around the sphere; allowed: a connected region")
    return mean * (radius / length)


def _vertices(data: bytes, what: str) -> np.ndarray:
    """Vertices of a spherical surface in a GIFTI file, [vertex, 3].

    Just enough of the format (GIFTI 1.0): one set of points, float32, row after row, packed with zlib in base 64.
    """
    import xml.etree.ElementTree as ElementTree  # the file is known by its hash

    try:
        arrays = ElementTree.fromstring(data).iter("DataArray")
        points = next(array for array in arrays if array.get("Intent") == POINTS)
        written = [points.get(key) for key in ("DataType", "Encoding", "Endian", "ArrayIndexingOrder")]
        if written != ["NIFTI_TYPE_FLOAT32", "GZipBase64Binary", "LittleEndian", "RowMajorOrder"]:
            raise ValueError
        packed = base64.b64decode(points.findtext("Data", ""))
        vertices = np.frombuffer(zlib.decompress(packed), "<f4").astype(np.float64)
        vertices = vertices.reshape(int(points.get("Dim0", "0")), 3)
    except (ElementTree.ParseError, StopIteration, ValueError, binascii.Error, zlib.error):
        raise InputError(f"{what}: not a surface in GIFTI (float32, GZipBase64Binary)") from None
    radius = np.linalg.norm(vertices, axis=1)
    if not len(radius) or not np.ptp(radius) < ROUND * radius.mean():
        raise InputError(f"{what}: its vertices are not on a sphere around (0, 0, 0)")
    return vertices


def _numbers(data: bytes, what: str) -> np.ndarray:
    """Read the numbers of the regions of all vertices, left before right, [vertex]."""
    try:
        numbers = np.loadtxt(io.BytesIO(data), ndmin=1)
        whole = numbers.astype(np.int64)
    except ValueError:
        raise InputError(f"{what}: not a column of numbers") from None
    if numbers.ndim != 1 or not (whole == numbers).all():
        raise InputError(f"{what}: not a column of whole numbers")
    return whole
