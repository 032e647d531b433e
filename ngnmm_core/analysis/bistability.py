"""Where regions are bistable: the saddle-node points of the model on this connectome, and its states at the point."""

from typing import Literal

from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.errors import InputError
from ngnmm_core.storage.flags import Status

KINDS = ("saddle_node", "hopf")


class BistabilityStatus(Status):
    """Outcome of the bistable range."""

    NOT_BISTABLE, NO_EDGE = 2, 3


class BistabilityOptions(Options):
    """Options of the bistable range."""

    of: Literal["network", "region"] = Field(
        "network",
        description="`network`: all regions alike (needs equal row sums); `region`: one region without coupling",
    )


def check(options: BistabilityOptions, study) -> None:
    """Check that the model declares its branch of equilibria, and that a network whose range is sought is whole.

    Raises
    ------
    InputError
        For a model without `equilibrium_curve`, or the network's range beside regions that are taken out.
    """
    if study.model.equilibrium_curve is None:
        raise InputError(f"analyses.bistability: {study.model.name} declares no equilibrium_curve; allowed: without it")
    taken_out = study.simulation.resection.regions or "resection.region" in study.axes
    if options.of == "network" and taken_out:
        raise InputError(
            "analyses.bistability.of: network is about all regions alike, and simulation.resection takes some out; "
            "allowed: of: region, or no resection"
        )


def variables(options: BistabilityOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    rates = ("population",)
    return (
        Variable("drive", (), "1", "value of the drive at the point"),
        Variable("rest_bifurcation", (), "1", "drive at which the resting state ends"),
        Variable("rest_bifurcation_kind", (), "1", "bifurcation that ends the resting state", "int8", flags=KINDS),
        Variable("bistable_low", (), "1", "low end of the bistable range of the drive"),
        Variable("bistable_high", (), "1", "high end of the bistable range of the drive"),
        Variable("bistable_low_kind", (), "1", "bifurcation at the low end", "int8", flags=KINDS),
        Variable("bistable_high_kind", (), "1", "bifurcation at the high end", "int8", flags=KINDS),
        Variable("stable_states", (), "1", "number of stable equilibria at the drive of the point", "int32"),
        Variable("rest_rate", rates, "Hz", "firing rate of the resting state"),
        Variable("active_rate", rates, "Hz", "firing rate of one active region while all others rest"),
        status("bistability", BistabilityStatus),
    )


def coordinates(options: BistabilityOptions, window):
    """Name the populations."""
    return {"population": ([p.name for p in window.model.populations], "1", "population of neurons")}


ANALYSIS = Analysis(
    name="bistability",
    title="Bistable range of the drive",
    needs="bistability",
    options=BistabilityOptions,
    variables=variables,
    coordinates=coordinates,
    check=check,
)
