"""Operators of lanes."""

import operator

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin

from ngnmm_core.kernels.llvm.types import FLAGS, I32, I64, LaneType, MaskType, as_lane


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
        """Return the signature if the operand is a lane."""
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


@intrinsic
def lane_split_exponent(typing_context, x):
    """`(mantissa, exponent)` per lane with x = mantissa * 2**exponent and 0.5 <= mantissa < 1, for normal x > 0."""
    if not isinstance(x, LaneType) or x.scalar != types.float64:
        return None
    result = types.UniTuple(x, 2)

    def codegen(context, builder, sig, args):
        integers = ir.VectorType(I64, x.width)
        constant = lambda n: ir.Constant(integers, [n] * x.width)
        bits = builder.bitcast(args[0], integers)
        exponent = builder.sub(builder.lshr(bits, constant(52)), constant(1022))
        fraction = builder.or_(builder.and_(bits, constant((1 << 52) - 1)), constant(1022 << 52))
        return context.make_tuple(
            builder, result, [builder.bitcast(fraction, x.vector), builder.sitofp(exponent, x.vector)]
        )

    return result(x), codegen


@intrinsic
def lane_split_near_one(typing_context, x):
    """`(mantissa, exponent)` per lane with x = mantissa * 2**exponent and sqrt(1/2) <= mantissa < sqrt(2), x > 0."""
    if not isinstance(x, LaneType):
        return None
    bits, mantissa, lowest = (I64, 52, 0x3FE6A09E667F3BCD) if x.scalar == types.float64 else (I32, 23, 0x3F3504F3)
    result = types.UniTuple(x, 2)

    def codegen(context, builder, sig, args):
        integers = ir.VectorType(bits, x.width)
        constant = lambda n: ir.Constant(integers, [n] * x.width)
        word = builder.bitcast(args[0], integers)
        exponent = builder.ashr(builder.sub(word, constant(lowest)), constant(mantissa))
        fraction = builder.sub(word, builder.shl(exponent, constant(mantissa)))
        lanes = [builder.bitcast(fraction, x.vector), builder.sitofp(exponent, x.vector)]
        return context.make_tuple(builder, result, lanes)

    return result(x), codegen


@intrinsic
def lane_any(typing_context, mask):
    """Whether any lane of a mask is set."""
    if not isinstance(mask, MaskType):
        return None

    def codegen(context, builder, sig, args):
        word = builder.bitcast(args[0], ir.IntType(mask.width))
        return builder.zext(builder.icmp_unsigned("!=", word, ir.Constant(word.type, 0)), ir.IntType(1))

    return types.boolean(mask), codegen


def _unary(name, doc):
    """Make an intrinsic that applies LLVM's vector function `name` to a lane."""

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
lane_abs = _unary("fabs", "Absolute value per lane.")
