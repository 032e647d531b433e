"""Whether the settings of a network simulation fit each other, the model and the method."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from ngnmm_core.errors import InputError
from ngnmm_core.section import is_multiple
from ngnmm_core.simulation.integrators import get_integrator, integrator_names
from ngnmm_core.simulation.noise_settings import COMMON, TAU, check_tau
from ngnmm_core.simulation.step_choice import check_step

if TYPE_CHECKING:
    from ngnmm_core.simulation.settings import Simulation

MOST_STEPS = 1e12  # a year on a fast machine
SHORTEST_STEP_MS = 1e-4  # bursts last tenths of a ms: below, a step gains nothing but rounding errors


def check_settings(
    settings: "Simulation", fastest_rate: float, factors: Collection[float], largest_noise: float = 0.0
) -> None:
    """Whether the times of a simulation fit each other and the method.

    Parameters
    ----------
    settings : Simulation
        With the method that `auto` stands for.
    fastest_rate : float
        The fastest rate of the model (1/ms), which bounds the step.
    factors : collection of float
        By how much all time constants are longer than the defaults, at the points of the study.
    largest_noise : float
        Of what axes and highlights set `noise_sigma` to.

    Raises
    ------
    InputError
        Naming the key, its value and what is allowed.
    """
    if settings.dt_ms is not None:
        _check_step(settings, settings.dt_ms, float(min(factors)))
    _check_stability(settings, fastest_rate, float(min(factors)))
    _check_times(settings)
    _check_precision(settings)
    _check_noise(settings, max(settings.noise_sigma, largest_noise), float(max(factors)))


def _check_times(settings: "Simulation") -> None:
    """Whether duration, transient and samples fit each other."""
    if settings.transient_ms >= settings.duration_ms:
        raise InputError(
            f"simulation.transient_ms: {settings.transient_ms:g} leaves nothing of simulation.duration_ms = "
            f"{settings.duration_ms:g}; allowed: less than duration_ms"
        )
    step = settings.longest_step_ms
    if settings.duration_ms / step > MOST_STEPS:
        raise InputError(
            f"simulation.duration_ms: {settings.duration_ms:g} takes {settings.duration_ms / step:.3g} steps of "
            f"simulation.dt_ms = {step:g}; allowed: at most {MOST_STEPS:g} steps"
        )
    for key in ("duration_ms", "transient_ms"):
        if not is_multiple(getattr(settings, key), settings.sample_ms):
            raise InputError(
                f"simulation.{key}: {getattr(settings, key):g} is not a multiple of simulation.sample_ms = "
                f"{settings.sample_ms:g}; allowed: a multiple of sample_ms"
            )
    if settings.window_samples < 2:
        raise InputError(
            f"simulation.duration_ms: {settings.duration_ms:g} leaves {settings.window_samples} sample to analyse; "
            "allowed: at least 2 samples"
        )


def _check_precision(settings: "Simulation") -> None:
    """Whether the method can have the accuracy and the precision."""
    if settings.accuracy != "default" and not settings.integrator.watches:
        raise InputError(
            f"simulation.accuracy: {settings.accuracy!r} is for methods whose points choose their steps, and "
            f"simulation.method is {settings.method!r}; allowed: default, and a shorter simulation.dt_ms"
        )
    if settings.precision not in settings.integrator.precisions:
        raise InputError(
            f"simulation.precision: {settings.precision!r} is not for method {settings.method}; "
            f"allowed: {', '.join(settings.integrator.precisions)}"
        )
    if settings.accuracy != "default" and settings.precision != "float64":
        raise InputError(
            f"simulation.accuracy: {settings.accuracy!r} is below the rounding of simulation.precision = "
            f"{settings.precision!r}; allowed: default, or precision: float64"
        )


def _check_noise(settings: "Simulation", noise: float, time_factor: float) -> None:
    """Whether the method takes noise in this precision, and resolves it where time constants are longest."""
    if noise > 0 and not settings.integrator.stochastic:
        stochastic = [name for name in integrator_names() if get_integrator(name).stochastic]
        raise InputError(
            f"simulation.noise_sigma: {noise:g} needs a stochastic method, and simulation.method is "
            f"{settings.method!r}; allowed: method: {' or '.join(stochastic)}, or noise_sigma: 0"
        )
    if noise > 0 and settings.precision not in settings.integrator.noise_precisions:
        raise InputError(
            f"simulation.noise_sigma: {noise:g} is not for simulation.precision = {settings.precision!r}; allowed: "
            f"noise_sigma: 0, or precision: {' or '.join(settings.integrator.noise_precisions)}"
        )
    check_tau("simulation.noise_tau_ms", settings.noise_tau_ms, time_factor)
    for name in (COMMON, TAU):
        if getattr(settings, name) > 0 and not noise > 0:
            raise InputError(
                f"simulation.{name}: {getattr(settings, name):g} without noise, for simulation.noise_sigma is 0; "
                f"allowed: 0, or noise_sigma > 0"
            )


def _check_step(settings: "Simulation", step: float, time_factor: float) -> None:
    """Whether a step that the user has chosen fits the samples and the method."""
    if step < (shortest := SHORTEST_STEP_MS * min(time_factor, 1.0)):
        raise InputError(
            f"simulation.dt_ms: {step:g} is shorter than any method needs: below {shortest:g} ms "
            f"rounding errors grow and nothing is gained; allowed: >= {shortest:g}"
        )
    if step > settings.sample_ms:
        raise InputError(
            f"simulation.dt_ms: {step:g} is larger than simulation.sample_ms = {settings.sample_ms:g}; "
            "allowed: a divisor of sample_ms"
        )
    if not is_multiple(settings.sample_ms, step):
        raise InputError(
            f"simulation.dt_ms: {step:g} does not divide simulation.sample_ms = {settings.sample_ms:g}; "
            "allowed: a divisor of sample_ms"
        )
    if settings.integrator.watches:
        check_step("simulation.dt_ms", step, time_factor)


def _check_stability(settings: "Simulation", fastest_rate: float, time_factor: float) -> None:
    """Whether the step, chosen or declared by the method, is stable where rates are fastest."""
    step = settings.own_ladder(time_factor).steps_ms[0]
    # bursts that grow blow up before: `ngnmm_core.preflight.step_trial` finds out where
    largest = (
        settings.integrator.stability / fastest_rate * (settings.substeps if settings.integrator.local_steps else 1)
    )
    if step > largest and not (settings.dt_ms is None and settings.integrator.watches):
        raise InputError(
            f"simulation.dt_ms: {step:g} is unstable for method {settings.method} in this model; "
            f"allowed: at most {largest:.2g}, less at strong coupling"
        )
