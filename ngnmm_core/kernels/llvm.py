"""The LLVM that the engine needs, all of it: a SIMD number type, its memory access, and the blocked row product.

Why LLVM at all: numba vectorises loops over arrays, but it does not keep a block of dot products in registers while
streaming through a matrix, and that is where the time of a network simulation goes (two thirds of the arithmetic is
`W @ s`).  Plain numba loops stop at half of the speed that this file reaches, which is that of hand-blocked C.

`LaneType` is one 512-bit vector: 8 float64 or 16 float32 numbers, one parameter point per lane.  Processors with
narrower vectors split it.  The operators +, -, *, /, unary minus and comparisons work on lanes and on mixtures of a
lane with a scalar, so a model's right-hand side needs no second version.  Every operation carries LLVM's `contract`
flag: a product and a sum may become one fused instruction, nothing may be reordered.  Lanes never interact, which is
why a point's result does not depend on the points beside it.

Loads and stores declare the alignment of one element only: on current processors that costs nothing when the data
happen to be aligned (`ngnmm_core.kernels.lanes.aligned` sees to it), and a misaligned array is slow instead of fatal.
"""

import operator

from llvmlite import ir
from numba import njit, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model


def kernel(function=None, **options):
    """`numba.njit` for code that allocates nothing: without reference counts, half the time in inner loops."""
    decorate = njit(_nrt=False, **options)
    return decorate(function) if function else decorate


LANE_BYTES = 64
FLAGS = ("contract", "nsz")
I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


class LaneType(types.Type):
    """A vector of `width` numbers of type `scalar`."""

    def __init__(self, scalar):
        self.scalar = scalar
        self.width = LANE_BYTES * 8 // scalar.bitwidth
        self.element = ir.DoubleType() if scalar == types.float64 else ir.FloatType()
        self.vector = ir.VectorType(self.element, self.width)
        super().__init__(name=f"Lane({scalar}x{self.width})")


class MaskType(types.Type):
    """The outcome of comparing lanes: one bit per lane."""

    def __init__(self, width):
        self.width = width
        super().__init__(name=f"LaneMask({width})")


@register_model(LaneType)
class LaneModel(models.PrimitiveModel):
    """A lane is an LLVM vector."""

    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, fe_type.vector)


@register_model(MaskType)
class MaskModel(models.PrimitiveModel):
    """A mask is an LLVM vector of bits."""

    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.VectorType(I1, fe_type.width))


LANES = {scalar: LaneType(scalar) for scalar in (types.float64, types.float32)}


def splat(builder, lane, x):
    """The vector with `x` in every lane."""
    undefined = ir.Constant(lane.vector, ir.Undefined)
    first = builder.insert_element(undefined, x, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(I32, lane.width), [0] * lane.width))


def as_lane(context, builder, lane, numba_type, value):
    """`value` as a vector: lanes stay, scalars are converted and repeated."""
    return value if numba_type == lane else splat(builder, lane, context.cast(builder, value, numba_type, lane.scalar))


# ------------------------------------------------------------------ operators
def _lane_among(arguments):
    lanes = [a for a in arguments if isinstance(a, LaneType)]
    others_are_numbers = all(isinstance(a, (LaneType, types.Number)) for a in arguments)
    return lanes[0] if lanes and others_are_numbers and all(a == lanes[0] for a in lanes) else None


def _define_binary(function, emit, result_of):
    @infer_global(function)
    class LaneOperator(AbstractTemplate):
        key = function

        def generic(self, args, kws):
            lane = _lane_among(args) if len(args) == 2 else None
            return signature(result_of(lane), *args) if lane else None

    def lower(context, builder, sig, args):
        lane = _lane_among(sig.args)
        x, y = (as_lane(context, builder, lane, t, a) for t, a in zip(sig.args, args, strict=True))
        return emit(builder, x, y)

    for left, right in ((LaneType, LaneType), (LaneType, types.Number), (types.Number, LaneType)):
        lower_builtin(function, left, right)(lower)


for _function, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define_binary(_function, lambda b, x, y, _n=_name: getattr(b, _n)(x, y, flags=FLAGS), lambda lane: lane)

for _function, _symbol in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")):
    _define_binary(_function, lambda b, x, y, _s=_symbol: b.fcmp_ordered(_s, x, y), lambda lane: MaskType(lane.width))


@infer_global(operator.neg)
class LaneNegation(AbstractTemplate):
    """Typing of `-lane`."""

    key = operator.neg

    def generic(self, args, kws):
        """The signature, if the operand is a lane."""
        return signature(args[0], *args) if isinstance(args[0], LaneType) else None


@lower_builtin(operator.neg, LaneType)
def _negate(context, builder, sig, args):
    return builder.fneg(args[0])


@intrinsic
def lane_select(typing_context, mask, if_true, if_false):
    """Per lane: `if_true` where the bit of `mask` is set, else `if_false`."""
    lane = _lane_among((if_true, if_false))
    if not isinstance(mask, MaskType) or lane is None:
        return None

    def codegen(context, builder, sig, args):
        yes, no = (as_lane(context, builder, lane, t, a) for t, a in zip(sig.args[1:], args[1:], strict=True))
        return builder.select(args[0], yes, no)

    return lane(mask, if_true, if_false), codegen


