"""The integration method of a study: what `auto` stands for, and whether the model can have what is asked for."""

from dataclasses import replace

from ngnmm_core.errors import InputError
from ngnmm_core.study.maps import unequal_filters
from ngnmm_core.study.study import Study


def with_method(study: Study) -> Study:
    """Return the study with the method and the step that its settings, its model and its noise stand for.

    Raises
    ------
    InputError
        For a method that the model, or a map of one of its parameters, has nothing for.
    """
    why = _no_exact_flow(study)
    simulation = study.simulation.resolved(why is None, study.largest_noise)
    if simulation.integrator.qif_only and why is not None:
        raise InputError(f"simulation.method: {simulation.method} {why}")
    return replace(study, config=study.config.model_copy(update={"simulation": simulation}))


def _no_exact_flow(study: Study) -> str | None:
    """Say why a method that follows the exact flow can't be had, and which can; None if it can."""
    model, unequal = study.model, unequal_filters(study)
    if model.qif is None:
        return (
            f"is for models of QIF neurons with synapses, and {model.name} declares no such populations; "
            "allowed: auto, multirate, rk4, heun"
        )
    if unequal is not None:
        return (
            f"filters what regions send by {model.qif.sent_tau}, which must then be the same in all, and {unequal} "
            "makes it differ; allowed: auto, multirate, rk4, heun"
        )
    if study.delayed and model.qif.sent_tau is not None:
        return (
            f"with conduction delays is for models that send a synapse, and {model.name} sends a rate; "
            "allowed: auto, multirate, rk4, heun"
        )
    return None
