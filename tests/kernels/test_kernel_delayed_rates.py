"""Delays of what regions send as a rate, by local steps: against a solution written out here, and their order."""

import numpy as np
import pytest
from delayed_networks import EQUAL, REGIONS, UNEQUAL, W, solver
from numba import njit

from ngnmm_core.models import get_model
from ngnmm_core.simulation.delays import Delays
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.integrators import get_integrator
from ngnmm_core.simulation.run import Run

G = 5.0


@njit
def _slope(x, c, out):
    """QIF neurons with gap junctions, which send r: tau 10 ms, Delta 1, eta 2, J 0, g 2 (docs/models.md)."""
    for i in range(len(x)):
        r, v = x[i]
        out[i, 0] = (1.0 / (np.pi * 10.0) + 2.0 * r * v - 2.0 * r) / 10.0
        out[i, 1] = (v * v + 2.0 - (np.pi * 10.0 * r) ** 2) / 10.0 + c[i]


_solution = solver(_slope, 0)


@pytest.mark.slow
@pytest.mark.parametrize("delays", [UNEQUAL, EQUAL], ids=["unequal", "equal"])
def test_rates_that_are_sent_arrive_as_the_delay_equations_have_them(points_of, delays):
    """Both states at all times within 100 ms, at the default step; half the step of the solution changes it by 1e-9."""
    model, dt = get_model("ngnmm_gap"), get_integrator("multirate").delayed_step_ms
    start = np.array([0.01, -1.0]) * (1 + 0.1 * np.random.default_rng(1).standard_normal((REGIONS, 2)))
    path = _solution(start, G, delays)
    run = Run(Engine(model, W, "multirate", delays=Delays(delays)), points_of(model, G=G).parameters, start[None])
    found = np.stack([run.by_point(x)[0] for x in run.advance(dt, round(0.1 / dt), len(path))])
    assert np.ptp(path[:, :, 0]) > 0.01  # bursts
    errors = np.abs(found - path).max(axis=(0, 1)) / np.ptp(path, axis=(0, 1))
    assert errors.max() < 1e-6


def test_the_error_falls_with_the_sixth_power_of_the_step_where_what_is_sent_has_no_kink(ei, points_of):
    """From a start at which s and r are level: the past of a region bends in its third derivative alone.

    What is left is the order of the means: half the step divides the error by 64.
    """
    tau, r = 8.0, 0.05
    level = [r, -1.0 / (2.0 * np.pi * tau * r), r]  # tau r' = Delta / (pi tau) + 2 r v = 0
    start = np.broadcast_to(np.tile(level, 2), (1, REGIONS, 6)).copy()
    at, ends = points_of(ei, I_ext_e=8.0, G=4.0).parameters, []
    for dt in (0.2, 0.1, 0.05, 0.0125):
        run = Run(Engine(ei, W, "multirate", delays=Delays(UNEQUAL)), at, start)
        run.advance(dt, round(40.0 / dt), 1)
        ends.append(run.by_point(run.states).copy())
    errors = np.array([np.abs(end - ends[-1]).max() for end in ends[:-1]])
    orders = np.log2(errors[:-1] / errors[1:])
    assert (orders > 5.5).all(), (errors, orders)
