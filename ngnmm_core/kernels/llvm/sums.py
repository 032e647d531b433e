"""Sums that must stay in registers: stages of Runge-Kutta methods, extrapolation, and the coupling product."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ngnmm_core.kernels.llvm.memory import alignment, data_pointer, vector_at
from ngnmm_core.kernels.llvm.types import FLAGS, I32, I64, LANES, as_lane, splat


@intrinsic
def advance(typing_context, state, step, slope):
    """`state + step * slope` for tuples of lanes and a step that is a lane: the update of every Runge-Kutta stage."""
    lane = state.dtype

    def codegen(context, builder, sig, args):
        step_lane = as_lane(context, builder, lane, sig.args[1], args[1])
        new = []
        for k in range(len(sig.args[0])):
            change = builder.fmul(step_lane, builder.extract_value(args[2], k), flags=FLAGS)
            new.append(builder.fadd(builder.extract_value(args[0], k), change, flags=FLAGS))
        return context.make_tuple(builder, sig.return_type, new)

    return state(state, step, slope), codegen


@intrinsic
def combine(typing_context, state, step, weights, slopes):
    """`state + step * (weights[0] * slopes[0] + weights[1] * slopes[1] + ...)`: a stage of a Runge-Kutta method.

    `weights` is a tuple of numbers, `slopes` a tuple of as many tuples of lanes.
    """
    lane = state.dtype

    def codegen(context, builder, sig, args):
        numbers = context.cast(builder, args[1], sig.args[1], lane.scalar)
        factors = []
        for j in range(len(sig.args[2])):
            weight = context.cast(builder, builder.extract_value(args[2], j), sig.args[2][j], lane.scalar)
            factors.append(splat(builder, lane, builder.fmul(numbers, weight)))
        new = []
        for k in range(len(sig.args[0])):
            value = builder.extract_value(args[0], k)
            for j, factor in enumerate(factors):
                slope = builder.extract_value(builder.extract_value(args[3], j), k)
                value = builder.fadd(value, builder.fmul(factor, slope, flags=FLAGS), flags=FLAGS)
            new.append(value)
        return context.make_tuple(builder, sig.return_type, new)

    return state(state, step, weights, slopes), codegen


@intrinsic
def scaled(typing_context, state, factor):
    """`factor * state` for a tuple of lanes."""
    lane = state.dtype

    def codegen(context, builder, sig, args):
        f = as_lane(context, builder, lane, sig.args[1], args[1])
        new = [builder.fmul(builder.extract_value(args[0], k), f, flags=FLAGS) for k in range(len(sig.args[0]))]
        return context.make_tuple(builder, sig.return_type, new)

    return state(state, factor), codegen


def make_dot(count, stride=1):
    """`dot(lanes, numbers, offset)`: the sum of `count` lanes times every `stride`-th number of `numbers[offset:]`."""

    @intrinsic
    def dot(typing_context, lanes, numbers, offset):
        lane = lanes.dtype

        def codegen(context, builder, sig, args):
            total = None
            for k in range(count):
                place = builder.add(args[2], ir.Constant(I64, k * stride))
                number = builder.load(data_pointer(context, builder, sig.args[1], args[1], place))
                term = builder.fmul(splat(builder, lane, number), builder.extract_value(args[0], k), flags=FLAGS)
                total = term if total is None else builder.fadd(total, term, flags=FLAGS)
            return total

        return lane(lanes, numbers, types.int64), codegen

    return dot


def make_sliding_sums(count, values, stride, width):
    """`add(sums, lanes, at, numbers, offset)`: add sums of products that slide over lanes to a tuple of sums.

    The first of the `count` sums gets `values` numbers of `numbers[offset:]` times the lanes from
    (`count` - 1) `stride` on, counted from `lanes[at:]`; the next ones begin `stride` lanes earlier each.  Every lane
    is loaded once, and used where it is needed while it is in a register.
    """

    @intrinsic
    def add(typing_context, sums, lanes, at, numbers, offset):
        lane = LANES[lanes.dtype]

        def codegen(context, builder, sig, args):
            factors = []
            for k in range(values):
                place = builder.add(args[4], ir.Constant(I64, k))
                number = builder.load(data_pointer(context, builder, sig.args[3], args[3], place))
                factors.append(splat(builder, lane, number))
            totals = [builder.extract_value(args[0], k) for k in range(count)]
            for j in range((count - 1) * stride + values):
                uses = [(m, j - m * stride) for m in range(count) if 0 <= j - m * stride < values]
                if not uses:
                    continue
                place = builder.add(args[2], ir.Constant(I64, j * width))
                pointer = data_pointer(context, builder, sig.args[1], args[1], place)
                x = builder.load(vector_at(builder, pointer, lane), align=alignment(lane))
                for m, k in uses:
                    term = builder.fmul(factors[k], x, flags=FLAGS)
                    totals[count - 1 - m] = builder.fadd(totals[count - 1 - m], term, flags=FLAGS)
            return context.make_tuple(builder, sig.return_type, totals)

        return sums(sums, lanes, types.int64, numbers, types.int64), codegen

    return add


PREFETCHED_PER_COLUMN = 2  # lines of each array that one column of the product asks for


def make_row_products(rows, lines=0):
    """`row_products(W, offset, signal, start, count, out, ahead, place)`: `rows` dot products with a signal.

    `W[offset:]` holds one block of rows, packed so that the `rows` weights of one column lie together; the `count`
    lanes of `signal` start at `start`; the sums go to `out[0:rows * width]`.  The accumulators stay in registers for
    the whole pass, each sum runs over the columns in order, so its bits do not depend on `rows`.

    `ahead` is a tuple of arrays of which `lines` lanes from `place` on are needed next: over the last columns the
    processor fetches them into its first-level cache, for the multiplication leaves the memory idle.
    """

    @intrinsic
    def row_products(typing_context, W, offset, signal, start, count, out, ahead, place):
        lane = LANES[signal.dtype]

        def codegen(context, builder, sig, args):
            pointer = lambda k, shift: data_pointer(context, builder, sig.args[k], args[k], shift)
            zero, columns = ir.Constant(I64, 0), args[4]
            block = _Product(builder, lane, rows, pointer(0, args[1]), pointer(2, args[3]))
            middle = columns
            if lines and len(sig.args[6]):
                first = builder.sub(columns, ir.Constant(I64, -(-lines // PREFETCHED_PER_COLUMN)))
                middle = builder.select(builder.icmp_signed("<", first, zero), zero, first)
            sums = [ir.Constant(lane.vector, [0.0] * lane.width)] * rows
            sums = block.columns(zero, middle, sums)
            if middle is not columns:
                done = builder.mul(middle, ir.Constant(I64, PREFETCHED_PER_COLUMN * lane.width))
                start = builder.sub(args[7], done)
                targets = [
                    data_pointer(context, builder, kind, builder.extract_value(args[6], k), start)
                    for k, kind in enumerate(sig.args[6])
                ]
                sums = block.columns(middle, columns, sums, targets)
            result = pointer(5, zero)
            for m, value in enumerate(sums):
                place = vector_at(builder, builder.gep(result, [ir.Constant(I64, m * lane.width)]), lane)
                builder.store(value, place, align=alignment(lane))
            return context.get_dummy_value()

        return types.void(W, types.int64, signal, types.int64, types.int64, out, ahead, types.int64), codegen

    return row_products


class _Product:
    """Emits the loops of `row_products` over ranges of columns."""

    def __init__(self, builder, lane, rows, weights, source):
        self.builder, self.lane, self.rows = builder, lane, rows
        self.weights, self.source = weights, source

    def columns(self, first, last, sums, prefetched=()):
        """Add the columns from `first` up to, but not including, `last` to `sums`; return the new sums."""
        b, lane = self.builder, self.lane
        before, loop, after = b.block, b.append_basic_block("columns"), b.append_basic_block("columns.end")
        b.cbranch(b.icmp_signed("<", first, last), loop, after)
        b.position_at_end(loop)
        column = b.phi(I64)
        column.add_incoming(first, before)
        running = [b.phi(lane.vector) for _ in sums]
        for phi, value in zip(running, sums, strict=True):
            phi.add_incoming(value, before)
        new = self._column(column, running)
        for pointer in prefetched:
            self._prefetch(pointer, column)
        following = b.add(column, ir.Constant(I64, 1))
        for phi, value in zip(running, new, strict=True):
            phi.add_incoming(value, loop)
        column.add_incoming(following, loop)
        b.cbranch(b.icmp_signed("<", following, last), loop, after)
        b.position_at_end(after)
        return self._merged(sums, before, new, loop)

    def _column(self, column, running):
        b, lane = self.builder, self.lane
        place = b.gep(self.source, [b.mul(column, ir.Constant(I64, lane.width))])
        x = b.load(vector_at(b, place, lane), align=alignment(lane))
        packed = b.gep(self.weights, [b.mul(column, ir.Constant(I64, self.rows))])
        new = []
        for m, value in enumerate(running):
            w = splat(b, lane, b.load(b.gep(packed, [ir.Constant(I64, m)])))
            new.append(b.fadd(value, b.fmul(w, x, flags=FLAGS), flags=FLAGS))
        return new

    def _prefetch(self, pointer, column):
        b = self.builder
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), I32, I32, I32])
        fetch = b.module.declare_intrinsic("llvm.prefetch", [ir.IntType(8).as_pointer()], kind)
        read, keep, data = (ir.Constant(I32, k) for k in (0, 3, 1))
        for k in range(PREFETCHED_PER_COLUMN):
            line = b.add(b.mul(column, ir.Constant(I64, PREFETCHED_PER_COLUMN)), ir.Constant(I64, k))
            place = b.gep(pointer, [b.mul(line, ir.Constant(I64, self.lane.width))])
            b.call(fetch, [b.bitcast(place, ir.IntType(8).as_pointer()), read, keep, data])

    def _merged(self, sums, before, new, loop):
        merged = []
        for old, value in zip(sums, new, strict=True):
            phi = self.builder.phi(self.lane.vector)
            phi.add_incoming(old, before)
            phi.add_incoming(value, loop)
            merged.append(phi)
        return merged
