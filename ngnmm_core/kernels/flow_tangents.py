"""A single region of QIF populations under its own feedback, with small perturbations of it, by the exact flow.

The steps are those of `ngnmm_core.kernels.steppers.riccati`, but the coupling is a multiple of what the region sends
itself: its moments are those of a synapse, and no past is needed.  A step of the solution and one of a perturbation:
`ngnmm_core.kernels.steppers.riccati_region`.
"""

from ngnmm_core.kernels.llvm import align_stack, kernel, load
from ngnmm_core.kernels.lyapunov import make_normalised, make_orthonormalised
from ngnmm_core.kernels.steppers.riccati_constants import INPUT
from ngnmm_core.kernels.steppers.riccati_region import Region
from ngnmm_core.kernels.steppers.riccati_slopes import OF_END, OF_MOMENTS

ROOM = OF_MOMENTS + OF_END  # wide lanes of derivatives behind the constants


def make_flow_variational(structure, states, width):
    """Compiles (at the first call) `integrate(state, tangents, constants, gains, h)` for steps of equal length.

    Arrays as in `ngnmm_core.kernels.variational`, except for `constants` [constant, population, lane], the table of
    `ngnmm_core.kernels.steppers.riccati_constants`, which knows the length of the step, and after it room for `ROOM`
    wide lanes.  The first axis of `h` says how many steps to take.
    """
    return _make(Region(structure, width), states, width, 1)


def make_complex_flow_variational(structure, states, width):
    """Do the same for complex gains of the tangents, as in `ngnmm_core.kernels.variational`."""
    return _make(Region(structure, width), states, width, 2)


def make_flow_lyapunov(structure, states, width):
    """Compiles `run(state, tangents, constants, gains, h, logs)` as `ngnmm_core.kernels.lyapunov.make_lyapunov`."""
    return make_orthonormalised(make_flow_variational(structure, states, width), states, width)


def make_flow_transverse(structure, states, width):
    """Compiles `run(state, tangents, constants, gains, h, logs)` as `ngnmm_core.kernels.lyapunov.make_transverse`."""
    return make_normalised(make_flow_variational(structure, states, width), states, width)


def make_complex_flow_transverse(structure, states, width):
    """Do the same for complex gains."""
    return make_normalised(make_complex_flow_variational(structure, states, width), 2 * states, width)


