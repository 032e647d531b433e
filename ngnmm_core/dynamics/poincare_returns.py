"""Returns of trajectories to the section where the observable rises through the middle of its range."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ngnmm_core.compilation.lazy_njit import lazy_njit

MOST_CROSSINGS = 1024


@lazy_njit
def _ranges(block, ranges, means):
    """Fill `ranges` [lane, state, 4] and `means` [lane, state] from `block` [sample, state, lane], read once."""
    samples, size, lanes = block.shape
    half = samples // 2
    total = np.zeros((size, lanes))
    for part in range(2):
        low, high = block[part * half].copy(), block[part * half].copy()
        for t in range(part * half, half if part == 0 else samples):
            for k in range(size):  # states and lanes in the order in which they lie in memory
                for lane in range(lanes):
                    value = block[t, k, lane]
                    low[k, lane], high[k, lane] = min(low[k, lane], value), max(high[k, lane], value)
                    total[k, lane] += part * value
        for lane in range(lanes):
            ranges[lane, :, 2 * part], ranges[lane, :, 2 * part + 1] = low[:, lane], high[:, lane]
    for lane in range(lanes):
        means[lane] = total[:, lane] / (samples - half)


@lazy_njit
def _crossings(block, observable, ranges, positions, states):
    """Fill `positions` [lane, crossing], and `states` [lane, crossing, state] by cubic interpolation."""
    samples, size, lanes = block.shape
    for lane in range(lanes):
        low = min(ranges[lane, observable, 0], ranges[lane, observable, 2])
        high = max(ranges[lane, observable, 1], ranges[lane, observable, 3])
        level, count = 0.5 * (low + high), 0
        positions[lane] = np.nan
        for t in range(samples - 1):
            before, after = block[t, observable, lane], block[t + 1, observable, lane]
            if before < level <= after and count < positions.shape[1]:
                position = t + (level - before) / (after - before)
                positions[lane, count] = position
                j = min(max(t, 1), samples - 3)
                u = position - j
                a, b = -u * (u - 1) * (u - 2) / 6, (u + 1) * (u - 1) * (u - 2) / 2
                c, d = -(u + 1) * u * (u - 2) / 2, (u + 1) * u * (u - 1) / 6
                for k in range(size):
                    states[lane, count, k] = (
                        a * block[j - 1, k, lane]
                        + b * block[j, k, lane]
                        + c * block[j + 1, k, lane]
                        + d * block[j + 2, k, lane]
                    )
                count += 1


@lazy_njit
def _gaps(ranges, positions, states, gaps):
    """Fill `gaps` [lane, n, 2] from what is known of the crossings."""
    for lane in range(len(gaps)):
        count = 0
        while count < positions.shape[1] and not np.isnan(positions[lane, count]):
            count += 1
        gaps[lane] = np.inf
        for n in range(1, min(gaps.shape[1], (count - 1) // 2) + 1):
            first = max(n, count - 2 * n)
            late = early = 0.0
            for c in range(first, count):
                gap = 0.0
                for k in range(states.shape[2]):
                    low = min(ranges[lane, k, 0], ranges[lane, k, 2])
                    extent = max(ranges[lane, k, 1], ranges[lane, k, 3]) - low + 1e-12
                    gap = max(gap, abs(states[lane, c, k] - states[lane, c - n, k]) / extent)
                if c >= count - n:
                    late = max(late, gap)
                if c < first + n:
                    early = max(early, gap)
            gaps[lane, n - 1, 0], gaps[lane, n - 1, 1] = late, early


@lazy_njit
def _distances(block, lane, state, small):
    """Largest relative distance from a state in the first half of a trajectory and in the second."""
    samples, size = block.shape[0], block.shape[1]
    halves = np.zeros(2)
    for t in range(samples):
        part = 0 if t < samples // 2 else 1
        for k in range(size):
            gap = abs(block[t, k, lane] - state[k]) / (abs(state[k]) + small[k])
            halves[part] = max(halves[part], gap)
    return halves


@dataclass(frozen=True)
class Returns:
    """Ranges of many points and their returns.

    Attributes
    ----------
    ranges : array (point, state, 4)
        Least and largest value in the first half of a trajectory and in the second.
    means : array (point, state)
        Of the second half.
    states : array (point, crossing, state)
        Where the trajectory crosses the section; undefined after the last crossing.
    positions : array (point, crossing)
        Of the crossings, in samples; NaN after the last.
    gaps : array (point, n, 2)
        Largest distance of a state from that n crossings before (n from 1), in units of the ranges: over the last n
        crossings and over the n before these; infinite for too few crossings.
    """

    ranges: np.ndarray
    means: np.ndarray
    states: np.ndarray
    positions: np.ndarray
    gaps: np.ndarray

    @property
    def finite(self) -> np.ndarray:
        """Which points have finite trajectories, array [point] of bool."""
        return np.isfinite(self.ranges).all(axis=(1, 2)) & np.isfinite(self.means).all(axis=1)

    @property
    def extent(self) -> np.ndarray:
        """Ranges of the states [point, state]."""
        return self.ranges[:, :, 1::2].max(axis=2) - self.ranges[:, :, 0::2].min(axis=2) + 1e-12

    def crossings(self, point: int) -> np.ndarray:
        """Positions of the crossings of one point, in samples."""
        return self.positions[point][: np.count_nonzero(~np.isnan(self.positions[point]))]

    def latest(self, points: np.ndarray, count: int) -> "Returns":
        """Select some points, with the last `count` of their crossings only.

        Parameters
        ----------
        points : array (point,) of bool
        """
        positions = self.positions[points]
        first = np.maximum(np.count_nonzero(~np.isnan(positions), axis=1) - count, 0)
        last = first[:, None] + np.arange(count)
        positions = np.take_along_axis(positions, last, axis=1)
        states = np.take_along_axis(self.states[points], last[:, :, None], axis=1)
        return Returns(self.ranges[points], self.means[points], states, positions, self.gaps[points])


def joined(parts: Sequence[Returns]) -> Returns:
    """Put returns of some points and others together."""
    return Returns(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Returns)))


def find_returns(samples: np.ndarray, points: int, observable: int, most: int) -> Returns:
    """Find the returns of `points` trajectories [group, sample, state, lane], and gaps for up to `most` crossings."""
    groups, _, size, width = samples.shape
    shapes = ((size, 4), (size,), (MOST_CROSSINGS, size), (MOST_CROSSINGS,), (most, 2))
    arrays = [np.empty((groups * width, *shape)) for shape in shapes]
    for group in range(groups):
        some = slice(group * width, (group + 1) * width)
        ranges, means, states, positions, gaps = (array[some] for array in arrays)
        _ranges(samples[group], ranges, means)
        _crossings(samples[group], observable, ranges, positions, states)
        _gaps(ranges, positions, states, gaps)
    return Returns(*(array[:points] for array in arrays))


def distances(samples: np.ndarray, point: int, state: np.ndarray, small: np.ndarray) -> tuple[float, float]:
    """Largest relative distance of one point's trajectory from a state, in its first half and in its second.

    `small` [state] is added to the size of each state, so that a state that is zero at rest has a scale, too.
    """
    width = samples.shape[-1]
    first, second = _distances(samples[point // width], point % width, np.ascontiguousarray(state), small)
    return float(first), float(second)
