"""The settings of the noise: their names, what they may be, and the axes that they make."""

from typing import Any

from ngnmm_core.errors import InputError
from ngnmm_core.points import Axis, Kind

NOISE, COMMON, TAU = "noise_sigma", "noise_common", "noise_tau_ms"  # also axes
# the longest step, for the default time constants of a model: noise that is correlated for less is white to it
SHORTEST_TAU_MS = 0.1


def noise_axes(settings: Any) -> list[Axis]:
    """Declare the axes of the noise; `settings` are those of the simulation."""
    kind, sigma, common, tau_ms = Kind.SETTING, settings.noise_sigma, settings.noise_common, settings.noise_tau_ms
    share = "share of the noise variance common to all regions"
    return [
        Axis(NOISE, kind, check_noise, "ms0.5", "intensity of the additive noise", NOISE, sigma),
        Axis(COMMON, kind, check_common, "1", share, COMMON, common),
        Axis(TAU, kind, check_tau, "ms", "correlation time of the additive noise", TAU, tau_ms),
    ]


def check_noise(key: str, value: float) -> None:
    """Whether an axis may set the noise to this intensity.

    Raises
    ------
    InputError
        For a negative number.
    """
    if value < 0:
        raise InputError(f"{key}: {value:g} is out of range; allowed: a number >= 0")


def check_common(key: str, value: float) -> None:
    """Whether an axis may set the share of the noise that regions have in common to this.

    Raises
    ------
    InputError
        For a number that is no share.
    """
    if not 0 <= value <= 1:
        raise InputError(f"{key}: {value:g} is out of range; allowed: a number from 0 to 1")


def check_tau(key: str, value: float, time_factor: float = 0.0) -> None:
    """Whether the correlation time of the noise may be this long.

    Parameters
    ----------
    time_factor : float
        By how much all time constants are longer than the defaults where they are longest; 0 where that is not known.

    Raises
    ------
    InputError
        For a negative number, and for a time that no step resolves.
    """
    shortest = SHORTEST_TAU_MS * time_factor
    if value < 0 or 0 < value < shortest:
        few = f"a number >= {shortest:g}" if shortest else "a number > 0"
        raise InputError(f"{key}: {value:g} is out of range; allowed: 0 (white noise), or {few}")
