"""Surrogates of a map: its values on other regions, at random or as a rotation of the cortical sphere moves them.

A spin keeps how neighbours resemble each other: Alexander-Bloch et al., NeuroImage 178, 540 (2018),
doi:10.1016/j.neuroimage.2018.05.070.  One hemisphere is rotated, and the other in mirror image; every region takes the
value of one other, and no value is taken twice: Markello, Misic, NeuroImage 236, 118052 (2021),
doi:10.1016/j.neuroimage.2021.118052.  What is not on the sphere (subcortical regions) is permuted among itself.
"""

from collections.abc import Sequence

import numpy as np

from ngnmm_core.errors import InputError

STREAM = 0x3A9  # keeps surrogates apart from other uses of the same seed
ALLOWED = (
    "allowed: kind: labels; columns sphere_x, sphere_y, sphere_z in the map's file, and hemispheres; or connectome: "
    "{name: schaefer-100, sphere: true}"
)
ROUND = 0.02  # relative spread of the distances from the origin at which places count as lying on a sphere


def generator(seed: int, number: int) -> np.random.Generator:
    """Make the generator of a surrogate: it depends on the seed and its number alone, not on how many there are."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy=seed, spawn_key=(STREAM, number))))


def shuffled(regions: int, rng: np.random.Generator) -> np.ndarray:
    """Draw which region's value every region takes, [region]: a permutation of all."""
    return rng.permutation(regions)


def spun(places: np.ndarray, hemisphere: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Draw which region's value every region takes, [region], by a random rotation of the sphere.

    Parameters
    ----------
    places : array (region, 3)
        On spheres around (0, 0, 0), one per hemisphere; NaN for regions that are on none.
    hemisphere : sequence of str
        `L`, `R` or an empty string.
    """
    from scipy.optimize import linear_sum_assignment

    sides, taken = np.array(list(hemisphere)), np.arange(len(places))
    radius = np.linalg.norm(places, axis=1, keepdims=True)
    on_sphere = np.isfinite(places).all(axis=1) & np.isin(sides, ("L", "R"))
    rotation, mirror = random_rotation(rng), np.diag([-1.0, 1.0, 1.0])
    for side, turn in (("L", rotation), ("R", mirror @ rotation @ mirror)):
        index = np.flatnonzero(on_sphere & (sides == side))
        x = places[index] / radius[index]
        distance = ((x[:, None] - (x @ turn.T)[None]) ** 2).sum(axis=2)
        taken[index] = index[linear_sum_assignment(distance)[1]]
    rest = np.flatnonzero(~on_sphere)
    taken[rest] = rng.permutation(rest)
    return taken


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Draw a rotation from the uniform distribution, by a unit quaternion."""
    q = rng.standard_normal(4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def check_places(places: np.ndarray, hemisphere: Sequence[str] | None, key: str) -> None:
    """Whether a map can be spun: at least two regions of a hemisphere lie on a sphere around (0, 0, 0).

    Raises
    ------
    InputError
        If it can't; the message starts with `key`.
    """
    if hemisphere is None:
        raise InputError(f"{key}: spin: the hemispheres of the regions are not known; {ALLOWED}")
    for side in ("L", "R"):
        here = np.isfinite(places).all(axis=1) & (np.array(list(hemisphere)) == side)
        radius = np.linalg.norm(places[here], axis=1)
        if len(radius) < 2 or not radius.min() > (1.0 - ROUND) * radius.max():
            found = f"{len(radius)} regions of hemisphere {side} have a place on a sphere"
            if len(radius) > 1:
                found = f"places of hemisphere {side} are {radius.min():.3g} to {radius.max():.3g} from (0, 0, 0)"
            raise InputError(f"{key}: spin: {found}; {ALLOWED}")
