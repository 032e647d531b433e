"""What the two passes over all regions of a Riccati step share: the memory between them, and access to it.

`riccati_first_pass` comes before the product with the connectome, `riccati_second_pass` after it.
"""

from ngnmm_core.kernels.layout import Nodes, NoiseKind
from ngnmm_core.kernels.llvm import kernel, make_scattered, make_wide
from ngnmm_core.kernels.steppers import coloured_ladder
from ngnmm_core.kernels.steppers.brownian_ladder import LEVELS
from ngnmm_core.kernels.steppers.riccati_constants import extrapolation, from_means, gauss_nodes, rounded_to_single
from ngnmm_core.kernels.steppers.riccati_flow import SINGLE
from ngnmm_core.kernels.steppers.riccati_inputs import MOMENTS, kept_of_noise
from ngnmm_core.kernels.steppers.volley import VOLLEY_PIECES

SLOTS = {8: 8, 16: 5}  # values of the coupling that the polynomial goes through, by lanes
NOISY_SLOTS = 4  # with noise, which leaves the coupling no more than two derivatives
RE, IM, M_RE, M_IM, END, GUESS, A, B, C = range(9)  # what the first pass leaves to the second, for every population
LEFT = 9
T_RE, T_IM = A, END  # within the first pass, T in the place of what comes later
INTEGRALS = 5  # K_1 to K_5
FOUND = MOMENTS  # after the input without synapses: the integrals, each with two parts, and the angle of 1 + m
HANDED = FOUND + 2 * INTEGRALS + 1  # what parts of the first pass hand on, per population; then the coupling's moments
TOGETHER = 5  # regions that go through the parts together: what is handed on stays in the first-level cache
QUIET = NoiseKind()
STEP_LENGTHS = 2  # full and short
TURNS = {8: 1, 16: 8}  # roundings of the constants that steps take in turns, by lanes
SHORT = VOLLEY_PIECES


def slots_of(width, noisy) -> int:
    """How many values of the coupling the polynomial goes through."""
    return NOISY_SLOTS if noisy else SLOTS[width]


def nodes(structure, width, noise: NoiseKind = QUIET, delayed: bool = False) -> Nodes:
    """Specify what the step needs besides its states."""
    P = structure.populations
    weights = (from_means if delayed else extrapolation)(slots_of(width, noise.noisy))
    return Nodes(
        gauss_nodes()[0],
        rounded_to_single(weights) if width == SINGLE else weights,
        1,
        constants=STEP_LENGTHS * TURNS[width] * P * structure.constants,
        kept=1 + (LEFT + len(structure.filters)) * P,
        filters=structure.kept * P,
        scratch=MOMENTS * P + TOGETHER * (HANDED * P + MOMENTS),
        brownian=LEVELS * kept_of_noise(noise.coloured) * P if noise.noisy else 0,
        common=(LEVELS + 1) * 2 * P if noise.shared else 0,
        colour=LEVELS * coloured_ladder.CONSTANTS if noise.coloured else 0,
        watched=P,
    )


def make_constant(structure, width):
    """`constant(array, place, k)`: constant k of all populations, of a table that starts at `place`."""
    load_wide, _, _, _ = make_wide(structure.populations)
    whole = structure.populations * width

    @kernel(forceinline=True)
    def constant(array, place, k):
        return load_wide(array, place + k * whole)

    return constant


def make_states(structure, width):
    """Access to the rates and potentials of a region, each a wide lane: pairs of load and store."""
    return [make_scattered([places[k] * width for places in structure.states]) for k in range(2)]
