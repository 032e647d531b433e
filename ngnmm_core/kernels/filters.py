"""Sums over samples and regions in lanes, for the reducers: a filter that thins, and a weighted mean over regions."""

import numpy as np

from ngnmm_core.kernels.lanes import lane_width
from ngnmm_core.kernels.llvm import kernel, load, store

WIDTH = lane_width(np.float64)


@kernel(nogil=True)
def thinned_convolution(signal, taps, step, channels, out):
    """`out[m, c] = sum_k taps[k] signal[m * step + k, c]`; flat [sample, channel], channels a multiple of 8.

    Four results at once, of four vectors, share their loads.  `taps` has `3 * step` zeros before and after it: with
    these all four have their own taps at every sample.
    """
    ahead, count = 3 * step, out.size // channels
    length, whole = taps.size - 2 * ahead, channels - channels % (4 * WIDTH)
    for c in range(0, whole, 4 * WIDTH):  # the outer loop: the samples of four vectors stay in the fastest cache
        for m in range(0, count - 3, 4):
            o = m * step * channels + c
            w, x = load(signal, o), load(signal, o + WIDTH)
            y, z = load(signal, o + 2 * WIDTH), load(signal, o + 3 * WIDTH)
            tap, none = taps[ahead], w * 0.0
            w0, x0, y0, z0 = w * tap, x * tap, y * tap, z * tap
            w1, x1, y1, z1 = none, none, none, none
            w2, x2, y2, z2 = none, none, none, none
            w3, x3, y3, z3 = none, none, none, none
            for k in range(ahead + 1, length + 2 * ahead):
                o += channels
                w, x = load(signal, o), load(signal, o + WIDTH)
                y, z = load(signal, o + 2 * WIDTH), load(signal, o + 3 * WIDTH)
                tap, second, third, fourth = taps[k], taps[k - step], taps[k - 2 * step], taps[k - ahead]
                w0, x0, y0, z0 = w0 + w * tap, x0 + x * tap, y0 + y * tap, z0 + z * tap
                w1, x1, y1, z1 = w1 + w * second, x1 + x * second, y1 + y * second, z1 + z * second
                w2, x2, y2, z2 = w2 + w * third, x2 + x * third, y2 + y * third, z2 + z * third
                w3, x3, y3, z3 = w3 + w * fourth, x3 + x * fourth, y3 + y * fourth, z3 + z * fourth
            _store(out, m * channels + c, w0, x0, y0, z0)
            _store(out, (m + 1) * channels + c, w1, x1, y1, z1)
            _store(out, (m + 2) * channels + c, w2, x2, y2, z2)
            _store(out, (m + 3) * channels + c, w3, x3, y3, z3)
    for m in range(count):  # what does not fill four results of four vectors
        for c in range(0 if m >= count - count % 4 else whole, channels, WIDTH):
            o = m * step * channels + c
            total = load(signal, o) * taps[ahead]
            for k in range(ahead + 1, ahead + length):
                o += channels
                total = total + load(signal, o) * taps[k]
            store(out, m * channels + c, total)


@kernel(forceinline=True)
def _store(out, o, w, x, y, z):
    store(out, o, w)
    store(out, o + WIDTH, x)
    store(out, o + 2 * WIDTH, y)
    store(out, o + 3 * WIDTH, z)


@kernel(nogil=True)
def weighted_sum(signal, weights, regions, width, out):
    """`out[s, g, l] = sum_r weights[g, r, l] signal[s, g, r, l]`, in the order of r; flat, `width` a multiple of 8."""
    stride = regions * width
    for part in range(out.size // width):  # a group of a sample
        first = part * stride
        own = first % weights.size
        for lane in range(0, width, WIDTH):
            total = load(signal, first + lane) * load(weights, own + lane)
            for r in range(width, stride, width):
                total = total + load(signal, first + r + lane) * load(weights, own + r + lane)
            store(out, part * width + lane, total)
