"""How a value on the true connectome stands among those on null connectomes."""

from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.connectome.cohort import NULL
from ngnmm_core.storage.flags import Flags

if TYPE_CHECKING:
    from xarray import DataArray

FEWEST = 3  # nulls with a value: fewer have no spread to speak of
NO_SPREAD = 1e-9  # of the size of the values: a spread below it is round-off
ROUNDED = 4.0  # last digits by which values that are kept in single precision may differ by their rounding alone


class NullStatus(Flags):
    """Whether there is a z-score."""

    OK, NOT_DEFINED, FEW_NULLS, NO_SPREAD = range(4)


def null_zscore(values: "DataArray", kept_as: np.dtype | None = None) -> tuple["DataArray", "DataArray"]:
    """Compute (true - mean of the nulls) / standard deviation of the nulls, and the status of each.

    Nulls without a value are left out.  NaN where the true connectome has no value, fewer than three nulls have one, or
    the nulls do not differ by more than round-off.

    Parameters
    ----------
    values : xarray.DataArray
        With the dimension `null`, 0 first; whole numbers below zero are missing.
    kept_as : numpy.dtype, optional
        Of the file that they come from, where they have been averaged since.
    """
    numbers = values.values
    whole = numbers.dtype.kind in "iu"
    known = values.astype(float).where(values >= 0) if whole else values.astype(float)
    known = known.transpose(NULL, ...)
    data = known.values
    true, nulls = data[0], data[1:]
    defined = np.isfinite(nulls)
    count = defined.sum(axis=0)
    kept = np.where(defined, nulls, 0.0)
    stored = numbers.dtype if kept_as is None else kept_as
    least = max(NO_SPREAD, ROUNDED * np.finfo(stored).eps) if stored.kind == "f" else NO_SPREAD
    mean = kept.sum(axis=0) / np.maximum(count, 1)
    spread = np.sqrt((np.where(defined, nulls - mean, 0.0) ** 2).sum(axis=0) / np.maximum(count - 1, 1))
    flat = spread <= least * np.maximum(np.abs(kept).max(axis=0), np.abs(np.nan_to_num(true)))
    status = np.select(
        [~np.isfinite(true), count < FEWEST, flat],
        [NullStatus.NOT_DEFINED, NullStatus.FEW_NULLS, NullStatus.NO_SPREAD],
        NullStatus.OK,
    ).astype(np.int8)
    z = np.where(status == NullStatus.OK, (true - mean) / np.where(flat, 1.0, spread), np.nan)
    shape = known.isel({NULL: 0}, drop=True)
    return shape.copy(data=z), shape.copy(data=status)
