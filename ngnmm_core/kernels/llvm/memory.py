"""Loads and stores of lanes."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ngnmm_core.kernels.llvm.types import I64, LANE_BYTES, LANES


def data_pointer(context, builder, array_type, array, offset):
    """Pointer to element `offset` of a flat array."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])


def vector_at(builder, pointer, lane):
    """Cast a pointer to numbers to a pointer to a lane of them."""
    return builder.bitcast(pointer, lane.vector.as_pointer())


def alignment(lane):
    """Bytes of one element."""
    return lane.scalar.bitwidth // 8


@intrinsic
def align_stack(typing_context):
    """Make the function that calls this keep its spilled lanes at multiples of their size.

    The processor's calling convention aligns the stack to 16 bytes only, and the system starts it at a random multiple
    of that.  A lane that does not fit a register is then written across two cache lines, in some processes and not in
    others: the same code was measured to take up to 1.4 times as long.
    """

    def codegen(context, builder, sig, args):
        builder.function.attributes.alignstack = LANE_BYTES
        builder.function.attributes.add("nounwind")  # which holds anyway: llvmlite prints no alignment on its own
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def load(typing_context, array, offset):
    """Load the lane at `array[offset:]`."""
    lane = LANES[array.dtype]

    def codegen(context, builder, sig, args):
        pointer = data_pointer(context, builder, sig.args[0], args[0], args[1])
        return builder.load(vector_at(builder, pointer, lane), align=alignment(lane))

    return lane(array, types.int64), codegen


@intrinsic
def store(typing_context, array, offset, value):
    """Write a lane to `array[offset:]`."""
    lane = LANES[array.dtype]

    def codegen(context, builder, sig, args):
        pointer = data_pointer(context, builder, sig.args[0], args[0], args[1])
        builder.store(args[2], vector_at(builder, pointer, lane), align=alignment(lane))
        return context.get_dummy_value()

    return types.void(array, types.int64, lane), codegen


def make_tuple_access(count):
    """`load_all(array, offset, stride)` gives `count` lanes as a tuple, `store_all` writes such a tuple.

    Generated for a fixed count because a tuple of lanes lives in registers only if its length is known when compiling.
    """

    @intrinsic
    def load_all(typing_context, array, offset, stride):
        lane = LANES[array.dtype]
        result = types.UniTuple(lane, count)

        def codegen(context, builder, sig, args):
            position, lanes = args[1], []
            for _ in range(count):
                pointer = data_pointer(context, builder, sig.args[0], args[0], position)
                lanes.append(builder.load(vector_at(builder, pointer, lane), align=alignment(lane)))
                position = builder.add(position, args[2])
            return context.make_tuple(builder, result, lanes)

        return result(array, types.int64, types.int64), codegen

    @intrinsic
    def store_all(typing_context, array, offset, stride, values):
        lane = LANES[array.dtype]

        def codegen(context, builder, sig, args):
            position = args[1]
            for k in range(count):
                pointer = data_pointer(context, builder, sig.args[0], args[0], position)
                builder.store(
                    builder.extract_value(args[3], k), vector_at(builder, pointer, lane), align=alignment(lane)
                )
                position = builder.add(position, args[2])
            return context.get_dummy_value()

        return types.void(array, types.int64, types.int64, values), codegen

    return load_all, store_all


def make_ring_access(count):
    """`load_ring(array, offset, stride, position)`: a tuple of `count` lanes, the newest first.

    `array` holds `count` slots of `stride` numbers; slot `position` is the newest, the one before it the next, and so
    on around.
    """

    @intrinsic
    def load_ring(typing_context, array, offset, stride, position):
        lane = LANES[array.dtype]
        result = types.UniTuple(lane, count)

        def codegen(context, builder, sig, args):
            lanes, size = [], ir.Constant(I64, count)
            for k in range(count):
                back = builder.add(args[3], ir.Constant(I64, count - k))
                slot = builder.select(builder.icmp_signed("<", back, size), back, builder.sub(back, size))
                position = builder.add(args[1], builder.mul(slot, args[2]))
                pointer = data_pointer(context, builder, sig.args[0], args[0], position)
                lanes.append(builder.load(vector_at(builder, pointer, lane), align=alignment(lane)))
            return context.make_tuple(builder, result, lanes)

        return result(array, types.int64, types.int64, types.int64), codegen

    return load_ring
