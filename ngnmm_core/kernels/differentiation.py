"""Dual numbers of lanes: a value and a derivative that the operators carry along, for variational equations.

The derivative of a model's right-hand side along a direction is the right-hand side evaluated on duals; nothing is
differentiated by hand.  Evaluations at one value along several directions share the arithmetic on values, because the
compiler sees that it is the same.

Griewank, Walther, Evaluating Derivatives (2008), doi:10.1137/1.9780898717761.
"""

import operator

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, make_attribute_wrapper, models, overload, register_model

from ngnmm_core.kernels import functions
from ngnmm_core.kernels.lanes import lane_exp
from ngnmm_core.kernels.llvm import LaneType, lane_select, lane_sqrt


class DualType(types.Type):
    """A pair of lanes: `value` and `tangent`."""

    def __init__(self, lane):
        self.lane = lane
        super().__init__(name=f"Dual({lane.name})")


@register_model(DualType)
class DualModel(models.StructModel):
    """Two vectors side by side."""

    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, [("value", fe_type.lane), ("tangent", fe_type.lane)])


make_attribute_wrapper(DualType, "value", "value")
make_attribute_wrapper(DualType, "tangent", "tangent")


@intrinsic
def dual(typing_context, value, tangent):
    """Join a value and a tangent, both lanes, into a dual number."""
    if not (isinstance(value, LaneType) and value == tangent):
        return None
    result = DualType(value)

    def codegen(context, builder, sig, args):
        pair = cgutils.create_struct_proxy(sig.return_type)(context, builder)
        pair.value, pair.tangent = args
        return pair._getvalue()

    return result(value, tangent), codegen


def make_seed(count):
    """`seed(values, tangents)`: a tuple of `count` duals from two tuples of lanes."""

    @intrinsic
    def seed(typing_context, values, tangents):
        result = types.UniTuple(DualType(values.dtype), count)

        def codegen(context, builder, sig, args):
            pairs = []
            for k in range(count):
                pair = cgutils.create_struct_proxy(sig.return_type.dtype)(context, builder)
                pair.value, pair.tangent = (builder.extract_value(a, k) for a in args)
                pairs.append(pair._getvalue())
            return context.make_tuple(builder, result, pairs)

        return result(values, tangents), codegen

    @intrinsic
    def tangents_of(typing_context, duals):
        result = types.UniTuple(duals.dtype.lane, count)

        def codegen(context, builder, sig, args):
            lanes = [
                cgutils.create_struct_proxy(sig.args[0].dtype)(
                    context, builder, value=builder.extract_value(args[0], k)
                ).tangent
                for k in range(count)
            ]
            return context.make_tuple(builder, result, lanes)

        return result(duals), codegen

    return seed, tangents_of


def _both(a, b):
    return isinstance(a, DualType) and isinstance(b, DualType)


def _first(a, b):
    return isinstance(a, DualType) and isinstance(b, LaneType | types.Number)


def _second(a, b):
    return isinstance(b, DualType) and isinstance(a, LaneType | types.Number)


@overload(operator.add, inline="always")
def _add(a, b):
    if _both(a, b):
        return lambda a, b: dual(a.value + b.value, a.tangent + b.tangent)
    if _first(a, b):
        return lambda a, b: dual(a.value + b, a.tangent)
    if _second(a, b):
        return lambda a, b: dual(a + b.value, b.tangent)


@overload(operator.sub, inline="always")
def _sub(a, b):
    if _both(a, b):
        return lambda a, b: dual(a.value - b.value, a.tangent - b.tangent)
    if _first(a, b):
        return lambda a, b: dual(a.value - b, a.tangent)
    if _second(a, b):
        return lambda a, b: dual(a - b.value, -b.tangent)


@overload(operator.mul, inline="always")
def _mul(a, b):
    if _both(a, b):
        return lambda a, b: dual(a.value * b.value, a.tangent * b.value + a.value * b.tangent)
    if _first(a, b):
        return lambda a, b: dual(a.value * b, a.tangent * b)
    if _second(a, b):
        return lambda a, b: dual(a * b.value, a * b.tangent)


@overload(operator.truediv, inline="always")
def _div(a, b):
    if _both(a, b):

        def quotient(a, b):
            q = a.value / b.value
            return dual(q, (a.tangent - q * b.tangent) / b.value)

        return quotient
    if _first(a, b):
        return lambda a, b: dual(a.value / b, a.tangent / b)
    if _second(a, b):

        def inverse(a, b):
            q = a / b.value
            return dual(q, -q * b.tangent / b.value)

        return inverse


@overload(operator.neg, inline="always")
def _neg(a):
    if isinstance(a, DualType):
        return lambda a: dual(-a.value, -a.tangent)


for _compare in (operator.lt, operator.le, operator.gt, operator.ge):

    def _make(compare):
        @overload(compare, inline="always")
        def _compared(a, b):
            if _both(a, b):
                return lambda a, b: compare(a.value, b.value)
            if _first(a, b):
                return lambda a, b: compare(a.value, b)
            if _second(a, b):
                return lambda a, b: compare(a, b.value)

    _make(_compare)


@overload(functions.exp)
def _exp(x):
    if isinstance(x, DualType):

        def exponential(x):
            value = lane_exp(x.value)
            return dual(value, value * x.tangent)

        return exponential


@overload(functions.sqrt, inline="always")
def _sqrt(x):
    if isinstance(x, DualType):

        def root(x):
            value = lane_sqrt(x.value)
            return dual(value, 0.5 * x.tangent / value)

        return root


@overload(functions.select, inline="always")
def _select(condition, if_true, if_false):
    if _both(if_true, if_false):
        return lambda condition, if_true, if_false: dual(
            lane_select(condition, if_true.value, if_false.value),
            lane_select(condition, if_true.tangent, if_false.tangent),
        )
    if _first(if_true, if_false):
        return lambda condition, if_true, if_false: dual(
            lane_select(condition, if_true.value, if_false), lane_select(condition, if_true.tangent, 0.0)
        )
    if _second(if_true, if_false):
        return lambda condition, if_true, if_false: dual(
            lane_select(condition, if_true, if_false.value), lane_select(condition, 0.0, if_false.tangent)
        )
