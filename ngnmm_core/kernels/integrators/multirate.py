"""A multirate method: coupling once per step and extrapolated, local steps of Luther's method in every region."""

from ngnmm_core.kernels.integrators import Integrator


def _make_step(equations, rows, width):
    from ngnmm_core.kernels.steppers import multirate

    return multirate.make_step(equations, rows, width)


def _nodes(structure, substeps, width, noise, delayed):
    from ngnmm_core.kernels.layout import Nodes
    from ngnmm_core.kernels.steppers import multirate

    past = multirate.slots_of(width)
    weights = multirate.from_means(substeps, past) if delayed else multirate.extrapolation(substeps, past)
    return Nodes(multirate.fractions(substeps), weights, substeps)


INTEGRATOR = Integrator(
    description="sixth order, coupling once per step",
    order=6,
    step_ms=0.05,
    stability=3.6,
    products=1,
    evaluations=4,  # of a local step the seven stages run in registers: measured, they cost as much as four of rk4's
    evaluation_seconds=3.1e-9,
    local_steps=True,
    start_ms=70.0,  # smaller steps of the first volley, and two starts
    nodes=_nodes,
    delays=(1.0,),
    delayed_step_ms=0.025,  # regions with equal delays burst together, which 0.05 ms does not follow to 1e-4
    short_start=True,
    means=True,
    counts_spikes=True,
    make_step=_make_step,
)
