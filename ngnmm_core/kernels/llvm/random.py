"""Counter-based random numbers in lanes: Philox 4x32 with 10 rounds.

A counter-based generator has no state to hand on: the numbers of a step follow from (seed, region, step) alone, so they
are the same in any batch, lane, shard or thread, and after any restart.
Salmon, Moraes, Dror, Shaw, SC11 (2011), doi:10.1145/2063384.2063405.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ngnmm_core.kernels.llvm.types import I64, LANES

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
MASK = 0xFFFFFFFF
LANE = LANES[types.float64]
WORDS = ir.VectorType(I64, LANE.width)  # a 32-bit word per lane, in 64 bits so that products are exact


def _all(number: int) -> ir.Constant:
    return ir.Constant(WORDS, [number] * LANE.width)


def _repeat(builder, word):
    first = builder.insert_element(ir.Constant(WORDS, ir.Undefined), word, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANE.width), [0] * LANE.width)
    return builder.shuffle_vector(first, ir.Constant(WORDS, ir.Undefined), zeros)


def _round(builder, counter, key):
    high, low = [], []
    for word, multiplier in ((counter[0], MULTIPLIERS[0]), (counter[2], MULTIPLIERS[1])):
        product = builder.mul(word, _all(multiplier))
        high.append(builder.lshr(product, _all(32)))
        low.append(builder.and_(product, _all(MASK)))
    return (
        builder.xor(builder.xor(high[1], counter[1]), key[0]),
        low[1],
        builder.xor(builder.xor(high[0], counter[3]), key[1]),
        low[0],
    )


@intrinsic
def philox_uniforms(typing_context, seeds, offset, region, step):
    """Four lanes of uniform numbers in (0, 1), 32 bits each, for the seeds at `seeds[offset:]`, a region and a step.

    Key: the seed; counter: (low word of the step, its high word, region, 0).
    """

    def codegen(context, builder, sig, args):
        pointer = builder.gep(context.make_array(sig.args[0])(context, builder, args[0]).data, [args[1]])
        seed = builder.load(builder.bitcast(pointer, WORDS.as_pointer()), align=8)
        key = (builder.and_(seed, _all(MASK)), builder.lshr(seed, _all(32)))
        step_low = builder.and_(args[3], ir.Constant(I64, MASK))
        step_high = builder.lshr(args[3], ir.Constant(I64, 32))
        counter = tuple(_repeat(builder, word) for word in (step_low, step_high, args[2], ir.Constant(I64, 0)))
        for k in range(ROUNDS):
            if k:
                key = tuple(
                    builder.and_(builder.add(word, _all(bump)), _all(MASK))
                    for word, bump in zip(key, KEY_STEPS, strict=True)
                )
            counter = _round(builder, counter, key)
        half, scale = (ir.Constant(LANE.vector, [x] * LANE.width) for x in (0.5, 2.0**-32))
        uniforms = [builder.fmul(builder.fadd(builder.uitofp(w, LANE.vector), half), scale) for w in counter]
        return context.make_tuple(builder, sig.return_type, uniforms)

    return types.UniTuple(LANE, 4)(seeds, types.int64, types.int64, types.int64), codegen
