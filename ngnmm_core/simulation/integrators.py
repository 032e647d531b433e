"""The integrators that a study can ask for, by name: the files in `ngnmm_core.kernels.integrators`."""

from functools import cache
from pathlib import Path

from ngnmm_core.compilation.declarations import declaration, declared_in
from ngnmm_core.errors import unknown
from ngnmm_core.kernels import integrators
from ngnmm_core.kernels.integrators import Integrator

DEFAULT = "multirate"
AUTO = "auto"  # stands for the one that suits a model
EXACT, STOCHASTIC = "riccati", "heun"
OF_RESTS = "rk4"  # what networks are followed with to where they rest, also with delays
OF_HOMOGENEOUS_STATES = "rk4"  # what finds the state that homogeneous starts have, in models without an exact flow


@cache
def integrator_names() -> tuple[str, ...]:
    """Give the names of all integrators, the default first."""
    names = declared_in(Path(integrators.__file__).parent, "INTEGRATOR")
    return tuple(sorted(names, key=lambda name: (name != DEFAULT, name)))


def integrator_module(name: str) -> str:
    """Give the full name of the module that declares an integrator."""
    return f"{integrators.__name__}.{name}"


@cache
def get_integrator(name: str) -> Integrator:
    """Give the declaration of an integrator.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if name not in integrator_names():
        raise unknown("simulation.method", name, integrator_names())
    return declaration(integrator_module(name), "INTEGRATOR")


def suitable(exact: bool, noisy: bool, precision: str) -> str:
    """Give the name of the integrator that suits a model.

    Parameters
    ----------
    exact : bool
        Whether the model declares its QIF populations.
    noisy : bool
        Whether there is noise.
    precision : str
        float64 or float32.
    """
    flow = get_integrator(EXACT)
    if exact and precision in (flow.noise_precisions if noisy else flow.precisions):
        return EXACT
    return STOCHASTIC if noisy else DEFAULT
