"""Orbit diagram of the homogeneous system: the local maxima of a state, after a transient.

One value per oscillation on a limit cycle with one maximum, two after a period doubling, a cloud in chaos; windows of
order show as gaps in the cloud.

Successive maxima in place of the flow: Lorenz, J. Atmos. Sci. 20, 130 (1963),
doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
"""

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models import get_model, model_names
from ngnmm_core.storage.flags import Status


class OrbitDiagramStatus(Status):
    """Outcome of an orbit diagram."""

    NO_MAXIMA = 2
    INACCURATE = 3


class OrbitDiagramOptions(Options):
    """Options of the orbit diagram."""

    state: str = Field("s_e", description="the state whose maxima are taken")
    transient_ms: float = Field(1000.0, ge=0, le=1e9, description="time at the start that is not looked at (ms)")
    duration_ms: float = Field(500.0, gt=0, le=1e9, description="time that is looked at, after the transient (ms)")
    count: int = Field(64, ge=1, le=100_000, description="most maxima that are kept, the last ones")
    unit: str = Field("", description="unit of the state, for models in files of your own; else found from the model")


def adapt(options: OrbitDiagramOptions, config) -> OrbitDiagramOptions:
    """Find the unit of the state in the study's own model: states of one name have other units in other models.

    Raises
    ------
    InputError
        If the options tell another one.
    """
    states = get_model(config.model.name).states if config.model.name in model_names() else ()
    found = next((state.unit for state in states if state.name == options.state), options.unit or "1")
    if options.unit not in ("", found):
        raise InputError(
            f"analyses.orbit_diagram.unit: {options.unit!r} is not the unit of {options.state} in model "
            f"{config.model.name}, {found!r}; allowed: that, or none"
        )
    return options.model_copy(update={"unit": found})


def check(options: OrbitDiagramOptions, study) -> None:
    """Check that the state is one of the model's.

    Raises
    ------
    InputError
        For an unknown state, or a duration below 1 ms.
    """
    if options.state not in study.model.state_names:
        raise unknown("analyses.orbit_diagram.state", options.state, study.model.state_names)
    if options.duration_ms < 1.0:
        raise InputError(
            f"analyses.orbit_diagram.duration_ms: {options.duration_ms:g} ms is too short to hold a maximum; "
            "allowed: at least 1"
        )


def local_maxima(signal: np.ndarray) -> np.ndarray:
    """Local maxima of a sampled signal [sample], refined by a parabola through three samples; in order of time.

    The error of a maximum is of the third order in the sampling step: see `maxima_error`.
    """
    before, here, after = signal[:-2], signal[1:-1], signal[2:]
    top = (here > before) & (here >= after)
    left, middle, right = before[top], here[top], after[top]
    curvature = left - 2.0 * middle + right
    return middle - 0.125 * (right - left) ** 2 / curvature


def maxima_error(signal: np.ndarray) -> float:
    """Bound on what the local maxima of a sampled signal [sample] are wrong by, from its third differences there.

    A cubic differs from the parabola through three samples by x (x^2 - 1) / 6 of its third difference, x samples away
    from the middle one, where -1/2 <= x <= 1/2.
    """
    top = 1 + np.flatnonzero((signal[1:-1] > signal[:-2]) & (signal[1:-1] >= signal[2:]))
    third = np.abs(np.diff(signal, 3))  # of the samples from k to k + 3
    beside = [third[np.clip(top - shift, 0, len(third) - 1)] for shift in (1, 2)] if len(third) else []
    return float(np.max(beside, initial=0.0)) / 16.0


def variables(options: OrbitDiagramOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    return (
        Variable("local_maxima", ("maximum",), options.unit or "1", f"local maxima of {options.state}"),
        Variable("maxima_count", (), "1", "number of local maxima in the time looked at", "int32"),
        status("orbit_diagram", OrbitDiagramStatus),
    )


def coordinates(options: OrbitDiagramOptions, window):
    """Positions, the last maximum at the end."""
    return {"maximum": (np.arange(options.count), "1", "number of the maximum, the last one at the end")}


ANALYSIS = Analysis(
    name="orbit_diagram",
    title="Orbit diagram of the homogeneous system",
    needs="orbit_diagram",
    options=OrbitDiagramOptions,
    adapt=adapt,
    variables=variables,
    coordinates=coordinates,
    check=check,
)
