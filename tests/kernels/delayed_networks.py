"""A network of five regions with delays, and its solution by a method that shares nothing with the package's.

The past is a cubic through values and slopes on both sides (Hermite); steps are those of Runge and Kutta.
"""

import numpy as np
from numba import njit

REGIONS, SPAN_MS = 5, 100.0
_random = np.random.default_rng(0)
W = _random.random((REGIONS, REGIONS)) * (1 - np.eye(REGIONS))
W /= W.sum(axis=1, keepdims=True)
UNEQUAL = _random.uniform(2.0, 25.0, (REGIONS, REGIONS)) * (1 - np.eye(REGIONS))
EQUAL = 7.3 * (1 - np.eye(REGIONS))  # 292 steps of 0.025 ms
BETWEEN = EQUAL / 7.3 * 7.3062  # nowhere near a step of that size, a quarter of one
NEARLY = EQUAL + _random.uniform(0.0, 0.02, (REGIONS, REGIONS)) * (EQUAL > 0)


@njit
def _received(t, past, slopes, gains, steps, out):
    """What arrives at a time in steps; before the start it is the value at the start."""
    for i in range(len(out)):
        out[i] = 0.0
        for j in range(len(out)):
            at = t - steps[i, j]
            k = int(np.floor(at))
            w = at - k
            value = past[0, j]
            if at > 0:
                value = (1 + 2 * w) * (1 - w) ** 2 * past[k, j] + w * w * (3 - 2 * w) * past[k + 1, j]
                value += w * (1 - w) ** 2 * slopes[k, j] + w * w * (w - 1) * slopes[k + 1, j]
            out[i] += gains[i, j] * value


@njit
def _moved(x, change, factor, out):
    """`x + factor * change`; written out, as an expression of arrays takes numba a second each to compile."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] + factor * change[i, j]


def solver(slope, sent):
    """`solve(start, gains, delays, h, count, every)` for a compiled `slope(x, received, out)`, which sends a state.

    It gives the states [time, region, state] after every `every` steps of h ms; all delays are longer than a step.
    """

    @njit
    def solve(start, gains, steps, h, count, every):
        n, size = start.shape
        out, x, at = np.zeros((count // every, n, size)), start.copy(), start.copy()
        past, slopes = np.zeros((count + 1, n)), np.zeros((count + 1, n))
        a, b, c, d = np.zeros((n, size)), np.zeros((n, size)), np.zeros((n, size)), np.zeros((n, size))
        first, middle, last = np.zeros(n), np.zeros(n), np.zeros(n)
        for i in range(n):
            past[0, i] = start[i, sent]
        for k in range(count):
            _received(k, past, slopes, gains, steps, first)
            _received(k + 0.5, past, slopes, gains, steps, middle)
            _received(k + 1, past, slopes, gains, steps, last)
            slope(x, first, a)
            for i in range(n):
                slopes[k, i] = h * a[i, sent]
            _moved(x, a, h / 2, at)
            slope(at, middle, b)
            _moved(x, b, h / 2, at)
            slope(at, middle, c)
            _moved(x, c, h, at)
            slope(at, last, d)
            for change, weight in ((a, h / 6), (b, h / 3), (c, h / 3), (d, h / 6)):
                _moved(x, change, weight, x)
            slope(x, last, a)
            for i in range(n):
                past[k + 1, i], slopes[k + 1, i] = x[i, sent], h * a[i, sent]
            if (k + 1) % every == 0:
                _moved(x, a, 0.0, out[(k + 1) // every - 1])
        return out

    def of_network(start, G, delays, h=0.002, every_ms=0.1):
        no_self = delays + 1e3 * np.eye(REGIONS)  # no region hears itself
        return solve(start, G * W, no_self / h, h, round(SPAN_MS / h), round(every_ms / h))

    return of_network
