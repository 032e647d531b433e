"""Makes the views of the cortical surface that figures colour: which region every pixel shows, and how light it is.

python tools/surface_views.py [schaefer-100]

Reads the surface and the parcellation of `config/connectomes.yaml` (`sphere`), as spins do: the wheel is fetched, or
found in `NGNMM_WHEELS`.  What it writes is part of the package, so that a figure needs neither a network nor a library
for meshes.
"""

import argparse
from pathlib import Path

import nibabel
import numpy as np

from ngnmm_core.connectome import load_registry
from ngnmm_core.connectome.fetch import opened_source
from ngnmm_core.connectome.members import network_labels
from ngnmm_core.connectome.registry import SourceEntry, sphere_of

TARGET = Path(__file__).resolve().parent.parent / "ngnmm_core" / "plotting" / "parts" / "surfaces"
SMOOTHINGS, STEP = 12, 0.5  # of the folded surface, so that sulci open and regions show
PIXEL_MM, FINER = 0.3, 2  # of a view, and how much finer it is painted than kept
LIGHT = np.array([-0.2, 0.35, 1.0])  # from where it comes: right, up and towards the reader
DARKEST, LEVEL = 0.45, 5  # shade where no light falls, and its steps of 255
BACKGROUND, BARE = 255, 0  # beside the brain, and cortex or medial wall without a region
# of the left hemisphere and of the right one: axis that goes right with its sign, and where the reader stands on x
VIEWS = {
    "left lateral": (0, -1, -1),
    "left medial": (0, 1, 1),
    "right medial": (1, -1, -1),
    "right lateral": (1, 1, 1),
}


def gifti(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [vertex, xyz] in mm and triangles [triangle, 3] of a surface."""
    vertices, triangles = nibabel.GiftiImage.from_bytes(data).agg_data(("pointset", "triangle"))
    return vertices.astype(float), triangles.astype(int)


def smoothed(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Move every vertex towards the mean of its neighbours, some times; then back to the size it had."""
    from scipy.sparse import coo_array

    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(vertices),) * 2).tocsr()
    links.data[:] = 1.0
    counts = np.asarray(links.sum(axis=1)).ravel()
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    for _ in range(SMOOTHINGS):
        vertices = vertices + STEP * (links @ vertices / counts[:, None] - vertices)
    ends = vertices.min(axis=0), vertices.max(axis=0)
    return low + (vertices - ends[0]) * (high - low) / (ends[1] - ends[0])


