"""The exact Riccati flow of QIF populations that are coupled through synapses; the coupling once per step.

A burst costs nothing, for each population moves by the solution of its equation (`riccati_flow`).  What must be smooth
in a step is the input alone: synapses, coupling and drives.  A step goes:

1. The moments of every synapse are predicted from its derivatives at the start, those of the coupling from the
   polynomial through its last values.
2. With them the angle of the flow gives the moments of the synapses again, and their values at the end.
3. One product with the connectome gives the coupling at the end; what it differs by from the polynomial corrects the
   moments of the coupling.
4. States move by the flow with these moments, and the synapses by the angle that belongs to it.

The first steps, which have no past, iterate 2 with the coupling that follows from the moments of the synapses.  The
first volley takes steps of a quarter of the size (`volley`).

The order is five to six.  Mean field: Montbrio, Pazo, Roxin, Phys. Rev. X 5, 021028 (2015),
doi:10.1103/PhysRevX.5.021028.  Moments in place of values in a step: Iserles, Norsett, Phil. Trans. R. Soc. A 357, 983
(1999), doi:10.1098/rsta.1999.0362.
"""

from ngnmm_core.kernels.layout import FILLED, POSITION, STEP
from ngnmm_core.kernels.llvm import kernel, load, make_row_products, store
from ngnmm_core.kernels.steppers import brownian_ladder, coloured_ladder
from ngnmm_core.kernels.steppers.delayed_coupling import make_coupling, make_foresee
from ngnmm_core.kernels.steppers.riccati_filters import make_publish
from ngnmm_core.kernels.steppers.riccati_first_pass import make_begin
from ngnmm_core.kernels.steppers.riccati_inputs import FINER
from ngnmm_core.kernels.steppers.riccati_passes import slots_of
from ngnmm_core.kernels.steppers.riccati_second_pass import make_finish
from ngnmm_core.kernels.steppers.volley import VOLLEY_PIECES, make_volleys, publish_nothing

FORESEEN = 4  # row of `riccati_constants.from_means` that the coupling of near pairs is foreseen with
ITERATIONS = 5  # of the moments of the coupling in a step without a past


def make_step(equations, rows, width):
    """`step(batch, stimuli, work, weights, dt, when)` for one model: advances `batch.state` by one step of `dt` ms."""
    begin, finish = make_begin(equations, width), make_finish(equations, rows, width)
    product = _make_product(rows, width)
    slots, noisy = slots_of(width, equations.noisy), equations.noisy
    draw = _make_draw(equations, width)
    publish = publish_nothing
    if equations.structure.filters:
        publish = make_publish(equations.structure, equations.states, width, equations.regional)
    first_guess, next_guess = _make_guesses(product)

    @kernel
    def remember(batch, work, weights):
        """Store the present coupling as the newest value of the past."""
        counters = work.counters
        counters[POSITION] = (counters[POSITION] + 1) % slots
        product(batch, work, weights, (work.sent, 0, work.past, counters[POSITION] * batch.gain.size))
        counters[FILLED] += 1

    @kernel
    def piece(batch, stimuli, work, weights, dt, when, short):
        counters = work.counters
        if noisy:
            draw(batch, work, weights.regions, when, short)
        if counters[FILLED] == 0:
            remember(batch, work, weights)
        known = counters[FILLED] >= slots
        last = 0 if known else ITERATIONS
        if not known:
            first_guess(batch, work)
        for k in range(last + 1):  # one loop for both kinds of steps, so that the passes are compiled once
            begin(batch, stimuli, work, weights, short, when)
            if k < last:
                next_guess(batch, work, weights)
        finish(batch, work, weights, short)
        if known:
            counters[POSITION] = (counters[POSITION] + 1) % slots
        else:
            remember(batch, work, weights)

    if equations.delayed:
        piece = _make_delayed_piece(equations, width, (begin, finish, draw))
    return make_volleys(piece, publish)


def _make_guesses(product):
    """Make `first_guess(batch, work)`, `next_guess(batch, work, weights)`: moments of the coupling without a past."""

    @kernel
    def first_guess(batch, work):
        """Moments of a coupling that stays what it is; the last pass alone counts spikes."""
        size = batch.gain.size
        now = work.counters[POSITION] * size
        for o in range(size):
            work.first[o] = work.past[now + o]
            work.first[size + o] = 0.0
            work.first[2 * size + o] = 0.0
        for o in range(work.spikes.size):
            work.third[o] = work.spikes[o]

    @kernel
    def next_guess(batch, work, weights):
        """Moments of the coupling from those of what is sent."""
        for k in range(3):
            start = k * batch.gain.size
            product(batch, work, weights, (work.second, start, work.first, start))
        for o in range(work.spikes.size):
            work.spikes[o] = work.third[o]

    return first_guess, next_guess


def _make_draw(equations, width):
    """Make `draw(batch, work, regions, when, short)`: the noise of the piece of a step."""
    ladder = coloured_ladder if equations.kind.coloured else brownian_ladder
    draw_level = ladder.make_draw(equations.structure.populations, width, equations.kind.shared)

    @kernel(forceinline=True)
    def draw(batch, work, regions, when, short):
        number = int(when[1] * VOLLEY_PIECES + 0.5)
        fresh = work.counters[FILLED] == 0 or (when[0] == 0 and number == 0)
        draw_level(batch, work, regions, short * FINER, number, fresh)

    return draw


def _make_delayed_piece(equations, width, parts):
    """Make a piece with conduction delays: coupling from the history, which is all there when a start needs it."""
    begin, finish, draw = parts
    slots, noisy, interpolated = slots_of(width, equations.noisy), equations.noisy, equations.delayed > 1
    fill, restart, next_coupling, keep, thin, settle = make_coupling(width, equations.delayed, slots)
    foresee = make_foresee(width, equations.delayed, slots, FORESEEN)

    @kernel
    def piece(batch, stimuli, work, weights, dt, when, short):
        counters = work.counters
        if noisy:
            draw(batch, work, weights.regions, when, short)
        if counters[FILLED] == 0:
            if counters[STEP] == 0:
                fill(work, weights)
            else:
                thin(work, weights, VOLLEY_PIECES)
            restart(batch, work, weights, short)
            counters[FILLED] = slots
        foresee(batch, work, weights, short)
        begin(batch, stimuli, work, weights, short, when)
        next_coupling(work, weights, short, work.sent_next, work.first)
        finish(batch, work, weights, short)
        keep(work, weights, work.sent, work.first)
        if interpolated and counters[STEP] == 0 and when[1] + when[2] == 1.0 and short:
            settle(work, weights)

    return piece


def _make_product(rows, width):
    """`product(batch, work, weights, (signal, start, out, place))`: gains times the weighted sums of a signal."""
    row_products = make_row_products(rows)

    @kernel
    def product(batch, work, weights, arrays):
        signal, start, out, place = arrays
        n = weights.regions
        for block in range((n + rows - 1) // rows):
            first = block * rows
            for group in range(batch.gain.size // (n * width)):
                row_products(weights.packed, first * n, signal, start + group * n * width, n, work.products, (), 0)
                for i in range(first, min(first + rows, n)):
                    here = (group * n + i) * width
                    store(out, place + here, load(batch.gain, here) * load(work.products, (i - first) * width))

    return product
