"""Sums over samples and regions in lanes, for the reducers: a filter that thins, and a weighted mean over regions."""

import numpy as np

from ngnmm_core.kernels.lanes import lane_width
from ngnmm_core.kernels.llvm import kernel, load, store

WIDTH = lane_width(np.float64)


@kernel(nogil=True)
def thinned_convolution(signal, taps, step, channels, out):
    """`out[m, c] = sum_k taps[k] signal[m * step + k, c]`; flat [sample, channel], channels a multiple of 32."""
    for c in range(0, channels, 4 * WIDTH):  # the outer loop: the samples of four vectors stay in the fastest cache
        for m in range(out.size // channels):
            o = m * step * channels + c
            a, b = load(signal, o) * taps[0], load(signal, o + WIDTH) * taps[0]
            d, e = load(signal, o + 2 * WIDTH) * taps[0], load(signal, o + 3 * WIDTH) * taps[0]
            for k in range(1, taps.size):
                o += channels
                a = a + load(signal, o) * taps[k]
                b = b + load(signal, o + WIDTH) * taps[k]
                d = d + load(signal, o + 2 * WIDTH) * taps[k]
                e = e + load(signal, o + 3 * WIDTH) * taps[k]
            o = m * channels + c
            store(out, o, a)
            store(out, o + WIDTH, b)
            store(out, o + 2 * WIDTH, d)
            store(out, o + 3 * WIDTH, e)


@kernel(nogil=True)
def weighted_sum(signal, weights, regions, width, out):
    """`out[s, l] = sum_r weights[r, l] signal[s, r, l]`, in the order of r; flat, `width` a multiple of 8."""
    for s in range(out.size // width):
        for lane in range(0, width, WIDTH):
            total = load(signal, s * regions * width + lane) * load(weights, lane)
            for r in range(1, regions):
                total = total + load(signal, (s * regions + r) * width + lane) * load(weights, r * width + lane)
            store(out, s * width + lane, total)
