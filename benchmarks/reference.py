"""Trajectories of `ei_ngnmm` on a network by a compiled DOP853 with right-hand side of its own: independent references.

scipy's DOP853 takes half an hour for the hundreds of stiff trajectories of `benchmarks.accuracy_points`, most of it
in Python; this one takes a few minutes.  Coefficients are scipy's.  Hairer, Norsett, Wanner, Solving Ordinary
Differential Equations I (1993), doi:10.1007/978-3-540-78862-1.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.integrate._ivp import dop853_coefficients as table

STAGES = table.N_STAGES
A, WEIGHTS = table.A[:STAGES, :STAGES].copy(), table.B.copy()
ERROR_3, ERROR_5 = table.E3.copy(), table.E5.copy()
ATOL = 1e-14


class Node(NamedTuple):
    """Parameters of one point, as `ei_ngnmm` calls them."""

    G: float
    I_ext_e: float
    Delta: float
    tau: tuple[float, float] = (8.0, 8.0)
    tau_s: tuple[float, float] = (1.0, 5.0)
    eta: tuple[float, float] = (-5.0, -5.0)
    J: tuple[float, float, float, float] = (5.0, 13.0, 13.0, 5.0)  # ee, ei, ie, ii


@njit(cache=False)
def _slope(x, W, node, out):
    """Time derivatives of x [state, region]."""
    coupling = W @ x[2]
    for i in range(W.shape[0]):
        r, v, s, q, w, z = x[0, i], x[1, i], x[2, i], x[3, i], x[4, i], x[5, i]
        te, ti = node.tau
        c = node.G * coupling[i]
        ee, ei, ie, ii = node.J
        out[0, i] = (node.Delta / (np.pi * te) + 2.0 * r * v) / te
        out[1, i] = (v * v + node.eta[0] + node.I_ext_e - (np.pi * te * r) ** 2) / te + ee * s - ei * z + c
        out[2, i] = (r - s) / node.tau_s[0]
        out[3, i] = (node.Delta / (np.pi * ti) + 2.0 * q * w) / ti
        out[4, i] = (w * w + node.eta[1] - (np.pi * ti * q) ** 2) / ti + ie * s - ii * z + c
        out[5, i] = (q - z) / node.tau_s[1]


@njit(cache=False)
def _error(h, k, x, new, rtol):
    """Norm of the estimated error of a step, over what is tolerated."""
    fifth, third = 0.0, 0.0
    for a in range(x.shape[0]):
        for i in range(x.shape[1]):
            e5, e3 = 0.0, 0.0
            for stage in range(STAGES + 1):
                e5 += ERROR_5[stage] * k[stage, a, i]
                e3 += ERROR_3[stage] * k[stage, a, i]
            scale = ATOL + rtol * max(abs(x[a, i]), abs(new[a, i]))
            fifth += (e5 / scale) ** 2
            third += (e3 / scale) ** 2
    if fifth == 0.0:
        return 0.0
    return h * fifth / np.sqrt((fifth + 0.01 * third) * x.size)


@njit(cache=False)
def _integrate(x, W, node, times, rtol, out):
    k = np.empty((STAGES + 1, *x.shape))
    new, t, h = x.copy(), 0.0, 1e-3
    _slope(x, W, node, k[0])
    for number in range(times.size):
        while t < times[number]:
            step = min(h, times[number] - t)
            for stage in range(1, STAGES):
                new[:] = x
                for earlier in range(stage):
                    if A[stage, earlier] != 0.0:
                        new += (step * A[stage, earlier]) * k[earlier]
                _slope(new, W, node, k[stage])
            new[:] = x
            for stage in range(STAGES):
                new += (step * WEIGHTS[stage]) * k[stage]
            _slope(new, W, node, k[STAGES])
            error = _error(step, k, x, new, rtol)
            change = min(10.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.125)) if np.isfinite(error) else 0.2
            if error < 1.0:
                cut = step < h  # by the next time at which states are kept: that says nothing about the step
                t = times[number] if cut else t + step
                x[:], k[0] = new, k[STAGES]
                h = max(h, step * change) if cut else step * change
            else:
                h = step * change
        out[number] = x


def trajectory(W: np.ndarray, node: Node, start: np.ndarray, times_ms: np.ndarray, rtol: float = 1e-12) -> np.ndarray:
    """States [time, region, state] from `start` [region, state]."""
    x = np.array(np.asarray(start, float).T, order="C")  # a copy: it is moved along
    out = np.empty((len(times_ms), *x.shape))
    _integrate(x, np.ascontiguousarray(W, float), node, np.asarray(times_ms, float), rtol, out)
    return out.transpose(0, 2, 1)
