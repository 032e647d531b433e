"""The arrays that the kernels work on: parameter points packed into lanes, and the connectome's weights in row blocks.

Flat arrays, written `name[group, ..., region, lane]` below; `width` is the number of lanes in a group.
"""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.lanes import aligned, lane_width, round_up

ROWS_WITH_32_REGISTERS = range(12, 25)
ROWS_WITH_16_REGISTERS = range(4, 7)


# of `Work.counters`: the newest slot in `past`, how many are filled, substeps of a step, steps since the start,
# the level of a step in the ladder of Brownian paths; with delays the newest value of the history, and how many steps
# are used of the coupling that was worked out ahead
POSITION, FILLED, SUBSTEPS, STEP, LEVEL, HEAD, USED = range(7)
VOLLEY = 7  # how many steps are taken in pieces: see `steppers.volley`
COUNTERS = 8
OF_THE_STEP = [LEVEL, VOLLEY]  # what of these depends on the size of a step


class NoiseKind(NamedTuple):
    """What an integrator is compiled for: noise at all, in part common to all regions, coloured."""

    noisy: bool = False
    shared: bool = False
    coloured: bool = False


class Weights(NamedTuple):
    """W in blocks of `rows` rows, the weights of one column together; the last block is padded with zeros."""

    packed: np.ndarray  # [block, column, row]
    regions: int
    rows: int


class Batch(NamedTuple):
    """State and constants of a batch of points; coefficients, drives and noise are by region too where maps vary them.

    `gain` is what multiplies the coupling sum that a region receives: G, times the lesion's effect on its row.
    `mask` multiplies what a region sends: 1, or 0 for a lesioned region.
    """

    state: np.ndarray  # [group, state, region, lane]
    coefficients: np.ndarray  # [group, (region,) coefficient, lane]
    drive: np.ndarray  # [group, (region,) drive, lane]
    gain: np.ndarray  # [group, region, lane]
    mask: np.ndarray  # [group, region, lane]
    amplitude: np.ndarray  # [group, (region,) noisy state, lane] standard deviation of the noise in a step
    seed: np.ndarray  # [group, lane]
    mixture: np.ndarray  # [group, (own, common), lane] what multiplies the two parts of a region's noise


class Stimuli(NamedTuple):
    """Time-varying input: `shape[k] * waveform k` is added to the drive `target[k]`.

    `waveform` holds, for every step of the block being integrated, the coefficients of a polynomial in the fraction of
    the step, so that every method can evaluate it anywhere inside the step, and a jump between steps is exact.
    """

    target: np.ndarray  # [stimulus] index of the drive
    shape: np.ndarray  # [group, stimulus, region, lane]
    waveform: np.ndarray  # [step, group, stimulus, power, lane]


class Work(NamedTuple):
    """Scratch memory of a stepper, and what a multirate method remembers between steps."""

    first: np.ndarray  # [group, region, state, lane] stage values
    second: np.ndarray
    third: np.ndarray
    sent: np.ndarray  # [group, region, lane] what the regions send, at this stage ...
    sent_next: np.ndarray  # ... and at the next
    products: np.ndarray  # [row, lane]
    drive: np.ndarray  # [drive, lane]
    wave: np.ndarray  # [node, stimulus, lane]
    past: np.ndarray  # [slot, group, region, lane] the coupling at past steps; with delays its means over steps
    rest: np.ndarray  # [group, region, state, lane] what rounding has left out of the states, in single precision
    noise: np.ndarray  # [group, region, noisy state, lane] increments of this step
    counters: np.ndarray  # see POSITION, FILLED, SUBSTEPS, STEP
    fractions: np.ndarray  # [node] where inside a step the coupling and the drives are needed
    extrapolation: np.ndarray  # [node, slot] weights of the past for the coupling at the nodes
    constants: np.ndarray  # [length of step, group, (region,) constant, population, lane] of the Riccati step ...
    middle: np.ndarray  # [group, region, quantity, lane] ... what its first pass leaves to the second ...
    scratch: np.ndarray  # [moment, population, lane] ... and what stimuli add to one region
    brownian: np.ndarray  # [level, group, region, (dB, M), population, lane] of the step's Brownian path, or coloured
    filters: np.ndarray  # [group, region, slot, population, lane] further filters of the populations' rates
    watch: np.ndarray  # [group, population, lane] the largest error of a step so far, as the method sees it
    common: np.ndarray  # [slot, number, noisy state or population, lane] noise that all regions share
    colour: np.ndarray  # [group, level, constant, lane] of coloured noise
    history: np.ndarray  # [group, region, slot, (value, mean over the step), lane] of what was sent, with delays
    thinned: np.ndarray  # [slot, lane] of one region
    ahead: np.ndarray  # [step, group, region, lane] coupling of far regions at the steps to come
    heard: np.ndarray  # [group, region, lane] sums over what arrives
    near: np.ndarray  # [slot, group, region, lane] the part of `past` that comes from near, before the gain
    coloured: np.ndarray  # [group, region, noisy state, lane] its values at the end of the step, off the ladder
    spikes: np.ndarray  # [group, region, population, lane] of a neuron, since the last sample


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


