"""Observables shared by the models that are exact mean fields of quadratic integrate-and-fire (QIF) neurons."""

import math

from ngnmm_core.kernels.functions import sqrt


def kuramoto_modulus(rate, potential, decay):
    """Modulus of the Kuramoto order parameter, |Z| = |(1 - conj(w)) / (1 + conj(w))| with w = pi tau r + i v.

    `rate` in 1/ms, `potential` dimensionless, `decay` = 1/tau in 1/ms; 0 is asynchrony, 1 full synchrony within the
    population.  Montbrio, Pazo, Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028.
    """
    a = math.pi * rate / decay
    squared = potential * potential
    return sqrt(((1.0 - a) * (1.0 - a) + squared) / ((1.0 + a) * (1.0 + a) + squared))
