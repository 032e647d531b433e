"""How many spikes a neuron fires between samples: the integral of its population's rate, taken while integrating.

Bursts are shorter than the time between samples, so that a mean of samples is off by what folds onto zero frequency.
With the exact flow the spikes of a step follow from the synapse, tau_s s' = r - s: its change, and its mean in the
step, which the step works out anyway; changes add up to the difference between the ends.  Other methods add trapezoids
of their own steps, whose error falls exponentially with the step.

Trapezoids of analytic functions: Trefethen, Weideman, SIAM Rev. 56, 385 (2014), doi:10.1137/130932132.
"""

from ngnmm_core.kernels.llvm import kernel, load, make_wide, store
from ngnmm_core.kernels.steppers.riccati_filters import make_synapse_access


def make_tally(counted: tuple[int, ...], width: int):
    """`tally(spikes, place, h, before, after)`: add h (r_before + r_after) for the states `counted` of a region."""
    if not counted:

        @kernel(inline="always")
        def nothing(spikes, place, h, before, after):
            """No population has a rate among its states."""

        return nothing
    others, position, last = make_tally(counted[:-1], width), counted[-1], (len(counted) - 1) * width

    @kernel(inline="always")
    def tally(spikes, place, h, before, after):
        others(spikes, place, h, before, after)
        store(spikes, place + last, load(spikes, place + last) + h * (before[position] + after[position]))

    return tally


def make_counting(equations, width: int):
    """`begin(batch, work)` and `end(batch, work)` of a stretch of time whose spikes are counted in `work.spikes`.

    With the exact flow these are spikes over the time constant of the synapse.
    """
    if equations.structure is None or not equations.counted:

        @kernel
        def clear(batch, work):
            work.spikes[:] = 0.0

        @kernel
        def nothing(batch, work):
            """All has been added by the steps."""

        return clear, nothing
    populations, states = equations.structure.populations, equations.states
    load_synapse, _ = make_synapse_access(equations.structure, width)
    load_wide, store_wide, _, _ = make_wide(populations)

    @kernel
    def begin(batch, work):
        for here in range(0, batch.gain.size, width):
            s = load_synapse(batch, work, here, here * states)
            store_wide(work.spikes, here * populations, -s)

    @kernel
    def end(batch, work):
        for here in range(0, batch.gain.size, width):
            s = load_synapse(batch, work, here, here * states)
            store_wide(work.spikes, here * populations, load_wide(work.spikes, here * populations) + s)

    return begin, end
