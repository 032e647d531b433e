"""Files that hold several named arrays: which of them are the weights, lengths, labels, centres and hemispheres."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.contents import MOST_BYTES, check_regions
from ngnmm_core.connectome.hemispheres import sides
from ngnmm_core.errors import InputError, unknown

NUMBERS, TEXT, OTHER = "numbers", "text", "other"
# Usual names, in lower case and without marks between words, the most telling first.
WEIGHTS = ("weights", "sc", "connectivity", "w", "connectome", "connectivitymatrix", "scmatrix")
LENGTHS = ("tractlengths", "tractlength", "lengths", "fiberlengths", "fibrelengths", "distances")
NO_WEIGHTS = (*LENGTHS, "length", "distance", "distancematrix")
LABELS = ("labels", "regionlabels", "label", "regionnames", "names", "name", "regions", "roinames", "roilabels", "rois")
CENTRES = ("centres", "centers", "coordinates", "coords", "regioncentres", "regioncenters", "xyz")
HEMISPHERES = ("hemisphere", "hemispheres", "hemi")
LABEL_ENDS = ("labels", "names")  # of names that a pipeline puts the atlas before


@dataclass(frozen=True)
class Variable:
    """One array of a file, not yet read.

    Attributes
    ----------
    shape : tuple of int
        As the file's header says; a header may claim anything.
    kind : str
        `numbers`, `text` or `other`.
    read : callable
        Gives the array.
    """

    shape: tuple[int, ...]
    kind: str
    read: Callable[[], np.ndarray]

    def load(self, what: str) -> np.ndarray:
        """Load the array.

        Raises
        ------
        InputError
            If it would not fit into memory, or can't be read.
        """
        if math.prod(self.shape) * 8 > MOST_BYTES:
            raise InputError(
                f"{what}: an array of {_times(self.shape)} numbers; allowed: at most {MOST_BYTES / 8e9:g}e9"
            )
        try:
            return self.read()
        except InputError:
            raise
        except Exception:  # numpy, scipy and netCDF4 raise whatever their parsers stumble over in a damaged file
            raise InputError(f"{what}: an array of {_times(self.shape)} can't be read; allowed: a whole file") from None

    @property
    def square(self) -> bool:
        """Whether it may be a matrix of weights."""
        return self.kind == NUMBERS and len(self.shape) == 2 and self.shape[0] == self.shape[1] > 1


def from_variables(variables: Mapping[str, Variable], variable: str | None, what: str) -> ConnectomeArrays:
    """Pick the weights and what belongs to them from named arrays.

    The weights are the variable that is asked for; else the one under a usual name; else the only square matrix.

    Raises
    ------
    InputError
        If the variable is not there, or it is not clear which one holds the weights.
    """
    chosen = _weights(variables, variable, what)
    if variables[chosen].square:
        check_regions(variables[chosen].shape[0], what)
    weights = variables[chosen].load(f"{what}: variable {chosen}")
    count = len(weights) if np.ndim(weights) else 0
    others = {name: v for name, v in variables.items() if name != chosen}
    labels = _labels(others, count, what)
    centres = _first(others, CENTRES, lambda v: v.kind == NUMBERS and 3 in v.shape)
    lengths = _first(others, LENGTHS, lambda v: v.kind == NUMBERS and math.prod(v.shape) > 0)
    hemispheres = _first(others, HEMISPHERES, lambda v: math.prod(v.shape) > 0)
    found = {
        name: variables[key].load(f"{what}: variable {key}") if key else None
        for name, key in (("centres", centres), ("lengths", lengths), ("sides", hemispheres))
    }
    several = [name for name, v in variables.items() if v.square and name not in (chosen, lengths)]
    return ConnectomeArrays(
        weights=weights,
        labels=labels,
        notes=[f"weights are the variable {chosen}; other square matrices: {', '.join(several)}"] if several else [],
        hemisphere=None if found["sides"] is None else sides(as_text(found["sides"]), what),
        tract_length=found["lengths"],
        centres=_rows_of_three(found["centres"], count),
    )


def _weights(variables: Mapping[str, Variable], variable: str | None, what: str) -> str:
    if variable is not None:
        if variable not in variables:
            raise unknown(f"{what}: variable", variable, variables)
        return variable
    square = [name for name, v in variables.items() if v.square]
    lengths = [name for name in square if _bare(name) in NO_WEIGHTS]
    usual = [name for word in WEIGHTS for name in square if _bare(name) == word]
    candidates = usual[:1] or [name for name in square if name not in lengths]
    if lengths and not candidates:
        raise InputError(
            f"{what}: {', '.join(lengths)}: lengths of tracts, by the name, and no other matrix; allowed: weights, "
            "or name one with 'variable'"
        )
    if len(candidates) != 1:
        held = ", ".join(f"{name} ({_times(v.shape)})" for name, v in variables.items()) or "nothing"
        found = f"{len(square)} square matrices ({', '.join(square)})" if square else "no square matrix of numbers"
        wanted = "name one with 'variable'" if square else f"one square matrix (the file holds {held})"
        raise InputError(f"{what}: {found}; allowed: {wanted}")
    if len(usual) > 1 and len({_bare(name) for name in usual[:2]}) == 1:
        raise InputError(f"{what}: both {usual[0]} and {usual[1]}; allowed: name one with 'variable'")
    return candidates[0]


def _labels(variables: Mapping[str, Variable], count: int, what: str) -> list[str] | None:
    """Labels under a usual name, as texts, as numbers of the regions, or as codes of their letters."""
    key = _first(variables, LABELS, lambda v: v.kind == TEXT)
    if key is None:
        ending = [
            n for n, v in variables.items() if v.kind == TEXT and _bare(n).endswith(LABEL_ENDS) and count in v.shape
        ]
        key = ending[0] if len(ending) == 1 else None
    if key is None:
        key = _first(variables, LABELS, lambda v: v.kind == NUMBERS and math.prod(v.shape) == count)
    if key is not None:
        return as_text(variables[key].load(f"{what}: variable {key}"))
    key = _first(variables, LABELS, lambda v: v.kind == NUMBERS and math.prod(v.shape) > count)
    return None if key is None else _spelt(variables[key].load(f"{what}: variable {key}"), count)


def _spelt(codes: np.ndarray, count: int) -> list[str] | None:
    """Labels of which a file holds the codes of their letters, a line each, as DSI Studio writes them."""
    values = np.ravel(codes)
    if not ((values == np.floor(values)) & (values >= 9) & (values < 256)).all():
        return None
    labels = bytes(values.astype(np.uint8)).decode("latin-1").split("\n")
    labels = [label.strip() for label in labels if label.strip()]
    return labels if len(labels) == count else None


def _first(variables: Mapping[str, Variable], names: tuple[str, ...], fits: Callable[[Variable], bool]) -> str | None:
    return next((name for word in names for name, v in variables.items() if _bare(name) == word and fits(v)), None)


def _bare(name: str) -> str:
    """Reduce a variable's name to its own (of a path through groups), in lower case and without marks between words."""
    return re.sub(r"[^a-z0-9]", "", re.split(r"[/.]", name)[-1].lower())


def _rows_of_three(centres, count: int):
    """Centres with one row per region; files of MATLAB often have them the other way round."""
    if centres is not None and count != 3 and np.shape(centres) == (3, count):
        return np.transpose(centres)
    return centres


def as_text(values) -> list[str]:
    """Labels as a list of str, from arrays of text, of bytes, of whole numbers, or MATLAB cells that hold one each."""
    result = []
    for value in np.asarray(values).ravel():
        while isinstance(value, np.ndarray) and value.size == 1:
            value = value.ravel()[0]
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        whole = isinstance(value, float | np.floating) and float(value).is_integer()
        result.append(str(int(value)) if whole else str(value).strip())
    return result


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "1"
