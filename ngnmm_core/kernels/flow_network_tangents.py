"""A network of QIF populations together with small perturbations of it, by the exact flow.

The solution takes the steps of `ngnmm_core.kernels.steppers.riccati`, with regions in the lanes.  All that a step does
to a perturbation of a region is linear: in its states, in the past of the coupling and in its value at the end.  So the
step is worked out for unit perturbations, again with regions in the lanes, which gives two small matrices for every
region: what it sends at the end, and its states there.  Perturbations, eight in a lane, are then multiplied by these:
they cost as many operations as the matrices have entries, besides the product with the connectome.
"""

from ngnmm_core.kernels.flow_network_step import make_begin, make_finish
from ngnmm_core.kernels.llvm import (
    align_stack,
    kernel,
    load,
    make_dot,
    make_ring_access,
    make_row_products,
    make_tuple_access,
    store,
)
from ngnmm_core.kernels.network_tangents import PAST
from ngnmm_core.kernels.steppers.riccati_region import Region


def make_flow_network_tangents(structure, states, rows, width):
    """Compiles (at the first call) `run(work, weights, h, steps)` and `send(work, weights)`.

    The length of a step is in the constants.  `send` works out what is sent; it must run before `run` whenever states
    or perturbations were changed.
    """
    region = Region(structure, width)
    begin, finish = make_begin(region, states, width), make_finish(region, states, width)
    row_products, couple = make_row_products(rows), _make_coupling(rows, width)
    load_states, store_states = make_tuple_access(states)
    load_past, send_of = make_ring_access(PAST), make_dot(states + PAST, width)
    moved = _make_moved(states, make_dot(states + PAST + 1, states * width), width)
    per_sending, per_moving = (states + PAST) * width, (states + PAST + 1) * states * width

    @kernel(forceinline=True)
    def begin_all(work):
        for block in range(work.state.size // (states * width)):
            begin(work, block)

    @kernel(forceinline=True)
    def finish_all(work, slot):
        for block in range(work.state.size // (states * width)):
            finish(work, block, slot)

    @kernel(forceinline=True)
    def send(work, weights):
        n, size = weights.regions, work.sent.size
        begin_all(work)
        for group in range(size // (n * width)):
            for i in range(n):
                here = (group * n + i) * width
                x = load_states(work.values, here * states, width)
                past = load_past(work.past, here, size, work.position[0])
                store(work.sent, here, send_of((*x, *past), work.sending, (i // width) * per_sending + i % width))

    @kernel(forceinline=True)
    def perturb(work, here, i, slot, product):
        """Step of one group of perturbations of a region, and what it will send at the end of the next one."""
        size = work.sent.size
        new = work.gain[i] * product
        x = load_states(work.values, here * states, width)
        past = load_past(work.past, here, size, work.position[0])
        store(work.past, slot * size + here, new)
        x = moved((*x, *past, new), work.moving, (i // width) * per_moving + i % width)
        store_states(work.values, here * states, width, x)
        store(
            work.sent_next, here, send_of((*x, new, *past[:-1]), work.sending, (i // width) * per_sending + i % width)
        )

    def run(work, weights, h, steps):
        align_stack()
        n, size = weights.regions, work.sent.size
        for _ in range(steps):
            slot = (work.position[0] + 1) % PAST
            couple(work, weights, slot)
            finish_all(work, slot)
            old = work.position[0]
            work.position[0] = slot
            begin_all(work)
            work.position[0] = old
            for block in range((n + rows - 1) // rows):
                first = block * rows
                for group in range(size // (n * width)):
                    row_products(weights.packed, first * n, work.sent, group * n * width, n, work.products, (), 0)
                    for i in range(first, min(first + rows, n)):
                        perturb(work, (group * n + i) * width, i, slot, load(work.products, (i - first) * width))
            work.position[0] = slot
            for o in range(0, size, width):
                store(work.sent, o, load(work.sent_next, o))

    def send_first(work, weights):
        align_stack()
        send(work, weights)

    return kernel(nogil=True)(run), kernel(nogil=True)(send_first)


def _make_moved(states, move_of, width):
    """`moved(inputs, numbers, place)`: as many sums as there are states, as a tuple."""
    if states == 3:

        @kernel(forceinline=True)
        def moved(x, numbers, o):
            return move_of(x, numbers, o), move_of(x, numbers, o + width), move_of(x, numbers, o + 2 * width)

        return moved
    first, rest = _make_moved(3, move_of, width), _make_moved(states - 3, move_of, width)

    @kernel(forceinline=True)
    def more(x, numbers, o):
        return (*first(x, numbers, o), *rest(x, numbers, o + 3 * width))

    return more


def _make_coupling(rows, width):
    @kernel(forceinline=True)
    def couple(work, weights, slot):
        """Coupling of the solution at the end of the step, by what regions are expected to send there."""
        n, sums = weights.regions, work.products
        o = slot * work.state_sent.size
        for block in range((n + rows - 1) // rows):
            for row in range(rows):
                sums[row] = 0.0
            for j in range(n):
                value, at = work.state_sent[j], (block * n + j) * rows
                for row in range(rows):
                    sums[row] += weights.packed[at + row] * value
            for row in range(min(rows, n - block * rows)):
                i = block * rows + row
                work.state_past[o + i] = work.gain[i] * sums[row]

    return couple
