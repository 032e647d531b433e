"""Synchrony of the network without each of its regions."""

import numpy as np

from ngnmm_core.analysis.synchrony import SynchronyOptions, SynchronyReducer
from ngnmm_core.streaming.activity import Activity
from ngnmm_core.streaming.leave_one_out import LeaveOneOutSynchrony


def test_synchrony_without_each_region(lanes_of, block_of, window_of):
    rng = np.random.default_rng(3)
    signal = rng.standard_normal((800, 2, 5)) + rng.standard_normal((800, 2, 1)) + 3.0
    window, activity = window_of(2, 5, 800), Activity(800, 2)
    reducer, plain = LeaveOneOutSynchrony(None, window), SynchronyReducer(SynchronyOptions(), window)
    for block in block_of(lanes_of(signal)):
        activity.consume(block.observable)
        reducer.consume(block)
        plain.consume(block)
    found = reducer.finish(activity)["lesion_synchrony"]
    for k in range(5):
        others = np.delete(signal, k, axis=2)
        expected = others.mean(axis=2).var(axis=0) / others.var(axis=0).mean(axis=1)
        np.testing.assert_allclose(found[:, k], expected, rtol=1e-10)
    assert np.abs(found - plain.finish(activity)["synchrony"][:, None]).min() > 1e-4  # not the synchrony of all
