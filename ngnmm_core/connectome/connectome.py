"""One connectome from the plan to the kernels: regions, their weights, and what is known of both.

Results depend on this module's code, so it imports no reader: `ngnmm_core.connectome.datasets` makes the object from a
dataset and back.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ngnmm_core.connectome.normalisation import RAW, homogeneous_row_sum, normalise
from ngnmm_core.errors import InputError


@dataclass(frozen=True, eq=False)
class Connectome:
    """Regions and the weights between them, with labels, hemispheres, lobes, centres and tract lengths.

    Attributes
    ----------
    weights : array (region, source_region)
        Finite and not negative; `weights[i, j]` is what region i (row) receives from region j (column).  Read-only,
        float64, C order.
    labels : tuple of str
        Names of the regions, each once; their indices where none are given.
    tract_length : array (region, source_region), optional
        In mm; NaN where there is no tract.  Read-only.
    centres : array (region, 3), optional
        In mm.  Read-only.
    sphere : array (region, 3), optional
        Places on the cortical sphere of each hemisphere, for spins; NaN for regions that are on none.  Read-only.
    hemisphere, lobe : tuple of str, optional
        `L`, `R` or an empty string; a coarse anatomical group.
    volume : array (region,), optional
        In mm3.  Read-only.
    maps : mapping of str to array (region,)
        Maps of properties of the regions, by name.  Read-only.
    normalization : str
        What the weights have been divided by: `none`, `row` or `max` (`normalised`).
    about : mapping
        Attributes of the dataset that it was read from: `title`, `source`, `terms`, `citation` and others.

    Raises
    ------
    InputError
        For weights that are not a square matrix of finite, non-negative numbers, for a label that occurs twice, and
        for anything else of another number of regions.

    Examples
    --------
    >>> ring = Connectome([[0, 1, 1], [1, 0, 1], [1, 1, 0]], labels=("a", "b", "c"))
    >>> ring.normalised("row").weights[0].tolist()
    [0.0, 0.5, 0.5]
    """

    weights: np.ndarray
    labels: Sequence[str] = ()
    tract_length: np.ndarray | None = None
    centres: np.ndarray | None = None
    hemisphere: Sequence[str] | None = None
    lobe: Sequence[str] | None = None
    volume: np.ndarray | None = None
    maps: Mapping[str, np.ndarray] = field(default_factory=dict)
    normalization: str = RAW
    about: Mapping[str, str] = field(default_factory=dict)
    sphere: np.ndarray | None = None

    def __post_init__(self):
        weights = self._array("weights", self.weights)
        if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not weights.size:
            shape = " x ".join(map(str, weights.shape)) or "a single number"
            raise InputError(f"connectome: the weights are {shape}; allowed: a square matrix")
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise InputError("connectome: the weights have values that are negative or not finite; allowed: others")
        count = len(weights)
        places = {"centres": (count, 3), "sphere": (count, 3)}
        for name, shape in {"tract_length": (count, count), **places, "volume": (count,)}.items():
            array = getattr(self, name)
            if array is not None and self._array(name, array).shape != shape:
                found, wanted = (" x ".join(map(str, s)) for s in (np.shape(array), shape))
                raise InputError(f"connectome: {name} is {found}; allowed: {wanted}")
        object.__setattr__(self, "maps", {name: self._map(name, values) for name, values in self.maps.items()})
        if self.labels is None or not len(self.labels):
            object.__setattr__(self, "labels", range(count))
        for name in ("labels", "hemisphere", "lobe"):
            self._check_texts(name, count)
        if len(set(self.labels)) < count:
            label = next(label for k, label in enumerate(self.labels) if label in self.labels[:k])
            raise InputError(f"connectome: label '{label}' occurs twice; allowed: each name once")

    def _array(self, name: str, values) -> np.ndarray:
        """Keep `values` under `name` as an array of our own that can't be written, and return it."""
        array = np.array(values, dtype=np.float64, order="C")
        array.setflags(write=False)
        object.__setattr__(self, name, array)
        return array

    def _map(self, name: str, values) -> np.ndarray:
        array = np.array(values, dtype=np.float64)
        if array.shape != (len(self.weights),):
            found = " x ".join(map(str, array.shape))
            raise InputError(f"connectome: map {name} is {found}; allowed: {len(self.weights)}, one number per region")
        array.setflags(write=False)
        return array

    def _check_texts(self, name: str, count: int) -> None:
        values = getattr(self, name)
        if values is None:
            return
        object.__setattr__(self, name, tuple(map(str, values)))
        if len(values) != count:
            raise InputError(f"connectome: {len(values)} {name} for {count} regions; allowed: one per region")

    def __len__(self) -> int:
        """Return the number of regions."""
        return len(self.weights)

    @functools.cached_property
    def identity(self) -> str:
        """SHA-256 of all that a result may depend on: weights, labels, lengths, and what is known of regions."""
        digest = hashlib.sha256()
        for name in ("weights", "tract_length", "centres", "volume"):
            array = getattr(self, name)
            digest.update(f"{name}:".encode())
            digest.update(b"" if array is None else array.astype("<f8").tobytes())
        for name in ("labels", "hemisphere", "lobe"):
            values = getattr(self, name)
            digest.update(f"{name}:{'' if values is None else chr(10).join(values)}".encode())
        if self.sphere is not None:
            digest.update(b"sphere:" + self.sphere.astype("<f8").tobytes())
        for name, values in sorted(self.maps.items()):
            digest.update(f"map {name}:".encode() + values.astype("<f8").tobytes())
        return digest.hexdigest()

    def normalised(self, how: str) -> "Connectome":
        """Return the same regions with normalised weights (`ngnmm_core.connectome.normalise`).

        Raises
        ------
        InputError
            As `normalise`; names the region that receives nothing.
        """
        return replace(self, weights=normalise(self.weights, how, self.labels), normalization=how)

    def row_sum(self, key: str) -> float:
        """Return the common row sum of the weights.

        Raises
        ------
        InputError
            If the rows sum to different values; the message starts with `key`.
        """
        return homogeneous_row_sum(self.weights, key)