def _make(region, states, width, parts):
    advance_state = make_step(region)
    advance_tangent = _make_real(region, width) if parts == 1 else _make_complex(region, states, width)
    table, behind = region.table, region.table + OF_MOMENTS * region.whole

    def integrate(state, tangents, constants, gains, h):
        align_stack()
        moments_at, end_at = constants[table:], constants[behind:]
        sets, each = (gains.size // width - 1) // parts, parts * states * width
        columns = tangents.size // (sets * each)
        own = load(gains, 0)
        for _ in range(h.size // width):
            start = advance_state(constants, state, own, moments_at, end_at)
            for some in range(sets):
                for column in range(columns):
                    place = (some * columns + column) * each
                    advance_tangent(constants, start, tangents, place, (gains, 1 + some * parts), (moments_at, end_at))

    return kernel(nogil=True)(integrate)


def _make_coupling(region):
    split, sender = region.split, region.sender

    @kernel(forceinline=True)
    def coupling_of(gain, synapses):
        """Multiply the three moments of what a region sends by a gain."""
        first, second, third = synapses
        return gain * split(first)[sender], gain * split(second)[sender], gain * split(third)[sender]

    return coupling_of


def make_inputs(region):
    """`inputs(k, gain, synapses)`: moments a, b, c from those of the region's own synapses."""
    received, constant, coupling_of = region.received, region.constant, _make_coupling(region)

    @kernel(forceinline=True)
    def inputs(k, gain, synapses):
        a, b, c = received(k, coupling_of(gain, synapses), synapses)
        return constant(k, 0, INPUT) + a, b, c

    return inputs


def make_step(region):
    """`advance_state(k, state, gain, moments_at, end_at)`: a step of the solution, with its derivatives."""
    load_states, store_states, split, sender = region.load_states, region.store_states, region.split, region.sender
    begin, predict, respond, finish = region.begin, region.predict, region.respond, region.finish
    slopes_of_moments, slopes_of_end, inputs = region.slopes_of_moments, region.slopes_of_end, make_inputs(region)

    @kernel
    def advance_state(k, state, gain, moments_at, end_at):
        """Step of the solution; leaves the derivatives at it, and returns what tangents start from."""
        r, v, s = load_states(state, 0)
        start = begin(k, (r, v, s), gain * split(s)[sender])
        Z = (start[0], start[1])
        expected = inputs(k, gain, predict(k, start, s))
        moments, s0, turned = respond(k, Z, s, expected)
        slopes_of_moments(k, 0, Z, expected, moments_at)
        final = inputs(k, gain, moments)
        slopes_of_end(k, 0, Z, final, end_at)
        store_states(state, 0, finish(k, Z, s0, turned, final))
        return start

    return advance_state


def _make_real(region, width):
    load_states, store_states, split, sender = region.load_states, region.store_states, region.split, region.sender
    predict, received, respond, finish = (
        region.predict_tangent, region.received, region.respond_tangent, region.finish_tangent,
    )  # fmt: skip
    coupling_of = _make_coupling(region)

    @kernel(forceinline=True)
    def inputs(k, gain, synapses):
        return received(k, coupling_of(gain, synapses), synapses)

    @kernel
    def advance_tangent(k, start, tangents, place, gains, slopes):
        gain = load(gains[0], gains[1] * width)
        dr, dv, ds = load_states(tangents, place)
        dre, dim, expected = predict(k, start, (dr, dv, ds), gain * split(ds)[sender])
        moments, s0, _ = respond(k, slopes[0], (dre, dim), ds, inputs(k, gain, expected))
        store_states(tangents, place, finish(k, slopes[1], (dre, dim), s0, inputs(k, gain, moments)))

    return advance_tangent


def _make_complex(region, states, width):
    load_states, store_states, split, sender = region.load_states, region.store_states, region.split, region.sender
    predict, received, respond, finish = (
        region.predict_tangent, region.received, region.respond_tangent, region.finish_tangent,
    )  # fmt: skip

    @kernel(forceinline=True)
    def turned(gain, x, y):
        """Multiply what both parts of a perturbation send by the gain."""
        p, q = split(x)[sender], split(y)[sender]
        return gain[0] * p - gain[1] * q, gain[0] * q + gain[1] * p

    @kernel(forceinline=True)
    def inputs(k, gain, one, other):
        (p0, q0), (p1, q1), (p2, q2) = (
            turned(gain, one[0], other[0]), turned(gain, one[1], other[1]), turned(gain, one[2], other[2]),
        )  # fmt: skip
        return received(k, (p0, p1, p2), one), received(k, (q0, q1, q2), other)

    @kernel
    def advance_tangent(k, start, tangents, place, gains, slopes):
        gain = (load(gains[0], gains[1] * width), load(gains[0], (gains[1] + 1) * width))
        second = place + states * width
        x, y = load_states(tangents, place), load_states(tangents, second)
        p, q = turned(gain, x[2], y[2])
        xre, xim, one = predict(k, start, x, p)
        yre, yim, other = predict(k, start, y, q)
        mine, its = inputs(k, gain, one, other)
        one, x0, _ = respond(k, slopes[0], (xre, xim), x[2], mine)
        other, y0, _ = respond(k, slopes[0], (yre, yim), y[2], its)
        mine, its = inputs(k, gain, one, other)
        store_states(tangents, place, finish(k, slopes[1], (xre, xim), x0, mine))
        store_states(tangents, second, finish(k, slopes[1], (yre, yim), y0, its))

    return advance_tangent
