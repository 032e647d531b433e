"""Integrators, one declaration per file: a file that defines `INTEGRATOR` is a method that a study can ask for.

A declaration says all that settings, costs, checks and documentation need to know of a method.  It is read whenever
the workflow is parsed, so it must not import numba: `make_step` imports the step itself, from
`ngnmm_core.kernels.steppers`, when it is called.
"""

from collections.abc import Callable
from typing import Any, NamedTuple


class Integrator(NamedTuple):
    """What an integrator declares.

    Attributes
    ----------
    description : str
        For the documentation: order, and what it is for.
    order : int
        Of the error without noise; a test measures it.
    step_ms : float
        The step if a study gives none (ms); the longest one of a method whose points choose.
    stability : float
        Length of the stability interval on the negative real axis: a local step times the fastest rate of a model must
        stay below it.
    products : int
        Coupling products per step.
    evaluations : int
        Evaluations of the right-hand side per local step.
    evaluation_seconds : float
        CPU seconds of one of them, per region and point, on the reference machine.
    make_step : callable
        `make_step(equations, rows, width)` compiles the step of one model.
    strong_order : float or None
        Of the strong error with additive noise; None for a method that takes no noise.
    noise_seconds : float
        CPU seconds of the noise per step, region and point.
    local_steps : bool
        Whether a step consists of `substeps` local steps, with the coupling extrapolated.
    precisions : tuple of str
        What it can compute in.
    noise_precisions : tuple of str
        What it can compute in with noise.
    start_ms : float
        Simulated time that smaller steps at the start cost besides (ms).
    nodes : callable or None
        `nodes(structure, substeps, width, noise, delayed)`: where inside a step coupling and drives are needed, the
        weights that extrapolate the coupling there, and what else the step keeps; None where they are needed at its
        ends and its middle alone, and nothing is kept.  `noise` are the number of noisy states and the kind of the
        noise, `delayed` tells whether there are delays.
    watches : bool
        Whether it watches its own error, so that every point can have a step of its own.
    delays : tuple of float or None
        How many steps after the newest value of the past it reads the coupling (its step is compiled for lists in this
        order): 0 is the time of that value, 1 the end of a step that begins there.  None for a method that takes no
        conduction delays.
    delayed_step_ms : float or None
        The step if a study with delays gives none (ms), where that is another.
    short_start : bool
        Whether the first steps are short, until what was sent at the start has arrived everywhere; such a method looks
        far pairs up for several steps at once.
    means : bool
        Whether it asks for the mean over a step of what arrives, and tells the mean of what is sent.
    qif_only : bool
        Whether it is for models that declare their populations of QIF neurons.
    counts_spikes : bool
        Whether its steps add to the integrals of rates (`ngnmm_core.kernels.spikes`); where they do not, mean rates are
        those of samples.
    """

    description: str
    order: int
    step_ms: float
    stability: float
    products: int
    evaluations: int
    evaluation_seconds: float
    make_step: Callable[..., Any]
    strong_order: float | None = None
    noise_seconds: float = 0.0
    local_steps: bool = False
    precisions: tuple[str, ...] = ("float64", "float32")
    noise_precisions: tuple[str, ...] = ("float64",)
    start_ms: float = 0.0
    nodes: Callable[[Any, int, int, Any, bool], Any] | None = None
    watches: bool = False
    delays: tuple[float, ...] | None = None
    delayed_step_ms: float | None = None
    short_start: bool = False
    means: bool = False
    qif_only: bool = False
    counts_spikes: bool = False

    def usual_step_ms(self, delayed: bool) -> float:
        """Give the step (ms) of a point if a study gives none, by whether it has conduction delays."""
        return self.delayed_step_ms if delayed and self.delayed_step_ms is not None else self.step_ms

    @property
    def stochastic(self) -> bool:
        """Whether it takes additive noise."""
        return self.strong_order is not None

    @property
    def delayed(self) -> bool:
        """Whether it takes conduction delays."""
        return self.delays is not None

    @property
    def rounds(self) -> bool:
        """Whether delays may be rounded to the step: nothing is read inside of one."""
        return self.delayed and all(fraction == int(fraction) for fraction in self.delays)
