"""Growth rates across the homogeneous manifold where the homogeneous state is chaotic or quasi-periodic.

There the master stability function is the largest transverse Lyapunov exponent: a long run with an error, so that this
is an analysis by itself.  What is at rest or on a cycle is left to `msf`.

The master stability function is that of Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998),
doi:10.1103/PhysRevLett.80.2109; the exponents are found by the method of Benettin et al., Meccanica 15, 9 (1980),
doi:10.1007/BF02128236.
"""

from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.storage.flags import Status

SIGNIFICANT = 2.0  # standard errors by which an exponent exceeds zero to count as growth


class TransverseStatus(Status):
    """Outcome of the transverse exponents."""

    UNCOUPLED, REGULAR, INACCURATE = 2, 3, 4


class TransverseOptions(Options):
    """Options of the transverse exponents."""

    duration_ms: float = Field(10000.0, ge=100, le=1e9, description="length of the run (ms)")
    step_error: float = Field(
        1e-6, gt=0, le=1e-3, description="largest error that steps may give an exponent (1/ms); they are chosen by it"
    )


def variables(options: TransverseOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    each = ("mode",)
    return (
        Variable("transverse_exponent", each, "ms-1", "largest Lyapunov exponent along an eigenvector of W"),
        Variable("transverse_exponent_error", each, "ms-1", "standard error of the transverse exponent"),
        Variable("transverse_unstable_modes", (), "1", "modes that grow, by two standard errors at least", "int32"),
        status("transverse", TransverseStatus),
    )


ANALYSIS = Analysis(
    name="transverse",
    title="Transverse Lyapunov exponents of chaotic homogeneous states",
    needs="transverse",
    options=TransverseOptions,
    variables=variables,
)