def normals_of(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Outward unit normals of the vertices, by the areas of the triangles around them."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    of_triangles, normals = np.cross(b - a, c - a), np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, triangles[:, k], of_triangles)
    outward = np.sign(np.sum(normals * (vertices - vertices.mean(axis=0))))
    return outward * normals / np.linalg.norm(normals, axis=1, keepdims=True)


def painted(places: np.ndarray, triangles: np.ndarray, box: np.ndarray, pixel: float) -> np.ndarray:
    """Nearest triangle of every pixel and, of its corners, the nearest to the pixel: a vertex, or -1 beside the brain.

    Parameters
    ----------
    places : array (vertex, 3)
        Right, up and towards the reader, in mm.
    triangles : array (triangle, 3)
    box : array (2, 2)
        Lower left and upper right corner of the picture in mm.
    pixel : float
        Its width in mm.
    """
    width, height = np.ceil((box[1] - box[0]) / pixel).astype(int)
    depth, vertex = np.full((height, width), -np.inf), np.full((height, width), -1)
    for corners in triangles:
        flat = (places[corners, :2] - box[0]) / pixel - 0.5  # in pixels, whose centres are whole numbers
        low, high = np.ceil(flat.min(axis=0)).astype(int), np.floor(flat.max(axis=0)).astype(int)
        if (high < low).any():
            continue
        columns, rows = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
        matrix = np.stack([flat[1] - flat[0], flat[2] - flat[0]], axis=1)
        if abs(np.linalg.det(matrix)) < 1e-12:
            continue
        offsets = np.stack([columns.ravel(), rows.ravel()]) - flat[0][:, None]
        shares = np.linalg.solve(matrix, offsets)
        shares = np.concatenate([1.0 - shares.sum(axis=0, keepdims=True), shares])
        inside = (shares >= -1e-9).all(axis=0)
        at = rows.ravel()[inside], columns.ravel()[inside]
        near = places[corners, 2] @ shares[:, inside]
        front = near > depth[at]
        at = at[0][front], at[1][front]
        depth[at], vertex[at] = near[front], corners[shares[:, inside].argmax(axis=0)[front]]
    return vertex[::-1]  # the first row is the uppermost


def coarser(region: np.ndarray, shade: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of fine pixels as one: the region that most of them show, and the mean shade of the brain in it."""
    height, width = (size // FINER for size in region.shape)
    cut = region[: height * FINER, : width * FINER].reshape(height, FINER, width, FINER).swapaxes(1, 2)
    blocks = np.sort(cut.reshape(height, width, -1), axis=-1)
    most = blocks[..., (blocks.shape[-1] - 1) // 2]  # of four: the second in order, of the majority if there is one
    light = shade[: height * FINER, : width * FINER].reshape(height, FINER, width, FINER).mean(axis=(1, 3))
    return most, light


def names_of(name: str, entry: SourceEntry) -> list[str]:
    """Labels of the regions of a connectome, in its order."""
    labels = entry.options["labels"]
    with opened_source(name, entry) as read:
        networks = np.loadtxt(read(labels["networks"]["member"]).decode().splitlines()).astype(int)
    return network_labels(networks, labels["names"], labels["hemispheres"])


def views_of(name: str, entry: SourceEntry) -> dict[str, np.ndarray]:
    """Make all that a figure needs: `region` and `shade` [view, row, column], names of views and of regions.

    `region` counts from 1, as the parcellation does.
    """
    sphere = sphere_of(name, entry)
    with opened_source(name, sphere) as read:
        surfaces = [gifti(read(member.replace("_sphere", ""))) for member in sphere.surfaces]
        numbers = np.loadtxt(read(sphere.parcellation).decode().splitlines()).astype(int)
    numbers = np.split(numbers, [len(surfaces[0][0])])
    surfaces = [(smoothed(vertices, triangles), triangles) for vertices, triangles in surfaces]
    everything = np.concatenate([vertices for vertices, _ in surfaces])
    length = np.abs(everything[:, 1] - everything[:, 1].mean()).max() + 2.0
    middle = everything[:, 1].mean()
    pictures = []
    for side, rightwards, towards in VIEWS.values():
        vertices, triangles = surfaces[side]
        # right, up, towards: seen from the left the front is on the left
        places = np.stack([rightwards * (vertices[:, 1] - middle), vertices[:, 2], towards * vertices[:, 0]], axis=1)
        directions = normals_of(vertices, triangles)
        seen = np.stack([rightwards * directions[:, 1], directions[:, 2], towards * directions[:, 0]], axis=1)
        light = np.clip(seen @ LIGHT / np.linalg.norm(LIGHT), 0.0, 1.0)
        box = np.array([[-length, everything[:, 2].min() - 2.0], [length, everything[:, 2].max() + 2.0]])
        facing = triangles[seen[triangles, 2].max(axis=1) > 0.0]  # what is turned away is hidden by the rest
        vertex = painted(places, facing, box, PIXEL_MM / FINER)
        region = np.where(vertex >= 0, numbers[side][vertex], BACKGROUND)
        pictures.append(coarser(region, DARKEST + (1.0 - DARKEST) * light[vertex]))
    return {
        "region": np.stack([region for region, _ in pictures]).astype(np.uint8),
        "shade": (LEVEL * np.round(255.0 / LEVEL * np.stack([shade for _, shade in pictures]))).astype(np.uint8),
        "view": np.array(list(VIEWS)),
        "name": np.array(names_of(name, entry)),
    }


def main() -> None:
    """Write the views of one connectome of the registry."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="?", default="schaefer-100", help="connectome of the registry with a `sphere`")
    name = parser.parse_args().name
    made = views_of(name, load_registry().entry(name))
    TARGET.mkdir(exist_ok=True)
    np.savez_compressed(TARGET / f"{name}.npz", **made)


if __name__ == "__main__":
    main()
