"""The exact Riccati flow of populations of QIF neurons, with the coupling once per step."""

from ngnmm_core.kernels.integrators import Integrator


def _make_step(equations, rows, width):
    from ngnmm_core.kernels.steppers import riccati

    return riccati.make_step(equations, rows, width)


def _nodes(structure, substeps, width, noise, delayed):
    from ngnmm_core.kernels.steppers import riccati_passes

    return riccati_passes.nodes(structure, width, noise[1], delayed)


INTEGRATOR = Integrator(
    description="fifth order (strong order 1.5 with noise), exact flow of QIF neurons with synapses, coupling once "
    "per step",
    order=5,
    step_ms=0.1,
    stability=float("inf"),  # the flow is exact, whatever the rates; what limits the step is how smooth the input is
    products=1,
    evaluations=1,
    evaluation_seconds=3.1e-9,
    start_ms=70.0,  # short steps of the first volley, and two starts
    nodes=_nodes,
    strong_order=1.5,
    noise_seconds=4e-9,
    watches=True,
    qif_only=True,
    delays=(0.0,),
    short_start=True,
    means=True,
    counts_spikes=True,
    make_step=_make_step,
)
