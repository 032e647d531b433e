"""The lane and mask types, and the decorator for code that uses them."""

import os
import uuid

from llvmlite import ir
from numba import njit, types
from numba.extending import models, register_model

from ngnmm_core.kernels.llvm.inner_library import InnerCompiler, set_environments

# numba numbers the symbols of compiled functions per process.  Two specialisations of one factory, compiled in
# different processes and loaded from the cache into a third, could have the same symbol, and the linker would keep one
# of them: wrong numbers without a word.  A name of this process keeps them apart.
PROCESS = uuid.uuid4().hex


def kernel(function=None, **options):
    """`numba.njit` for code that allocates nothing: without reference counts, half the time in inner loops.

    With `nogil=True` Python may call it.  Other kernels alone call the rest, which gets no wrappers to call it by, nor
    machine code of its own (`inner_library`): both would take more than half of the time to compile.
    """

    def decorate(plain):
        name = f"{plain.__name__}_{PROCESS}_{os.getpid()}"  # a fork has the same PROCESS
        plain.__qualname__ = name
        if options.get("nogil"):
            return _outermost(njit(_nrt=False, no_cfunc_wrapper=True, **options)(plain))
        alone = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": InnerCompiler}
        inner = _without_wrappers(njit(_nrt=False, **alone, **options)(plain))
        return _once_for_all_literals(inner) if options.get("forceinline") else inner

    return decorate(function) if function else decorate


def _outermost(dispatcher):
    """Let a kernel that has just been compiled know the environments of those that it is made of."""
    add = dispatcher.add_overload

    def add_overload(compiled):
        if compiled.metadata is not None:  # of one from the cache, numba does it
            set_environments(compiled)
        add(compiled)

    dispatcher.add_overload = add_overload
    return dispatcher


def _once_for_all_literals(dispatcher):
    """Compile what is inlined for the types of its arguments, not once more for every number that a call writes out."""
    template = dispatcher.get_call_template

    def of_types(arguments, named):
        return template([*map(types.unliteral, arguments)], {k: types.unliteral(v) for k, v in named.items()})

    dispatcher.get_call_template = of_types
    return dispatcher


def _without_wrappers(dispatcher):
    """Let a call from Python say what is wrong, as there is nothing behind it that could be called."""

    def refuse(*arguments, **options):
        raise TypeError(
            f"{dispatcher.py_func.__name__} is called by kernels alone; one that Python calls has nogil=True"
        )

    dispatcher.add_overload = lambda compiled: dispatcher.overloads.update({tuple(compiled.signature.args): compiled})
    dispatcher._compile_for_args = refuse
    return dispatcher


LANE_BYTES = 64
FLAGS = ("contract", "nsz")
I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


class LaneType(types.Type):
    """A vector of `width` numbers of type `scalar`: as many as fill the processor's vector, `copies` times."""

    def __init__(self, scalar, copies=1):
        self.scalar = scalar
        self.width = copies * (LANE_BYTES * 8 // scalar.bitwidth)
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
    """Build the vector with `x` in every lane."""
    undefined = ir.Constant(lane.vector, ir.Undefined)
    first = builder.insert_element(undefined, x, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(I32, lane.width), [0] * lane.width))


def as_lane(context, builder, lane, numba_type, value):
    """`value` as a vector: lanes stay, scalars are converted and repeated."""
    return value if numba_type == lane else splat(builder, lane, context.cast(builder, value, numba_type, lane.scalar))
