"""Conduction delays of a network: from tract lengths and a velocity to what the kernels read of the past."""

from dataclasses import dataclass

import numpy as np

from ngnmm_core.kernels.lanes import aligned, lane_width
from ngnmm_core.kernels.steppers.history import AHEAD, MIRRORED, WINDOW, DelayedWeights, channels_of
from ngnmm_core.kernels.steppers.volley import VOLLEY_PIECES
from ngnmm_core.simulation.integrators import get_integrator

ORDER = 3  # of the polynomial between values of the past
TAPS = ORDER + 1
CACHED_BYTES = 2**19  # of the past of regions, that a second-level cache has room for beside the rest
SPARE = 16  # values beyond the longest delay: the polynomial's, and those that a start looks back to


@dataclass(frozen=True, eq=False)
class Delays:
    """Delays of a batch of points.

    Attributes
    ----------
    ms : array (region, region)
        Of what region i (row) receives from j (column).
    rounded : bool
        Whether they are rounded to the step, else the past is interpolated.
    """

    ms: np.ndarray
    rounded: bool = False

    def longest_ms(self, W: np.ndarray) -> float:
        """Return the longest delay of a connection of W."""
        return float(self.ms[W != 0].max(initial=0.0))


def _polynomial(back: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Weights [pair, value] of the cubic through four values, `start` steps back and more, for what is `back` steps."""
    x, nodes = (back - start)[:, None], np.arange(TAPS)
    weights = np.ones((len(back), TAPS))
    for j in nodes:
        for k in nodes:
            if k != j:
                weights[:, j] *= (x[:, 0] - k) / (j - k)
    return weights


def _window(back: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Weights [pair, number] of values and means for the mean over a step that ends `back` steps in the past.

    The numbers come in turns, the value `start` steps back, the mean over the step before it, the value before that,
    and so on.  They belong to the polynomial whose integral has these slopes and differences.  What ends after the
    newest value is extrapolated, without the oldest one, for its weights would be twice as large.
    """
    end = start - back  # with the value `start` steps back at 0
    weights = np.zeros((len(back), WINDOW))
    for chosen, count in ((end <= 0.0, WINDOW), (end > 0.0, WINDOW - 1)):
        powers = np.arange(count)
        over = lambda to, n=powers: (to ** (n + 1) - (to - 1.0) ** (n + 1)) / (n + 1)  # means over the step before `to`
        at = lambda to, n=powers: to**n
        known = np.stack([(over if k % 2 else at)(-float(k // 2)) for k in range(count)])
        weights[chosen, :count] = over(end[chosen, None]) @ np.linalg.inv(known)
    return weights


def values_read(delays: Delays, method: str) -> int:
    """Count the numbers of the past that the integrator of that name reads for a pair of regions."""
    return 1 if delays.rounded else WINDOW if get_integrator(method).means else TAPS


@dataclass(frozen=True)
class _Pairs:
    """Pairs of connected regions, by target, with their weight and their delay in steps."""

    target: np.ndarray
    source: np.ndarray
    weight: np.ndarray
    steps: np.ndarray
    values: int  # read for each

    def part(self, chosen: np.ndarray, back: np.ndarray, ahead: int):
        """Give a list of the kernels: where pairs are read that are `back` steps in the past, less `ahead`."""
        back, weight = back[chosen], self.weight[chosen]
        if self.values == 1:
            start, polynomial = np.maximum(np.rint(back).astype(np.int64), 0), np.ones((len(back), 1))
        elif self.values == WINDOW:
            start = np.maximum(np.floor(back).astype(np.int64), 0)
            polynomial = _window(back, start)
        else:
            start = np.maximum(np.floor(back).astype(np.int64) - 1, 0)
            polynomial = _polynomial(back, start)
        return self.target[chosen], self.source[chosen], start - ahead, weight[:, None] * polynomial


def delayed_weights(W: np.ndarray, delays: Delays, dt: float, dtype: str, method: str) -> DelayedWeights:
    """Make the lists of what is read of the past in steps of `dt` ms by the integrator of that name.

    A method that reads the past before a step has nothing that was sent in it: rounded delays are then one step at
    least.

    Raises
    ------
    ValueError
        If the integrator takes no delays.
    """
    integrator = get_integrator(method)
    fractions = integrator.delays
    if fractions is None:
        raise ValueError(f"method '{method}' takes no delays")
    target, source = np.nonzero(W)
    steps = delays.ms[target, source] / dt
    if delays.rounded:
        steps = np.maximum(np.rint(steps), max(fractions))
    pairs, everything = (
        _Pairs(target, source, W[target, source], steps, values_read(delays, method)),
        np.ones(len(steps), bool),
    )
    parts: list[tuple] = []
    longest, zeros = steps.max(initial=0.0), np.zeros(lane_width(dtype), dtype)
    bytes_of_region = slots_needed(longest, False) * channels_of(pairs.values) * zeros.nbytes
    blocks = min(len(W), -(-len(W) * bytes_of_region // CACHED_BYTES))
    if integrator.short_start:
        (fraction,) = fractions
        for scaled in (steps, steps * VOLLEY_PIECES):
            far = np.floor(scaled) >= AHEAD + 1
            parts.append(pairs.part(~far, scaled - fraction, 0))
            parts += [pairs.part(far & (source * blocks // len(W) == k), scaled, AHEAD) for k in range(blocks)]
    else:
        parts = [pairs.part(everything, steps - fraction, 0) for fraction in fractions]
    slots = slots_needed(longest, integrator.short_start)
    return DelayedWeights(len(W), slots, blocks, zeros, *_packed(parts, len(W), dtype))


def slots_needed(longest: float, short_start: bool) -> int:
    """Count the values of every region that are kept for delays of at most `longest` steps.

    `short_start` tells that there are short steps at the start.
    """
    full = int(np.ceil(longest)) + SPARE
    return VOLLEY_PIECES * full if short_start else full


def history_arrays(weights: DelayedWeights, groups: int) -> dict[str, np.ndarray]:
    """Make the arrays of `Work` that delays need."""
    width, dtype = weights.zeros.size, weights.zeros.dtype
    here = groups * weights.regions * width
    channels = channels_of(weights.weight.size // max(weights.source.size, 1))
    return {
        "history": aligned(here * channels * (weights.slots + MIRRORED), dtype, stagger=5),
        "thinned": aligned(weights.slots * width, dtype),
        "ahead": aligned(AHEAD * here, dtype, stagger=9),
        "heard": aligned(here, dtype, stagger=13),
    }


def _packed(parts: list[tuple], regions: int, dtype: str) -> tuple[np.ndarray, ...]:
    """Lay the lists out one after the other: pointers, sources, starts and weights."""
    pointers, total = [], 0
    for target, *_ in parts:
        pointers.append(total + np.concatenate([[0], np.cumsum(np.bincount(target, minlength=regions))]))
        total += len(target)
    sources, starts, weights = (np.concatenate([part[k] for part in parts]) for k in (1, 2, 3))
    pointer = np.concatenate(pointers).astype(np.int64)
    weights = np.ascontiguousarray(weights, dtype).ravel()
    return pointer, sources.astype(np.int64), starts.astype(np.int64), weights