def no_stimuli(dtype) -> Stimuli:
    """Constant input."""
    return Stimuli(np.zeros(0, np.int64), np.zeros(0, dtype), np.zeros(0, dtype))


class Nodes(NamedTuple):
    """What a method needs besides its stages: nodes inside a step, weights of the past at them, substeps."""

    fractions: np.ndarray
    extrapolation: np.ndarray
    substeps: int
    constants: int = 0  # per point, ...
    kept: int = 0  # ... per region, ...
    scratch: int = 0  # ... and in all, of the Riccati step
    brownian: int = 0  # numbers of Brownian paths, per region
    common: int = 0  # numbers that all regions share
    colour: int = 0  # constants of coloured noise, per point
    coloured: int = 0  # values of coloured noise, per region
    filters: int = 0  # filters of rates, per region
    watched: int = 1  # errors that are watched, per point
    counted: int = 0  # populations whose spikes are counted, per region


ONE_NODE = Nodes(np.zeros(1), np.zeros((1, 0)), 1)


def new_work(sizes: tuple[int, int, int, int], weights: Weights, groups: int, nodes: Nodes = ONE_NODE) -> Work:
    """Scratch memory for a batch of `groups` lane groups; `sizes`: states, drives, stimuli, noisy states."""
    states, drives, stimuli, noise = sizes
    dtype = weights.packed.dtype
    width = lane_width(dtype)
    one = groups * weights.regions * width
    return Work(
        *(aligned(one * states, dtype, stagger=5 * k + 3) for k in range(3)),
        *(aligned(one, dtype, stagger=5 * k + 18) for k in range(2)),
        aligned(weights.rows * width, dtype, stagger=29),
        aligned(drives * width, dtype, stagger=33),
        aligned(len(nodes.fractions) * max(stimuli, 1) * width, dtype, stagger=37),
        aligned(max(one * nodes.extrapolation.shape[1], 1), dtype, stagger=41),
        aligned(one * states if nodes.extrapolation.size and dtype == np.float32 else 1, dtype, stagger=43),
        aligned(one * noise, dtype, stagger=45),
        np.array([0, 0, nodes.substeps] + (COUNTERS - 3) * [0], np.int64),
        nodes.fractions.astype(dtype),
        np.ascontiguousarray(nodes.extrapolation.ravel(), dtype),
        aligned(groups * nodes.constants * width, dtype, stagger=47),
        aligned(one * nodes.kept, dtype, stagger=51),
        aligned(nodes.scratch * width, dtype, stagger=55),
        aligned(max(one * nodes.brownian, 1), dtype, stagger=57),
        aligned(max(one * nodes.filters, 1), dtype, stagger=59),
        aligned(groups * nodes.watched * width, dtype, stagger=61),
        aligned(max(nodes.common, 1) * width, dtype, stagger=63),
        aligned(max(groups * nodes.colour, 1) * width, dtype, stagger=65),
        *(np.zeros(1, dtype) for _ in range(5)),
        aligned(max(one * nodes.coloured, 1), dtype, stagger=67),
        aligned(one * nodes.counted, dtype, stagger=71),
    )
