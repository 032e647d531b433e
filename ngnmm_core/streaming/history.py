"""Samples of a signal that several filters read where they lie, instead of a copy in each."""

import math

import numpy as np

from ngnmm_core.streaming.filters import LANES


class History:
    """A stream of samples, of which those stay that a reader still needs.

    Samples are never moved within an array: whoever holds some of them sees them as they were.

    Attributes
    ----------
    end : int
        How many samples have come so far.
    """

    def __init__(self):
        self.end = 0
        self._rows: np.ndarray | None = None  # [sample, channel], whole vectors of channels
        self._first = 0  # number of the sample in the first row
        self._needed: dict[int, int] = {}  # the first sample that every reader still needs

    def room(self, samples: int, shape: tuple[int, ...]) -> np.ndarray:
        """Give the place [sample, ...] of the next samples, each of the given shape, for the caller to fill."""
        used, channels = self.end - self._first, math.prod(shape)
        if self._rows is None or used + samples > len(self._rows):
            used = self._renew(samples, channels)
        self.end += samples
        return self._rows[used : used + samples, :channels].reshape(samples, *shape)

    def append(self, signal: np.ndarray) -> np.ndarray:
        """Take the next samples [sample, ...]; give them where they lie now."""
        room = self.room(len(signal), signal.shape[1:])
        room[...] = signal
        return room

    def since(self, first: int) -> np.ndarray:
        """Give the samples [sample, channel] from number `first` on; channels of zeros fill up the vectors.

        Raises
        ------
        ValueError
            For samples that no reader has asked to keep.
        """
        if first < self._first:
            raise ValueError(f"samples from {first} on, of which those before {self._first} are no longer there")
        return self._rows[first - self._first : self.end - self._first]

    def keep(self, reader: object, first: int) -> None:
        """Note that a reader needs the samples from number `first` on."""
        self._needed[id(reader)] = first

    def _renew(self, samples: int, channels: int) -> int:
        """Take an array with room for twice as many samples as come; return how many old ones it begins with."""
        start = min(self._needed.values(), default=self.end)
        old = None if self._rows is None else self._rows[start - self._first : self.end - self._first]
        left = 0 if old is None else len(old)
        whole = channels + -channels % LANES
        rows = np.empty((left + 2 * samples, whole))
        rows[:, channels:] = 0.0
        if left:
            rows[:left] = old
        self._rows, self._first = rows, start
        return left
