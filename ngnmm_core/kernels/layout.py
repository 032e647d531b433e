"""The arrays that the kernels work on: parameter points packed into lanes, and the connectome's weights in row blocks.

Flat arrays, written `name[group, ..., region, lane]` below; `width` is the number of lanes in a group.
"""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.lanes import aligned, lane_width, round_up

ROWS_WITH_32_REGISTERS = range(12, 25)
ROWS_WITH_16_REGISTERS = range(4, 7)


class Weights(NamedTuple):
    """W in blocks of `rows` rows, the weights of one column together; the last block is padded with zeros."""

    packed: np.ndarray  # [block, column, row]
    regions: int
    rows: int


class Batch(NamedTuple):
    """State and constants of a batch of points.

    `gain` is what multiplies the coupling sum that a region receives: G, times the lesion's effect on its row.
    `mask` multiplies what a region sends: 1, or 0 for a lesioned region.
    """

    state: np.ndarray  # [group, state, region, lane]
    coefficients: np.ndarray  # [group, coefficient, lane]
    drive: np.ndarray  # [group, drive, region, lane]
    gain: np.ndarray  # [group, region, lane]
    mask: np.ndarray  # [group, region, lane]


class Stimuli(NamedTuple):
    """Time-varying input: `shape[k] * waveform k` is added to the drive `target[k]`.

    `waveform` holds, for every step of the block being integrated, the coefficients of a polynomial in the fraction of
    the step, so that every method can evaluate it anywhere inside the step, and a jump between steps is exact.
    """

    target: np.ndarray  # [stimulus] index of the drive
    shape: np.ndarray  # [group, stimulus, region, lane]
    waveform: np.ndarray  # [step, group, stimulus, power, lane]


class Work(NamedTuple):
    """Scratch memory of a stepper."""

    first: np.ndarray  # [group, state, region, lane] stage values
    second: np.ndarray
    third: np.ndarray
    sent: np.ndarray  # [group, region, lane] what the regions send, at this stage ...
    sent_next: np.ndarray  # ... and at the next
    products: np.ndarray  # [row, lane]
    drive: np.ndarray  # [drive, lane]
    wave: np.ndarray  # [stimulus, lane]


def row_block(regions: int, wide_registers: bool) -> int:
    """Rows per block: as many accumulators as the registers hold, with little padding in the last block."""
    candidates = ROWS_WITH_32_REGISTERS if wide_registers else ROWS_WITH_16_REGISTERS
    return min(candidates, key=lambda rows: (round_up(regions, rows), -rows))


def pack_weights(W: np.ndarray, rows: int, dtype=np.float64) -> Weights:
    """Lays W[i, j] (input of i from j) out for `row_products`."""
    regions = len(W)
    padded = np.zeros((round_up(regions, rows), regions), dtype)
    padded[:regions] = W
    packed = aligned(padded.size, dtype)
    packed[:] = padded.reshape(-1, rows, regions).transpose(0, 2, 1).ravel()
    return Weights(packed, regions, rows)


def to_lanes(points: np.ndarray, width: int, dtype=np.float64) -> np.ndarray:
    """Packs [point, ...] into flat lanes [group, ..., lane]; the last point is repeated to fill the last group."""
    n = len(points)
    index = np.minimum(np.arange(round_up(n, width)), n - 1)
    grouped = np.asarray(points, dtype)[index].reshape(-1, width, *points.shape[1:])
    packed = np.moveaxis(grouped, 1, -1)
    flat = aligned(packed.size, dtype)
    flat[:] = packed.ravel()
    return flat


def new_work(model_size: int, drives: int, stimuli: int, weights: Weights, groups: int) -> Work:
    """Scratch memory for a batch of `groups` lane groups."""
    dtype = weights.packed.dtype
    width, regions = lane_width(dtype), weights.regions
    size = groups * model_size * regions * width
    one = groups * regions * width
    return Work(
        *(aligned(size, dtype, stagger=5 * k + 3) for k in range(3)),
        *(aligned(one, dtype, stagger=5 * k + 18) for k in range(2)),
        aligned(weights.rows * width, dtype, stagger=29),
        aligned(drives * width, dtype, stagger=33),
        aligned(max(stimuli, 1) * width, dtype, stagger=37),
    )
