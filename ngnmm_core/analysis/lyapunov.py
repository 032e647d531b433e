"""Lyapunov exponents of the homogeneous system, and the dimension of its attractor.

Exponents: Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.  Dimension: Frederickson, Kaplan, Yorke,
Yorke, J. Differ. Equ. 49, 185 (1983), doi:10.1016/0022-0396(83)90011-6.
"""

from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.dynamics.regimes import REGIMES
from ngnmm_core.storage.flags import Status


class ExponentStatus(Status):
    """Outcome of a spectrum of exponents.

    INACCURATE: no step is short enough.  NO_ZERO: the state moves, but no exponent is zero within its error.
    """

    INACCURATE, NO_ZERO = 2, 3


class LyapunovOptions(Options):
    """Options of the homogeneous exponents."""

    duration_ms: float = Field(
        10000.0, ge=100, le=1e9, description="length of the run where the state is not at rest (ms)"
    )
    step_error: float = Field(
        1e-6, gt=0, le=1e-3, description="largest error that steps may give an exponent (1/ms); they are chosen by it"
    )
    exponents: int = Field(
        6, ge=1, le=10000, description="number of exponents; those beyond the number of states of a region are NaN"
    )


def variables(options: LyapunovOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    each = ("exponent",)
    return (
        Variable("homogeneous_lyapunov_exponent", each, "ms-1", "Lyapunov exponent of the homogeneous system"),
        Variable("homogeneous_lyapunov_exponent_error", each, "ms-1", "standard error of the exponent, 0 if exact"),
        Variable("homogeneous_kaplan_yorke_dimension", (), "1", "dimension of the homogeneous attractor"),
        Variable("lyapunov_regime", (), "1", "regime of the homogeneous state", "int8", flags=REGIMES),
        status("lyapunov", ExponentStatus),
    )


def coordinates(options: LyapunovOptions, window):
    """Numbers of the exponents, the largest first."""
    return {"exponent": (range(1, options.exponents + 1), "1", "number of the exponent, the largest first")}


ANALYSIS = Analysis(
    name="lyapunov",
    title="Lyapunov exponents of the homogeneous system",
    needs="lyapunov",
    options=LyapunovOptions,
    variables=variables,
    coordinates=coordinates,
)
