"""Wide lanes: the lanes of several populations of a region in one vector, one population after the other.

The processor works on them part by part.  Its instructions then come interleaved, population by population: long chains
of dependent ones (logarithms, recursions) run beside each other instead of one after the other.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ngnmm_core.kernels.llvm.memory import alignment, data_pointer, vector_at
from ngnmm_core.kernels.llvm.types import I32, I64, LANES, LaneType


def _shuffled(builder, first, second, indices):
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(I32, len(indices)), list(indices)))


def _joined(builder, lane, lanes):
    """Join some lanes into one vector, one after the other."""
    width, result = lane.width, lanes[0]
    for k, following in enumerate(lanes[1:], 1):
        have = k * width
        longer = _shuffled(builder, following, following, [min(i, width - 1) for i in range(have)])
        result = _shuffled(builder, result, longer, range(have + width))
    return result


def _part(builder, lane, value, k):
    return _shuffled(builder, value, value, range(k * lane.width, (k + 1) * lane.width))


def make_wide(copies):
    """`load_wide(array, offset)`, `store_wide(array, offset, value)`, `widen(lane)`, `split(wide)` of `copies` lanes.

    A wide lane is contiguous in memory.  `widen` repeats one lane, `split` gives the lanes as a tuple.
    """

    def wide_of(lane):
        return LaneType(lane.scalar, copies)

    @intrinsic
    def load_wide(typing_context, array, offset):
        lane = wide_of(LANES[array.dtype])

        def codegen(context, builder, sig, args):
            pointer = data_pointer(context, builder, sig.args[0], args[0], args[1])
            return builder.load(vector_at(builder, pointer, lane), align=alignment(lane))

        return lane(array, types.int64), codegen

    @intrinsic
    def store_wide(typing_context, array, offset, value):
        lane = wide_of(LANES[array.dtype])

        def codegen(context, builder, sig, args):
            pointer = data_pointer(context, builder, sig.args[0], args[0], args[1])
            builder.store(args[2], vector_at(builder, pointer, lane), align=alignment(lane))
            return context.get_dummy_value()

        return types.void(array, types.int64, lane), codegen

    @intrinsic
    def widen(typing_context, value):
        def codegen(context, builder, sig, args):
            return _joined(builder, value, [args[0]] * copies)

        return wide_of(value)(value), codegen

    @intrinsic
    def split(typing_context, value):
        lane = LANES[value.scalar]
        result = types.UniTuple(lane, copies)

        def codegen(context, builder, sig, args):
            return context.make_tuple(builder, result, [_part(builder, lane, args[0], k) for k in range(copies)])

        return result(value), codegen

    return load_wide, store_wide, widen, split


def make_scattered(places):
    """`load_scattered(array, offset)` and `store_scattered(array, offset, value)`: a wide lane of lanes that lie apart.

    `places` are their distances from `offset`, in numbers.
    """

    def pointers(context, builder, sig, args, lane):
        for place in places:
            position = builder.add(args[1], ir.Constant(I64, place))
            yield vector_at(builder, data_pointer(context, builder, sig.args[0], args[0], position), lane)

    @intrinsic
    def load_scattered(typing_context, array, offset):
        lane = LANES[array.dtype]

        def codegen(context, builder, sig, args):
            where = pointers(context, builder, sig, args, lane)
            return _joined(builder, lane, [builder.load(pointer, align=alignment(lane)) for pointer in where])

        return LaneType(lane.scalar, len(places))(array, types.int64), codegen

    @intrinsic
    def store_scattered(typing_context, array, offset, value):
        lane = LANES[array.dtype]

        def codegen(context, builder, sig, args):
            for k, pointer in enumerate(pointers(context, builder, sig, args, lane)):
                builder.store(_part(builder, lane, args[2], k), pointer, align=alignment(lane))
            return context.get_dummy_value()

        return types.void(array, types.int64, value), codegen

    return load_scattered, store_scattered
