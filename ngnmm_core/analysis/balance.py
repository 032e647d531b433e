"""Inhibition that balances: what `model.balance` has solved for per region, and whether the network stays there."""

import numpy as np

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, as_it_is, mean_over_regions
from ngnmm_core.errors import InputError
from ngnmm_core.storage.flags import Status

NAME = "balance"


class BalanceStatus(Status):
    """Outcome of the search for balance."""

    OUT_OF_RANGE, NO_SOLUTION, UNSTABLE = 2, 3, 4


class BalanceOptions(Options):
    """No options: the key `model.balance` says what is wanted."""


def variables(options: BalanceOptions) -> tuple[Variable, ...]:
    """Parameter per region, the largest growth rate at the equilibrium, and the status."""
    return (
        Variable("balanced_parameter", ("region",), "1", "parameter at which the network rests with the target rate"),
        Variable("balance_growth_rate", (), "ms-1", "largest growth rate of the network at the balanced equilibrium"),
        status(NAME, BalanceStatus),
    )


def check(options: BalanceOptions, study) -> None:
    """Refuse the analysis of a study that balances nothing.

    Raises
    ------
    InputError
        If there is no `model.balance`.
    """
    if study.config.model.balance is None:
        raise InputError("analyses.balance: without model.balance; allowed: model: {balance: {target_rate_hz: 15}}")


def maps(options: BalanceOptions) -> tuple[Map, ...]:
    """Mean parameter, and growth rate of the equilibrium."""
    statuses = ("balance_status",)
    return (
        Map(
            "balanced_parameter",
            "balanced_parameter",
            "balanced parameter",
            "**Balanced parameter**: the value, averaged over regions, that gives all regions the target rate.",
            mean_over_regions,
            Look("viridis"),
            statuses=statuses,
        ),
        Map(
            "balance_growth_rate",
            "balance_growth_rate",
            "growth rate at balance",
            "**Growth rate at balance**: of the perturbation that grows fastest at the balanced equilibrium of the "
            "network; above zero (border) it is not stable, and simulations leave it.",
            as_it_is,
            Look("vlag", diverging=True),
            statuses=statuses,
            above=0.0,
        ),
    )


def outcome(found: bool, allowed: bool, growth_rate: float) -> int:
    """Judge a solution."""
    if not found:
        return BalanceStatus.NO_SOLUTION
    if not allowed:
        return BalanceStatus.OUT_OF_RANGE
    return BalanceStatus.OK if np.isfinite(growth_rate) and growth_rate < 0 else BalanceStatus.UNSTABLE


ANALYSIS = Analysis(
    name=NAME,
    title="Inhibition that balances",
    needs=NAME,
    options=BalanceOptions,
    variables=variables,
    check=check,
    maps=maps,
)
