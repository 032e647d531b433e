"""The classical Runge-Kutta method, with the coupling evaluated at every stage."""

from ngnmm_core.kernels.integrators import Integrator


def _make_step(equations, rows, width):
    from ngnmm_core.kernels.steppers import rk4

    return rk4.make_step(equations, rows, width)


INTEGRATOR = Integrator(
    description="fourth order, coupling at every stage",
    order=4,
    step_ms=0.01,
    stability=2.78,
    products=4,
    evaluations=4,
    evaluation_seconds=2.3e-9,
    delays=(0.0, 0.5, 1.0),
    counts_spikes=True,
    make_step=_make_step,
)
