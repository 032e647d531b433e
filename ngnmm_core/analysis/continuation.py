"""Bifurcation diagrams of the homogeneous system: what is computed is in `ngnmm_core.dynamics.continuation`.

A table along the branches and a table of special points, padded to a fixed number of rows per diagram.
"""

import numpy as np
from pydantic import Field

from ngnmm_core.analysis.contract import Analysis, Options, Variable, refuse_unread, status
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.storage.flags import Status

CURVES = "curves"  # 1 for the bifurcation curves in two parameters, 0 for a diagram over one
# of branches: those in capitals are curves in two parameters
KINDS = ("equilibrium", "cycle", "LP", "HB", "LPC", "PD", "NS", "HOM")
POINTS = ("LP", "HB", "LPC", "PD", "NS", "BP", "HOM", "CP", "BT", "GH", "SNIC")


class ContinuationStatus(Status):
    """Outcome of a diagram."""

    INCOMPLETE, TRUNCATED = 2, 3


class ContinuationOptions(Options):
    """Options of the continuation."""

    parameter: str = Field("I_ext_e", description="the parameter that is continued; its values in the grid don't count")
    range: tuple[float, float] = Field((0.0, 16.0), description="where branches are followed")
    second: str | None = Field(None, description="a second parameter, for curves of bifurcations in the plane of both")
    second_range: tuple[float, float] = Field((0.0, 30.0), description="where curves are followed")
    ladder: tuple[float, ...] = Field(
        (), description="values of `second` whose diagrams the curves start from; none: those of the grid, or five"
    )
    doublings: int = Field(
        1,
        ge=0,
        le=6,
        description="how many times cycles of twice the period are followed; with `second`, how many period doublings "
        "in a row have curves (the first one always)",
    )
    rows: int = Field(6000, ge=100, le=1_000_000, description="most rows of the table of one diagram")


def check(options: ContinuationOptions, study) -> None:
    """Parameters must be the model's, ranges must have an extent, and all values in them must be allowed.

    Raises
    ------
    InputError
        Naming the key, what was found, and what is allowed.
    """
    model, key = study.model, "analyses.continuation"
    ranges = {"parameter": "range", "second": "second_range"}
    for which, limits in ranges.items():
        name = getattr(options, which)
        if name is not None and name not in model.axis_names:
            raise unknown(f"{key}.{which}", name, model.axis_names)
        if name is not None:
            model.check_range(f"{key}.{limits}", name, getattr(options, limits))
    refuse_unread(key, options, ("second_range", "ladder"), options.second is not None, f"{key}.second beside it")
    if options.second is None:
        return
    common = set(model.targets(options.parameter)) & set(model.targets(options.second))
    if common:
        found = f"{options.second} sets {min(common)}, which {options.parameter} sets too"
        raise InputError(f"{key}.second: {found}; allowed: another parameter")
    model.check(f"{key}.ladder", options.second, options.ladder)


def variables(options: ContinuationOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    row, special = ("row",), ("special_point",)
    return (
        Variable("branch", row, "1", "number of the branch in its diagram", "int32"),
        Variable("branch_kind", row, "1", "what the branch consists of", "int8", flags=KINDS),
        Variable("branch_doublings", row, "1", "period doublings behind a branch of cycles", "int8"),
        Variable("branch_parameter", row, "1", f"value of {options.parameter} along the branch"),
        Variable("branch_second", row, "1", f"value of {options.second or 'the second parameter'} along a curve"),
        Variable("branch_period", row, "ms", "period of the cycle"),
        Variable("branch_stable", row, "1", "whether equilibrium or cycle is stable", "int8", flags=("no", "yes")),
        Variable("branch_unstable", row, "1", "number of unstable directions", "int16"),
        Variable("branch_min", (*row, "state"), "1", "least value of a state (its unit), along the cycle"),
        Variable("branch_max", (*row, "state"), "1", "greatest value of a state (its unit), along the cycle"),
        Variable("branch_mean", (*row, "state"), "1", "time mean of a state (its unit)"),
        Variable("special_kind", special, "1", "type of the bifurcation", "int8", flags=POINTS),
        Variable("special_branch", special, "1", "branch that it is on", "int32"),
        Variable("special_parameter", special, "1", f"value of {options.parameter} at the bifurcation"),
        Variable("special_second", special, "1", f"value of {options.second or 'the second parameter'} there"),
        Variable("special_period", special, "ms", "period at the bifurcation, infinite on a saddle-node"),
        Variable("special_supercritical", special, "1", "criticality of a Hopf point", "int8", flags=("no", "yes")),
        Variable("special_min", (*special, "state"), "1", "least value of a state (its unit) at the bifurcation"),
        Variable("special_max", (*special, "state"), "1", "greatest value of a state (its unit) at the bifurcation"),
        Variable("special_mean", (*special, "state"), "1", "time mean of a state (its unit) at the bifurcation"),
        status("continuation", ContinuationStatus),
    )


MOST_SPECIAL = 400


def columns(study, named):
    """Coordinates of the diagrams, without the continued parameter; curves are at no one value of the second."""
    options = study.options["continuation"]
    kept = {name: values for name, values in named.items() if name not in (options.parameter, "seed")}
    if options.second in kept:
        kept[options.second] = np.where(named[CURVES] == 1, np.nan, kept[options.second])
    return kept


def attributes(study):
    """Give what a figure must know about the diagrams: parameters, ranges, the observable."""
    options = study.options["continuation"]
    found = {"parameter": options.parameter, "range": np.array(options.range), "observable": study.model.observable}
    for key in ("parameter", "second"):
        name = getattr(options, key)
        if name is not None:
            found |= {f"{key}_units": study.model.parameter(name).unit}
    if options.second is not None:
        found |= {"second": options.second, "second_range": np.array(options.second_range)}
    return found


def coordinates(options: ContinuationOptions, window):
    """Rows and special points by number; the states by name."""
    return {
        "row": (np.arange(options.rows, dtype=np.int32), "1", "row of the table of a diagram"),
        "special_point": (np.arange(MOST_SPECIAL, dtype=np.int32), "1", "number of the special point"),
        "state": ([s.name for s in window.model.states] if window is not None else [], "1", "state of the model"),
    }


ANALYSIS = Analysis(
    name="continuation",
    title="Equilibria, cycles and their bifurcations",
    needs="continuation",
    options=ContinuationOptions,
    variables=variables,
    coordinates=coordinates,
    check=check,
)
