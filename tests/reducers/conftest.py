"""Streams of samples in uneven blocks, and blocks made from given signals."""

from types import SimpleNamespace

import numpy as np
import pytest

from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.streaming.activity import Activity
from ngnmm_core.streaming.history import History

UNEVEN = (1, 7, 64, 3, 130, 2, 500)


def blocks_of(signal, sizes=UNEVEN):
    """`signal` [sample, ...] in blocks of the given sizes, over and over."""
    start, k = 0, 0
    while start < len(signal):
        size = sizes[k % len(sizes)]
        yield signal[start : start + size]
        start, k = start + size, k + 1


@pytest.fixture(scope="session")
def in_blocks():
    """`in_blocks(signal, sizes)`: see `blocks_of`."""
    return blocks_of


@pytest.fixture(scope="session")
def lanes_of():
    """`lanes_of(signal)`: [sample, point, region] as [sample, group, region, lane], two groups of four lanes.

    Points beyond the given ones hold other numbers, which must not come through.
    """

    def build(signal):
        samples, points, regions = signal.shape
        padded = np.random.default_rng(99).standard_normal((samples, 8, regions))
        padded[:, :points] = signal
        return np.ascontiguousarray(padded.reshape(samples, 2, 4, regions).swapaxes(2, 3))

    return build


@pytest.fixture(scope="session")
def window_of(ei):
    """`window_of(points, regions, samples, sample_ms)`: what a reducer is told."""

    def build(points, regions, samples, sample_ms=0.2, **more):
        return SampledWindow(ei, regions, samples, sample_ms, {"G": np.zeros(points)}, **more)

    return build


@pytest.fixture(scope="session")
def block_of():
    """`block_of(observable)`: a block whose observable, rates and order parameters are all the given signal."""

    def build(signal, sizes=UNEVEN):
        history = History()
        for part in map(history.append, blocks_of(signal, sizes)):
            give = lambda population, step=1, first=0, part=part: part[first::step]
            add = lambda moments, part=part: moments.consume(np.stack([part] * 4, axis=3))
            more = {"rate": give, "kuramoto": give, "add_quantities": add, "history": history}
            yield SimpleNamespace(samples=len(part), observable=part, counted=(), **more)

    return build


@pytest.fixture(scope="session")
def reduced(window_of, block_of, lanes_of):
    """`reduced(reducer, options, signal, sample_ms)`: results for [sample, point, region], fed in uneven blocks."""

    def run(reducer, options, signal, sample_ms=0.2, sizes=UNEVEN, **more):
        samples, points, regions = signal.shape
        window = window_of(points, regions, samples, sample_ms, **more)
        activity, made = Activity(samples, points, window.noisy), reducer(options, window)
        for block in block_of(lanes_of(signal), sizes):
            activity.consume(block.observable)
            made.consume(block)
        return made.finish(activity)

    return run
