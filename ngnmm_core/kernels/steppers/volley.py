"""The first steps of a simulation, which are shorter, for methods that extrapolate the coupling.

A simulation starts with all regions alike, or nearly so, and their first volley is synchronous: rates are five times
higher than ever after, and the coupling is as fast as a burst.  Steps of a quarter of the size during the first
`VOLLEY_MS` take care of that, and with conduction delays until what was sent at the start has arrived everywhere.  When
they end depends on nothing but the time, in units of the time constants, which points side by side have in common: a
point's bits do not depend on its neighbours.
"""

import math

from ngnmm_core.kernels.layout import FILLED, STEP, VOLLEY
from ngnmm_core.kernels.llvm import kernel

VOLLEY_MS = 20.0  # from the start of a simulation at a model's default time constants
VOLLEY_PIECES = 4  # of a step
LEFT_BEHIND = 8  # steps until no polynomial goes through what has arrived of the start


def volley_steps(dt_ms: float, time_factor: float, longest_delay_ms: float = 0.0) -> int:
    """Count the steps that are taken in pieces, of a model whose time constants are longer by a factor."""
    arriving = longest_delay_ms / dt_ms + LEFT_BEHIND if longest_delay_ms > 0.0 else 0.0
    return math.ceil(max(VOLLEY_MS * time_factor / dt_ms, arriving) - 0.5)


def make_volleys(piece, publish):
    """`step(batch, stimuli, work, weights, dt, when)` of `piece(batch, stimuli, work, weights, dt, when, short)`.

    `short` is 1 for a piece of a step and 0 for a whole one; `publish(batch, work, weights)` follows a whole step.
    """

    @kernel
    def step(batch, stimuli, work, weights, dt, when):
        counters = work.counters
        short = 1 if counters[STEP] < counters[VOLLEY] else 0
        pieces = VOLLEY_PIECES if short else 1
        for k in range(pieces):
            piece(batch, stimuli, work, weights, dt / pieces, (when[0], k / pieces, 1.0 / pieces), short)
        publish(batch, work, weights)
        counters[STEP] += 1
        if short and counters[STEP] >= counters[VOLLEY]:
            counters[FILLED] = 0  # what is remembered is spaced otherwise than the steps to come

    return step


@kernel
def publish_nothing(batch, work, weights):
    """For methods that have published all at the end of a piece."""
