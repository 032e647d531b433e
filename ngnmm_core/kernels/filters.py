"""Sums over samples and regions in lanes, for the reducers: a filter that thins, and a weighted mean over regions."""

import numpy as np

from ngnmm_core.kernels.lanes import lane_width
from ngnmm_core.kernels.llvm import kernel, load, store

WIDTH = lane_width(np.float64)


@kernel(nogil=True)
def thinned_convolution(signal, taps, step, channels, out):
    """`out[m, c] = sum_k taps[k] signal[m * step + k, c]`; flat [sample, channel], channels a multiple of 8.

    Four results at once share their loads.  `taps` has `3 * step` zeros before and after it: with these all four have
    their own taps at every sample.
    """
    ahead, count = 3 * step, out.size // channels
    length = taps.size - 2 * ahead
    for c in range(0, channels, WIDTH):  # the outer loop: the samples of a vector stay in the fastest cache
        for m in range(0, count - 3, 4):
            o = m * step * channels + c
            x = load(signal, o)
            s0, s1, s2, s3 = x * taps[ahead], x * 0.0, x * 0.0, x * 0.0
            for k in range(ahead + 1, length + 2 * ahead):
                o += channels
                x = load(signal, o)
                s0 = s0 + x * taps[k]
                s1 = s1 + x * taps[k - step]
                s2 = s2 + x * taps[k - 2 * step]
                s3 = s3 + x * taps[k - ahead]
            o = m * channels + c
            store(out, o, s0)
            store(out, o + channels, s1)
            store(out, o + 2 * channels, s2)
            store(out, o + 3 * channels, s3)
        for m in range(count - count % 4, count):
            o = m * step * channels + c
            total = load(signal, o) * taps[ahead]
            for k in range(ahead + 1, ahead + length):
                o += channels
                total = total + load(signal, o) * taps[k]
            store(out, m * channels + c, total)


@kernel(nogil=True)
def weighted_sum(signal, weights, regions, width, out):
    """`out[s, l] = sum_r weights[r, l] signal[s, r, l]`, in the order of r; flat, `width` a multiple of 8."""
    for s in range(out.size // width):
        for lane in range(0, width, WIDTH):
            total = load(signal, s * regions * width + lane) * load(weights, lane)
            for r in range(1, regions):
                total = total + load(signal, (s * regions + r) * width + lane) * load(weights, r * width + lane)
            store(out, s * width + lane, total)
