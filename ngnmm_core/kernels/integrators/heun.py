"""Heun's method for additive noise."""

from ngnmm_core.kernels.integrators import Integrator


def _make_step(equations, rows, width):
    from ngnmm_core.kernels.steppers import heun

    return heun.make_step(equations, rows, width)


def _nodes(structure, substeps, width, noise, delayed):
    from ngnmm_core.kernels.steppers import heun

    return heun.nodes(*noise)


INTEGRATOR = Integrator(
    description="second order, for additive noise, in which it has strong order 1",
    order=2,
    strong_order=1,
    step_ms=0.01,
    stability=2.0,
    products=2,
    evaluations=2,
    evaluation_seconds=2.3e-9,
    noise_seconds=4e-9,
    precisions=("float64",),
    nodes=_nodes,
    delays=(0.0, 1.0),
    counts_spikes=True,
    make_step=_make_step,
)
