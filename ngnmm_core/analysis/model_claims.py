"""Claims about classical and next-generation models that circulate, each judged by the tables of a comparison.

A grid shows what is there, and never that something is nowhere: a claim that says so can be refuted, and otherwise is
"not contradicted on this grid".
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ngnmm_core.analysis.repertoire import CHAOS, MULTISTABLE, TORUS

if TYPE_CHECKING:
    import pandas as pd

CLASSICAL, NEXT_GENERATION = ("jansen_rit", "wilson_cowan"), "ei_ngnmm"
MODELS = (*CLASSICAL, NEXT_GENERATION)
BY_CHANCE = 0.05  # share of points with p < 0.05 where there is nothing
SHOWN, NOT_SHOWN, REFUTED, OPEN = "holds", "not found on this grid", "does not hold", "not contradicted on this grid"


def claims(regimes: "pd.DataFrame", coupling: "pd.DataFrame") -> list[tuple[str, str, str]]:
    """(claim, verdict, the numbers) for every claim."""
    points = regimes[regimes.points > 0]
    variety = {model: float(points[points.model == model].regime.nunique()) for model in MODELS}
    theta = _by_model(coupling[coupling.coupling == "theta-gamma"], "significant_fraction")
    alpha, gamma, chaos, torus, several = (
        _by_model(regimes[regimes.regime == kind], "fraction")
        for kind in ("alpha cycle", "gamma cycle", CHAOS, TORUS, MULTISTABLE)
    )
    return [
        ("Jansen-Rit is a model of the alpha rhythm", _there(alpha["jansen_rit"]), _percent(alpha)),
        ("classical models have no gamma cycle", _nowhere(gamma, CLASSICAL), _percent(gamma)),
        ("the next-generation model has a gamma cycle", _there(gamma[NEXT_GENERATION]), _percent(gamma)),
        ("only the next-generation model is chaotic on the homogeneous manifold", _only(chaos), _percent(chaos)),
        ("only the next-generation model has tori", _only(torus), _percent(torus)),
        ("only the next-generation model is multistable", _only(several), _percent(several)),
        (
            "the next-generation model shows more regimes than either classical one",
            OPEN if all(variety[NEXT_GENERATION] > variety[m] for m in CLASSICAL) else REFUTED,
            ", ".join(f"{m} {n:.0f}" for m, n in variety.items()),
        ),
        ("only the next-generation model shows theta-gamma coupling", _only(theta, BY_CHANCE), _percent(theta)),
    ]


def _by_model(table: "pd.DataFrame", column: str) -> dict[str, float]:
    """Give the value of a column in every model's row; 0 for a model that has none."""
    found = dict(zip(table.model, table[column], strict=True))
    return {model: float(found.get(model, 0.0)) for model in MODELS}


def _there(share: float, threshold: float = 0.0) -> str:
    """Judge a claim that something occurs."""
    return SHOWN if share > threshold else NOT_SHOWN


def _nowhere(share: dict[str, float], models: Iterable[str], threshold: float = 0.0) -> str:
    """Judge a claim that something never occurs in some models."""
    return REFUTED if any(share[m] > threshold for m in models) else OPEN


def _only(share: dict[str, float], threshold: float = 0.0) -> str:
    """Judge a claim that something occurs in the next-generation model, and in no classical one."""
    elsewhere = _nowhere(share, CLASSICAL, threshold)
    if elsewhere == OPEN and _there(share[NEXT_GENERATION], threshold) == NOT_SHOWN:
        return NOT_SHOWN
    return elsewhere


def _percent(share: dict[str, float]) -> str:
    return ", ".join(f"{model} {100.0 * value:.1f} %" for model, value in share.items())
