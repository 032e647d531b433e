"""How many attractors of the homogeneous system are found from several initial states."""

from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.storage.flags import Status


class MultistabilityStatus(Status):
    """Outcome of the search for attractors."""

    UNRESOLVED = 2


class MultistabilityOptions(Options):
    """Options of the search."""

    starts: int = Field(8, ge=1, le=1000, description="initial states: the nominal one, and random ones around it")
    spread: float = Field(
        1.0, gt=0, description="standard deviation of the random ones, in units of each state's nominal value"
    )


def variables(options: MultistabilityOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    return (
        Variable("attractor_count", (), "1", "number of attractors of the homogeneous system that were found", "int32"),
        Variable("resting_attractors", (), "1", "how many of them are equilibria", "int32"),
        Variable("cyclic_attractors", (), "1", "how many of them are cycles", "int32"),
        Variable("irregular_attractors", (), "1", "whether there is one that is neither", "int32"),
        status("multistability", MultistabilityStatus),
    )


ANALYSIS = Analysis(
    name="multistability",
    title="Coexisting attractors of the homogeneous system",
    needs="multistability",
    options=MultistabilityOptions,
    variables=variables,
)
