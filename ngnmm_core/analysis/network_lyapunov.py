"""Lyapunov spectrum of the network: how chaotic it is, and in how many directions.

Exponents: Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.  Dimension: Frederickson, Kaplan, Yorke,
Yorke, J. Differ. Equ. 49, 185 (1983), doi:10.1016/0022-0396(83)90011-6.
"""

from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, refuse_unread, status
from ngnmm_core.analysis.lyapunov import ExponentStatus
from ngnmm_core.errors import InputError
from ngnmm_core.section import is_multiple
from ngnmm_core.simulation.settings_checks import SHORTEST_STEP_MS


class NetworkLyapunovOptions(Options):
    """Options of the network's exponents."""

    exponents: int = Field(
        90, ge=1, le=100000, description="number of exponents; those beyond the number of states of the network are NaN"
    )
    duration_ms: float = Field(7000.0, ge=100, le=1e9, description="time over which growth is averaged (ms)")
    transient_ms: float = Field(300.0, ge=10, le=1e9, description="time before that (ms)")
    step_error: float = Field(
        1e-6, gt=0, le=1e-3, description="largest error that steps may give an exponent (1/ms); they are chosen by it"
    )
    dt_ms: float | None = Field(
        None,
        ge=SHORTEST_STEP_MS,
        le=0.1,
        description="integration step (ms); without, every point has the longest one that meets step_error",
    )
    interval_ms: float = Field(
        10.0, ge=0.01, le=20, description="time between orthonormalisations (ms), a multiple of dt_ms if that is given"
    )


def check(options: NetworkLyapunovOptions, study) -> None:
    """Perturbations are made orthogonal between steps.

    Raises
    ------
    InputError
        For an interval that is no multiple of the step.
    """
    interval, step = options.interval_ms, options.dt_ms
    refuse_unread("analyses.network_lyapunov", options, ("step_error",), step is None, "no dt_ms, which it chooses")
    if step is not None and not is_multiple(interval, step):
        below = int(interval / step)
        near = " or ".join(f"{k * step:.10g}" for k in (below, below + 1) if k > 0)
        raise InputError(
            f"analyses.network_lyapunov.interval_ms: {interval:g} is not a multiple of dt_ms = {step:g}; "
            f"allowed: a multiple, such as {near}"
        )


def variables(options: NetworkLyapunovOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    each = ("exponent",)
    return (
        Variable("network_lyapunov_exponent", each, "ms-1", "Lyapunov exponent of the network"),
        Variable("network_lyapunov_exponent_error", each, "ms-1", "standard error of the exponent"),
        Variable("kaplan_yorke_dimension", (), "1", "dimension of the network's attractor, NaN if the exponents end"),
        status("network_lyapunov", ExponentStatus),
    )


def coordinates(options: NetworkLyapunovOptions, window):
    """Numbers of the exponents, the largest first."""
    return {"exponent": (range(1, options.exponents + 1), "1", "number of the exponent, the largest first")}


ANALYSIS = Analysis(
    name="network_lyapunov",
    title="Lyapunov spectrum of the network",
    needs="network_lyapunov",
    options=NetworkLyapunovOptions,
    variables=variables,
    coordinates=coordinates,
    check=check,
)
