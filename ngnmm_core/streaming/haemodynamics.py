"""The Balloon-Windkessel model of the BOLD response: its constants and its response to small signals.

With z the relative change of neural activity, s the vasodilatory signal, f the inflow, v the volume and q the
deoxyhaemoglobin (all relative to rest), and time in seconds:

    s' = z - kappa s - gamma (f - 1)              f' = s
    tau v' = f - v^(1/alpha)                      tau q' = f E(f)/rho - v^(1/alpha) q/v,  E(f) = 1 - (1 - rho)^(1/f)
    y = V0 [k1 (1 - q) + k2 (1 - q/v) + k3 (1 - v)]

Friston, Harrison, Penny, NeuroImage 19, 1273 (2003), doi:10.1016/S1053-8119(03)00202-7; its kappa and gamma are rates
of 0.65 and 0.41 per second.  (Some packages divide by them instead: the response then peaks at 1.7 s, not at 3.1 s,
and the connectivity of one and the same run changes.)
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from ngnmm_core.errors import InputError, unknown


@dataclass(frozen=True)
class Haemodynamics:
    """Constants: kappa and gamma in 1/s, tau in s, the others dimensionless."""

    kappa: float = 0.65
    gamma: float = 0.41
    tau: float = 0.98
    alpha: float = 0.32
    rho: float = 0.34
    V0: float = 0.02
    k1: float = 7 * 0.34
    k2: float = 2.0
    k3: float = 2 * 0.34 - 0.2

    def as_array(self) -> np.ndarray:
        """Return the constants in the order of their declaration."""
        return np.array(list(asdict(self).values()))

    @property
    def of_volume(self) -> tuple[float, float, float]:
        """Change of inflow extraction, of volume and of deoxyhaemoglobin with a lasting small change of inflow."""
        rest = 1.0 - self.rho
        extraction = (self.rho + rest * math.log(rest)) / self.rho
        return extraction, self.alpha, extraction - (1.0 - self.alpha)

    def transfer(self, frequency_hz: np.ndarray) -> np.ndarray:
        """Complex response of y to small z = exp(2 pi i f t), for frequencies in Hz."""
        w = 2j * np.pi * np.asarray(frequency_hz, float)
        inflow = 1.0 / (w * w + self.kappa * w + self.gamma)
        volume = inflow / (self.tau * w + 1.0 / self.alpha)
        extraction = self.of_volume[0]
        oxygen = (extraction * inflow - (1.0 / self.alpha - 1.0) * volume) / (self.tau * w + 1.0)
        return -self.V0 * (self.k1 * oxygen + self.k2 * (oxygen - volume) + self.k3 * volume)


FRISTON_2003 = Haemodynamics()
SETS = {
    "friston2003": FRISTON_2003,
    # the same states with the output constants of 3 T: Heinzle, Koopmans, den Ouden, Raman, Stephan, NeuroImage 125,
    # 556 (2016), doi:10.1016/j.neuroimage.2015.10.078, in the values that cubnm prints
    "heinzle2016_3t": Haemodynamics(k1=3.72, k2=0.527, k3=0.53),
}


def haemodynamics(constants: str | Mapping[str, float], key: str = "constants") -> Haemodynamics:
    """Return the constants of a name, or of a mapping; what a mapping leaves out is Friston 2003's.

    Raises
    ------
    InputError
        For an unknown name, or a value that is out of range.
    """
    if isinstance(constants, str):
        if constants not in SETS:
            raise unknown(key, constants, SETS)
        return SETS[constants]
    known = asdict(FRISTON_2003)
    for name, value in constants.items():
        if name not in known:
            raise unknown(key, name, known)
        positive = name in ("kappa", "gamma", "tau", "alpha", "rho", "V0")
        if not math.isfinite(value) or (positive and value <= 0) or (name == "rho" and value >= 1):
            allowed = "between 0 and 1" if name == "rho" else "a number > 0" if positive else "a finite number"
            raise InputError(f"{key}.{name}: {value:g}; allowed: {allowed}")
    return Haemodynamics(**{**known, **{name: float(value) for name, value in constants.items()}})
