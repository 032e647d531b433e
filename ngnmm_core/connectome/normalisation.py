"""Normalisations of the weights, and a measure of whether the uniform state is invariant under them."""

from collections.abc import Sequence

import numpy as np

from ngnmm_core.errors import InputError, unknown

RAW = "none"  # weights as they were read
NORMALISATIONS = ("row", "max", RAW)
ROUND_OFF = 1e-12  # by which normalised rows may miss their sum
LARGEST_SPREAD = 1e-10  # of row sums that count as equal


def normalise(weights, how: str, labels: Sequence[str] | None = None) -> np.ndarray:
    """Normalised weights.

    | `how` | result |
    |---|---|
    | `row` | each row divided by its sum: every region receives the same total weight, 1 |
    | `max` | all divided by the largest weight |
    | `none` | as they are |

    Parameters
    ----------
    weights : xarray.DataArray or array (region, source_region)
        Not negative; `weights[i, j]` is what region i receives from region j.  Labels of a DataArray are used in
        messages.
    how : str
        `row`, `max` or `none`.
    labels : sequence of str, optional
        Names of the regions for messages, where `weights` is an array.

    Returns
    -------
    array (region, source_region)
        float64, C order, a copy.

    Raises
    ------
    InputError
        For another word; under `row` for a region that receives nothing (names it); under `max` if all weights are
        zero.
    """
    if how not in NORMALISATIONS:
        raise unknown("normalization", how, NORMALISATIONS)
    # Contiguous, so that the sums have the same bits whatever array the weights were a view of.
    W = np.array(weights, dtype=np.float64, order="C")
    if how == "row":
        check_sums(W, labels)
        sums = W.sum(axis=1)
        empty = np.flatnonzero(sums == 0)
        if empty.size:
            coordinates = getattr(weights, "coords", {})
            if labels is None and "region" in coordinates:
                labels = coordinates["region"].values
            names = range(len(W)) if labels is None else [str(label) for label in labels]
            others = f" (and {empty.size - 1} more)" if empty.size > 1 else ""
            raise InputError(
                f"normalization: row: region '{names[empty[0]]}'{others} receives nothing, its row of weights is zero; "
                f"allowed: rows with a positive sum, or normalization max or none"
            )
        W /= sums[:, None]
    elif how == "max":
        largest = W.max()
        if largest == 0:
            raise InputError("normalization: max: all weights are zero; allowed: at least one positive weight")
        W /= largest
    return W


def check_sums(weights: np.ndarray, labels: Sequence[str] | None = None, what: str = "") -> None:
    """Refuses finite weights whose sum over a row is not: divided by it, they would all be zero.

    Raises
    ------
    InputError
        Names the region.
    """
    with np.errstate(over="ignore"):
        beyond = np.flatnonzero(~np.isfinite(weights.sum(axis=1)))
    if beyond.size:
        name = beyond[0] if labels is None else labels[beyond[0]]
        raise InputError(f"{what}the weights of region '{name}' sum to more than 1.8e308; allowed: smaller weights")


def row_sum_spread(W) -> float:
    """Largest minus smallest row sum.

    Where it is zero (1e-10 or less), regions in equal states receive equal input: the uniform state is an invariant
    manifold, which the homogeneous system and the master stability function rest on.

    Parameters
    ----------
    W : array (region, source_region)
        Weights.
    """
    sums = np.array(W, dtype=np.float64, order="C").sum(axis=1)
    return float(sums.max() - sums.min())


def homogeneous_row_sum(W: np.ndarray, key: str) -> float:
    """Measure the common row sum of W rather than infer it from the name of a normalisation.

    Raises
    ------
    InputError
        If the rows do not sum to the same: then no state with all regions alike solves the equations.  The message
        starts with `key`.
    """
    spread = row_sum_spread(W)
    if spread > LARGEST_SPREAD:
        raise InputError(
            f"{key}: the rows of W sum to different values (spread {spread:.3g}); allowed: a spread of at most "
            f"{LARGEST_SPREAD:g}, as normalization: row gives"
        )
    mean = float(W.sum(axis=1).mean())
    return 1.0 if abs(mean - 1.0) <= ROUND_OFF else mean  # so that the last bits of W do not reach what needs its sum
