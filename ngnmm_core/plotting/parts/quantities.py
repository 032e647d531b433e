"""The quantities that are drawn over a grid: one number per point, and why it is not defined where it is not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from ngnmm_core.analysis.maps import NETWORK, Map
from ngnmm_core.connectome.cohort import NULL
from ngnmm_core.plotting.parts.layout import POINT, REPLICATES, SEED
from ngnmm_core.plotting.parts.style import UNDEFINED

REGIME, SETTLING, UNRELIABLE = "network_regime", "still_settling", "unreliable"
HOMOGENEOUS = ("msf_status",)
SLAB = 2**24  # numbers taken into memory at once
FINE = ("", "ok", "oscillating", "limit_cycle", "multi_period_cycle", "not_stationary")

# Why a value is not defined: words for the legend and the hatch that shows it.  Hatches of lines only: dots and circles
# make files ten times as large.
REASONS = {
    "rest": ("at rest", "//////"),
    "still_settling": ("still settling", "\\\\\\\\\\\\"),
    "diverged": ("diverged", "xxxx"),
    "irregular": ("irregular homogeneous state", "++++"),
    "uncoupled": ("uncoupled (G = 0)", "||||"),
    "no_threshold": ("no two states to tell apart", "//||"),
    "active_before_stimulus": ("active before the stimulus", "\\\\--"),
    "nothing_recruited": ("nothing recruited", "||--"),
    "undefined": ("not computed", "----"),
    "unreliable": ("reliability below 0.5", "//////"),
    "other": ("not defined", "//--"),
}
SAME_REASON = {"at_rest": "rest"}
WORD = "U64"


def grid_dims(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the dimensions of the grid, in the order of the study: those of the statuses of the points.

    Where nothing is simulated and the homogeneous state is not looked at, any other status tells them.
    """
    found: dict[str, None] = {}
    others = sorted(str(name) for name in dataset.data_vars if str(name).endswith("_status"))
    for name in [name for name in (*NETWORK, *HOMOGENEOUS) if name in dataset] or others:
        found |= dict.fromkeys(str(dim) for dim in dataset[name].dims)
    return tuple(found)


def grid_values(dataset: xr.Dataset, quantity: Map, over: Sequence[str] = REPLICATES) -> xr.DataArray:
    """Give the quantity as float over the dimensions of the grid and `rows`, averaged over replicates."""
    values = _reduced(dataset[quantity.variable], quantity, grid_dims(dataset))
    if quantity.instead in dataset:
        values = values.fillna(_reduced(dataset[quantity.instead], quantity, grid_dims(dataset)))
    if quantity.of_motion and REGIME in dataset:
        values = values.where(flag_words(dataset[REGIME]) != "rest")
    if dims := [dim for dim in over if dim in values.dims]:
        values = values.mean(dims)
    return values.assign_attrs(dataset[quantity.variable].attrs)


def _reduced(variable: xr.DataArray, quantity: Map, grid: tuple[str, ...]) -> xr.DataArray:
    """Reduce the variable slab by slab: all pairs of regions at all points may exceed the memory."""
    axes = [dim for dim in variable.dims if dim in grid]
    if variable.size <= SLAB or not axes:
        return quantity.reduce(variable.astype(float))
    longest = max(axes, key=lambda dim: variable.sizes[dim])
    count = variable.sizes[longest]
    step = max(SLAB * count // variable.size, 1)
    slabs = [variable.isel({longest: slice(k, k + step)}) for k in range(0, count, step)]
    return xr.concat([quantity.reduce(slab.astype(float)) for slab in slabs], longest).transpose(*axes, ...)


def reasons(dataset: xr.Dataset, quantity: Map) -> xr.DataArray:
    """Why the quantity is not defined, a word per point of the grid, empty where nothing speaks against it.

    With several seeds or subjects, that of the first.
    """
    result: xr.DataArray | None = None
    for name in quantity.statuses:
        if name not in dataset:
            continue
        words = first_replicate(flag_words(dataset[name]))
        found = words.copy(data=_as_reasons(words.values))
        result = found if result is None else found.where(result == "", result)
    if result is None:
        return xr.DataArray("")
    if quantity.instead in dataset:
        known = first_replicate(_reduced(dataset[quantity.instead], quantity, grid_dims(dataset)).notnull())
        result = result.where(~known, "")
    return result


def on_true_connectome(dataset: xr.Dataset) -> xr.Dataset:
    """Leave out null connectomes."""
    return dataset.isel({NULL: 0}, drop=True) if NULL in dataset.dims else dataset


def first_replicate(values: xr.DataArray) -> xr.DataArray:
    """Take the first seed and the first subject."""
    return values.isel({dim: 0 for dim in REPLICATES if dim in values.dims}, drop=True)


def _as_reasons(words: np.ndarray) -> np.ndarray:
    def reason(word: str) -> str:
        if word in FINE:
            return ""
        return SAME_REASON.get(word, word)

    return np.vectorize(reason, otypes=[WORD])(words)


def flag_words(variable: xr.DataArray) -> xr.DataArray:
    """Translate a CF flag variable into its meanings, point by point; empty where the variable does not tell them."""
    if "flag_meanings" not in variable.attrs:
        return variable.copy(data=np.full(variable.shape, "", WORD))
    meanings = str(variable.attrs["flag_meanings"]).split()
    values = np.atleast_1d(variable.attrs.get("flag_values", [])).astype(int)
    known = dict(zip(values.tolist(), meanings, strict=False))
    codes = variable.fillna(-1).values.astype(int)
    words = np.vectorize(lambda code: known.get(int(code), "undefined"), otypes=[WORD])(codes)
    return variable.copy(data=words)


def doubtful(dataset: xr.Dataset, quantity: Map) -> xr.DataArray | None:
    """Where the quantity is defined but doubtful (for any of the seeds and subjects); None if that can't be."""
    if quantity.doubtful is None or quantity.doubtful[0] not in dataset:
        return None
    name, what, _ = quantity.doubtful
    marked = flag_words(dataset[name]) == what if isinstance(what, str) else dataset[name] < what
    dims = [dim for dim in REPLICATES if dim in marked.dims]
    return marked.any(dims) if dims else marked


def reason_text(reason: str) -> str:
    """Words for the legend: those of a status that is not in the table are its own."""
    return REASONS[reason][0] if reason in REASONS else reason.replace("_", " ")


def reasons_found(reasons: np.ndarray) -> list[str]:
    """List the distinct reasons found at many points, in the order of the table."""
    words = [str(word) for word in np.unique(reasons) if word]
    return sorted(words, key=lambda word: list(REASONS).index(word) if word in REASONS else len(REASONS))


def undefined_style(reason: str) -> dict[str, Any]:
    """How a patch looks that stands for values not defined for that reason."""
    return {"facecolor": UNDEFINED, "edgecolor": "#8a8a8a", "hatch": REASONS.get(reason, REASONS["other"])[1]}


def swept(dataset: xr.Dataset) -> list[str]:
    """Names of the parameters that vary between the points of a list."""
    numbers = [n for n, c in dataset.coords.items() if c.dims == (POINT,) and c.dtype.kind in "fi"]
    candidates = [n for n in numbers if n not in (POINT, SEED)]
    return [str(n) for n in candidates if len(np.unique(dataset[n].values)) > 1]
