"""From a model's plain functions to compiled integrators over batches of points."""

from typing import NamedTuple

import numpy as np

from ngnmm_core.kernels.inline import inlined
from ngnmm_core.kernels.lanes import lane_width
from ngnmm_core.kernels.layout import NoiseKind
from ngnmm_core.kernels.llvm import kernel, load, make_tuple_access, store
from ngnmm_core.kernels.region_parameters import make_region_parameters
from ngnmm_core.kernels.spikes import make_counting
from ngnmm_core.kernels.steppers.riccati_constants import Structure
from ngnmm_core.kernels.stimuli import make_drive


class Equations(NamedTuple):
    """A model's functions, compiled for lanes, and its sizes; `structure` of its QIF populations, if it has such."""

    derivative: object
    sent: object
    states: int
    coefficients: int
    drives: int
    noise: tuple[int, ...]
    waves_at: object
    drive_at: object
    stimulated: bool
    structure: Structure | None = None
    kind: NoiseKind = NoiseKind()
    regional: bool = False  # whether every region has coefficients and drives of its own
    delayed: int = 0  # values of the past that are read for a pair of regions; 0 without delays
    counted: tuple[int, ...] = ()  # positions of the states that are rates, whose spikes are counted

    @property
    def noisy(self) -> bool:
        """Whether a method that watches its error is compiled for noise."""
        return self.kind.noisy


def compile_equations(derivative, sent, sizes, noise: tuple[int, ...], stimulated: bool, width: int) -> Equations:
    """Compiles a model's plain `derivative` and `sent` to be inlined into a stepper.

    `sizes` are the numbers of states, coefficients and drives; `noise` the positions of the states that noise enters;
    `stimulated` says whether there are stimuli.
    """
    drive = make_drive(sizes[2], width, stimulated)
    return Equations(inlined(derivative), inlined(sent), *sizes, noise, *drive, stimulated)


def make_integrator(make_step, equations: Equations, rows: int, dtype=np.float64):
    """Compiles (at the first call) the time loop of one model with one method, given by its `make_step`.

    Returns
    -------
    integrate : callable
        `integrate(batch, stimuli, work, weights, dt, steps, samples, spikes)` advances the batch by
        `steps * len(samples)` steps of `dt` ms, and after every `steps` copies the states to
        `samples[k]` ([sample, group * state * region * lane], flat in the last axis).  The rows of `spikes` share the
        samples evenly, and hold what `ngnmm_core.kernels.spikes` has counted in the time of each.
    """
    width = lane_width(dtype)
    step = make_step(equations, rows, width)
    states, sent = equations.states, equations.sent
    load_states, _ = make_tuple_access(states)
    shared, of_region = make_region_parameters(equations, width)
    structure = equations.structure
    filtered = structure is not None and structure.filtered
    kept, sender = (structure.kept * structure.populations, structure.sender * width) if filtered else (0, 0)

    @kernel
    def send(batch, work, weights):
        """Store what the regions send at the start: the steppers keep it up to date from then on."""
        stride = weights.regions * width
        for group in range(batch.gain.size // stride):
            together = shared(batch, group, weights.regions)
            for i in range(weights.regions):
                here = group * stride + i * width
                constants, _ = of_region(batch, group * weights.regions + i, together)
                values = load_states(batch.state, here * states, width)
                if filtered:
                    store(work.sent, here, load(batch.mask, here) * load(work.filters, here * kept + sender))
                else:
                    store(work.sent, here, load(batch.mask, here) * sent(values, constants))

    begin_count, end_count = make_counting(equations, width)

    def integrate(batch, stimuli, work, weights, dt, steps, samples, spikes):
        send(batch, work, weights)
        share = samples.shape[0] // spikes.shape[0]
        for sample in range(samples.shape[0]):
            if sample % share == 0:
                begin_count(batch, work)
            for k in range(steps):
                step(batch, stimuli, work, weights, dt, (sample * steps + k, 0.0, 1.0))
            for o in range(batch.state.size):
                samples[sample, o] = batch.state[o]
            if (sample + 1) % share == 0:
                end_count(batch, work)
                for o in range(work.spikes.size):
                    spikes[sample // share, o] = work.spikes[o]

    return kernel(nogil=True)(integrate)