@intrinsic
def lane_power_of_two(typing_context, k):
    """2**k per lane for whole-numbered lanes `k` in the range of normal numbers: `k` goes into the exponent bits."""
    if not isinstance(k, LaneType):
        return None
    bits, mantissa, bias = (I64, 52, 1023) if k.scalar == types.float64 else (I32, 23, 127)

    def codegen(context, builder, sig, args):
        integers = ir.VectorType(bits, k.width)
        constant = lambda n: ir.Constant(integers, [n] * k.width)
        exponent = builder.add(builder.fptosi(args[0], integers), constant(bias))
        return builder.bitcast(builder.shl(exponent, constant(mantissa)), k.vector)

    return k(k), codegen


def _unary(name, doc):
    """An intrinsic that applies LLVM's vector function `name` to a lane."""

    def apply(typing_context, x):
        if not isinstance(x, LaneType):
            return None

        def codegen(context, builder, sig, args):
            kind = ir.FunctionType(x.vector, [x.vector])
            full_name = f"llvm.{name}.v{x.width}f{x.scalar.bitwidth}"
            return builder.call(builder.module.declare_intrinsic(full_name, fnty=kind), args)

        return x(x), codegen

    apply.__doc__ = doc
    return intrinsic(apply)


lane_round = _unary("rint", "Nearest whole number per lane.")
lane_sqrt = _unary("sqrt", "Square root per lane.")


# ------------------------------------------------------------------ memory
def _data(context, builder, array_type, array, offset):
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])


def _vector_at(builder, pointer, lane):
    return builder.bitcast(pointer, lane.vector.as_pointer())


def _alignment(lane):
    return lane.scalar.bitwidth // 8


@intrinsic
def load(typing_context, array, offset):
    """The lane at `array[offset:]`."""
    lane = LANES[array.dtype]

    def codegen(context, builder, sig, args):
        pointer = _data(context, builder, sig.args[0], args[0], args[1])
        return builder.load(_vector_at(builder, pointer, lane), align=_alignment(lane))

    return lane(array, types.int64), codegen


@intrinsic
def store(typing_context, array, offset, value):
    """Writes a lane to `array[offset:]`."""
    lane = LANES[array.dtype]

    def codegen(context, builder, sig, args):
        pointer = _data(context, builder, sig.args[0], args[0], args[1])
        builder.store(args[2], _vector_at(builder, pointer, lane), align=_alignment(lane))
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
                pointer = _data(context, builder, sig.args[0], args[0], position)
                lanes.append(builder.load(_vector_at(builder, pointer, lane), align=_alignment(lane)))
                position = builder.add(position, args[2])
            return context.make_tuple(builder, result, lanes)

        return result(array, types.int64, types.int64), codegen

    @intrinsic
    def store_all(typing_context, array, offset, stride, values):
        lane = LANES[array.dtype]

        def codegen(context, builder, sig, args):
            position = args[1]
            for k in range(count):
                pointer = _data(context, builder, sig.args[0], args[0], position)
                builder.store(
                    builder.extract_value(args[3], k), _vector_at(builder, pointer, lane), align=_alignment(lane)
                )
                position = builder.add(position, args[2])
            return context.get_dummy_value()

        return types.void(array, types.int64, types.int64, values), codegen

    return load_all, store_all


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
def scaled(typing_context, state, factor):
    """`factor * state` for a tuple of lanes."""
    lane = state.dtype

    def codegen(context, builder, sig, args):
        f = as_lane(context, builder, lane, sig.args[1], args[1])
        new = [builder.fmul(builder.extract_value(args[0], k), f, flags=FLAGS) for k in range(len(sig.args[0]))]
        return context.make_tuple(builder, sig.return_type, new)

    return state(state, factor), codegen


# ------------------------------------------------------------------ the coupling product
def make_row_products(rows):
    """`row_products(W, offset, signal, start, count, out)`: `rows` dot products with a signal of `count` lanes.

    `W[offset:]` holds one block of rows, packed so that the `rows` weights of one column lie together; the lanes of
    `signal` start at `start`; the sums go to `out[0:rows * width]`.  The accumulators stay in registers for the
    whole pass, each sum runs over the columns in order, so its bits do not depend on `rows`.
    """

    @intrinsic
    def row_products(typing_context, W, offset, signal, start, count, out):
        lane = LANES[signal.dtype]
        width, align = ir.Constant(I64, lane.width), _alignment(lane)

        def codegen(context, builder, sig, args):
            b = builder
            weights, source, target = (
                _data(context, b, sig.args[k], args[k], shift)
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
            x = b.load(_vector_at(b, b.gep(source, [b.mul(column, width)]), lane), align=align)
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
                b.store(new[m], _vector_at(b, b.gep(target, [ir.Constant(I64, m * lane.width)]), lane), align=align)
            return context.get_dummy_value()

        return types.void(W, types.int64, signal, types.int64, types.int64, out), codegen

    return row_products
