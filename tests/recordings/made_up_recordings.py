"""Series of a few regions for the tests of recordings."""

import numpy as np

LABELS = ("a", "b", "c", "d", "e")


def mixed(regions=5, volumes=120, seed=0):
    """A series [region, time] with correlated regions and memory."""
    rng = np.random.default_rng(seed)
    mix = np.eye(regions) + 0.6 * np.random.default_rng(7).uniform(0, 1, (regions, regions))
    out = mix @ rng.standard_normal((regions, volumes))
    for t in range(1, volumes):
        out[:, t] += 0.6 * out[:, t - 1]
    return 100.0 + out
