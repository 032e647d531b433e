"""Sums that must stay in registers: stages of Runge-Kutta methods, extrapolation, and the coupling product."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ngnmm_core.kernels.llvm.memory import alignment, data_pointer, vector_at
from ngnmm_core.kernels.llvm.types import FLAGS, I64, LANES, as_lane, splat


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


def make_dot(count):
    """`dot(lanes, numbers, offset)`: the sum of `count` lanes times the numbers at `numbers[offset:]`."""

    @intrinsic
    def dot(typing_context, lanes, numbers, offset):
        lane = lanes.dtype

        def codegen(context, builder, sig, args):
            total = None
            for k in range(count):
                place = builder.add(args[2], ir.Constant(I64, k))
                number = builder.load(data_pointer(context, builder, sig.args[1], args[1], place))
                term = builder.fmul(splat(builder, lane, number), builder.extract_value(args[0], k), flags=FLAGS)
                total = term if total is None else builder.fadd(total, term, flags=FLAGS)
            return total

        return lane(lanes, numbers, types.int64), codegen

    return dot


def make_row_products(rows):
    """`row_products(W, offset, signal, start, count, out)`: `rows` dot products with a signal of `count` lanes.

    `W[offset:]` holds one block of rows, packed so that the `rows` weights of one column lie together; the lanes of
    `signal` start at `start`; the sums go to `out[0:rows * width]`.  The accumulators stay in registers for the
    whole pass, each sum runs over the columns in order, so its bits do not depend on `rows`.
    """

    @intrinsic
    def row_products(typing_context, W, offset, signal, start, count, out):
        lane = LANES[signal.dtype]
        width, align = ir.Constant(I64, lane.width), alignment(lane)

        def codegen(context, builder, sig, args):
            b = builder
            weights, source, target = (
                data_pointer(context, b, sig.args[k], args[k], shift)
                for k, shift in ((0, args[1]), (2, args[3]), (5, ir.Constant(I64, 0)))
            )
            before, loop, after = b.block, b.append_basic_block("columns"), b.append_basic_block("columns.end")
            b.branch(loop)
            b.position_at_end(loop)
            column = b.phi(I64)
            column.add_incoming(ir.Constant(I64, 0), before)
            sums = [b.phi(lane.vector) for _ in range(rows)]
            for s in sums:
                s.add_incoming(ir.Constant(lane.vector, [0.0] * lane.width), before)
            x = b.load(vector_at(b, b.gep(source, [b.mul(column, width)]), lane), align=align)
            packed = b.gep(weights, [b.mul(column, ir.Constant(I64, rows))])
            new = []
            for m in range(rows):
                w = splat(b, lane, b.load(b.gep(packed, [ir.Constant(I64, m)])))
                new.append(b.fadd(sums[m], b.fmul(w, x, flags=FLAGS), flags=FLAGS))
            for s, value in zip(sums, new, strict=True):
                s.add_incoming(value, loop)
            following = b.add(column, ir.Constant(I64, 1))
            column.add_incoming(following, loop)
            b.cbranch(b.icmp_signed("<", following, args[4]), loop, after)
            b.position_at_end(after)
            for m in range(rows):
                b.store(new[m], vector_at(b, b.gep(target, [ir.Constant(I64, m * lane.width)]), lane), align=align)
            return context.get_dummy_value()

        return types.void(W, types.int64, signal, types.int64, types.int64, out), codegen

    return row_products
