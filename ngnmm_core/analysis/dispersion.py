"""The growth rate of perturbations against Lambda, on an axis of its own: what any connectome's eigenvalues lie on.

The master stability function of Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998), doi:10.1103/PhysRevLett.80.2109.
"""

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.errors import InputError
from ngnmm_core.section import Section
from ngnmm_core.storage.flags import Status

MOST_INTERVALS = 6


class DispersionStatus(Status):
    """Outcome of the dispersion relation; the same as of the master stability function (`MsfStatus`)."""

    UNCOUPLED, IRREGULAR, INACCURATE, NO_REST, NOT_RESOLVED = 2, 3, 4, 5, 6


class LambdaAxis(Section):
    """Equally spaced values of Lambda."""

    start: float = Field(-1.0, description="first value")
    stop: float = Field(1.0, description="last value")
    num: int = Field(401, ge=2, le=100_000, description="number of values")

    @model_validator(mode="after")
    def _rises(self):
        if self.start >= self.stop:
            raise InputError(
                f"from start = {self.start:g} to stop = {self.stop:g} Lambda does not rise; allowed: start < stop"
            )
        return self

    @property
    def values(self) -> np.ndarray:
        """The values, in units of the row sum of W."""
        return np.round(np.linspace(self.start, self.stop, self.num), 12)


class DispersionOptions(Options):
    """Options of the dispersion relation."""

    axis: LambdaAxis = Field(
        LambdaAxis(), alias="lambda", description="eigenvalues of W in units of its row sum: start, stop, num"
    )
    model_config = Options.model_config | {"populate_by_name": True, "serialize_by_alias": True}


def variables(options: DispersionOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    each = ("lambda",)
    return (
        Variable("growth_curve", each, "ms-1", "growth rate of perturbations against the eigenvalue Lambda of W"),
        Variable("growth_curve_frequency", each, "Hz", "frequency of perturbations against the eigenvalue Lambda"),
        Variable("stable_intervals", ("interval", "end"), "1", "ends of stable intervals of Lambda, refined to 1e-6"),
        status("dispersion", DispersionStatus),
    )


def coordinates(options: DispersionOptions, window: Any):
    """Give the axis of eigenvalues, the numbers of the intervals, and the names of their ends."""
    return {
        "lambda": (options.axis.values, "1", "eigenvalue of W in units of the row sum"),
        "interval": (range(1, MOST_INTERVALS + 1), "1", "number of the interval"),
        "end": (["low", "high"], "1", "end of the interval"),
    }


ANALYSIS = Analysis(
    name="dispersion",
    title="Dispersion relation",
    needs="dispersion",
    options=DispersionOptions,
    variables=variables,
    coordinates=coordinates,
)
