"""The LLVM that the engine needs, all of it: a SIMD number type, its memory access, and a few unrolled sums.

Why LLVM at all: numba vectorises loops over arrays, but it does not keep a block of dot products in registers while
streaming through a matrix, and that is where the time of a network simulation goes (two thirds of the arithmetic is
`W @ s`).  Plain numba loops stop at half of the speed that this code reaches, which is that of hand-blocked C.

`LaneType` is one 512-bit vector: 8 float64 or 16 float32 numbers, one parameter point per lane.  Processors with
narrower vectors split it.  The operators +, -, *, /, unary minus and comparisons work on lanes and on mixtures of a
lane with a scalar, so a model's right-hand side needs no second version.  Every operation carries LLVM's `contract`
flag: a product and a sum may become one fused instruction, nothing may be reordered.  Lanes never interact, which is
why a point's result does not depend on the points beside it.

Loads and stores declare the alignment of one element only: on current processors that costs nothing when the data
happen to be aligned (`ngnmm_core.kernels.lanes.aligned` sees to it), and a misaligned array is slow instead of fatal.

| file | what |
|---|---|
| `types` | the lane and mask types, splat, the `kernel` decorator |
| `inner_library` | how functions are compiled that only kernels call |
| `arithmetic` | operators, comparison, select, rounding, square root |
| `memory` | loads and stores of lanes and of tuples of lanes |
| `sums` | unrolled sums: Runge-Kutta stages, extrapolation, the register-blocked coupling product |
| `wide` | several lanes in one vector, and access to lanes that lie apart |
| `random` | counter-based random numbers |
"""

from ngnmm_core.kernels.llvm.arithmetic import (
    lane_abs,
    lane_any,
    lane_power_of_two,
    lane_round,
    lane_select,
    lane_split_exponent,
    lane_split_near_one,
    lane_sqrt,
)
from ngnmm_core.kernels.llvm.memory import align_stack, load, make_ring_access, make_tuple_access, store
from ngnmm_core.kernels.llvm.random import philox_uniforms
from ngnmm_core.kernels.llvm.sums import advance, combine, make_dot, make_row_products, make_sliding_sums, scaled
from ngnmm_core.kernels.llvm.types import LANE_BYTES, LANES, LaneType, MaskType, kernel
from ngnmm_core.kernels.llvm.wide import make_scattered, make_wide

__all__ = [
    "LANES",
    "LANE_BYTES",
    "LaneType",
    "MaskType",
    "advance",
    "align_stack",
    "combine",
    "kernel",
    "lane_abs",
    "lane_any",
    "lane_power_of_two",
    "lane_round",
    "lane_select",
    "lane_split_exponent",
    "lane_split_near_one",
    "lane_sqrt",
    "load",
    "make_dot",
    "make_ring_access",
    "make_row_products",
    "make_scattered",
    "make_sliding_sums",
    "make_tuple_access",
    "make_wide",
    "philox_uniforms",
    "scaled",
    "store",
]
