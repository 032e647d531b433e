"""What is summed of every population: its firing rate and the modulus of its Kuramoto order parameter."""

from collections.abc import Callable

from ngnmm_core.models._base import Model


def quantities(model: Model) -> dict[tuple[int, str], Callable]:
    """Give the rates and Kuramoto moduli that populations have, as functions of states and coefficients."""
    kinds = ("rate", "kuramoto")
    each = {(k, kind): getattr(p, kind) for k, p in enumerate(model.populations) for kind in kinds}
    return {key: function for key, function in each.items() if function is not None}
