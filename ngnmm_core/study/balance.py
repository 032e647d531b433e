"""The key `model.balance`: a parameter that is not given but solved for, so that every region rests with one rate."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ngnmm_core.errors import InputError, unknown
from ngnmm_core.section import Section

if TYPE_CHECKING:
    from ngnmm_core.models._base import Model
    from ngnmm_core.study.schema import StudyConfig

KEY = "model.balance"


class Balance(Section):
    """Which rate is asked for, and which parameter is to give it."""

    target_rate_hz: float = Field(
        gt=0, description="rate (Hz) of the first (excitatory) population in every region, at the network's equilibrium"
    )
    parameter: str = Field("J_ei", description="parameter that is solved for, one value per region")


def check_balance(balance: Balance, model: "Model", mapped: Iterable[str], operating_point: Any) -> None:
    """Check whether the parameter can be solved for.

    `mapped` are the parameters that maps vary.

    Raises
    ------
    InputError
        For a model without equilibria as a curve, or without rates; a parameter that is none of its own, or G; one that
        a map varies; and beside an operating point.
    """
    if model.equilibrium_curve is None or model.populations[0].rate is None:
        lacking = "equilibrium_curve" if model.equilibrium_curve is None else "rate of its first population"
        raise InputError(f"{KEY}: {model.name} declares no {lacking}; allowed: a model that does")
    known = [name for name in model.parameter_names if name != "G"]
    if balance.parameter not in known:
        raise unknown(f"{KEY}.parameter", balance.parameter, known)
    if balance.parameter in mapped:
        raise InputError(
            f"{KEY}.parameter: {balance.parameter}, which a map of model.maps varies too; allowed: another"
        )
    if operating_point is not None:
        raise InputError(f"{KEY}: beside model.operating_point, whose bifurcation moves with it; allowed: one of both")


def balance_of(config: "StudyConfig") -> dict[str, Any] | None:
    """Give what a study's results depend on of its balance, as plain data; None without."""
    return None if config.model.balance is None else config.model.balance.model_dump(mode="json")
