"""Stability of the homogeneous equilibrium of networks with conduction delays.

An equilibrium with all regions alike is one with any delays, but what is stable may change.  Where all delays are the
same the eigenvectors of W decouple (`delayed_modes`); else the network is solved as a whole (`delayed_spectrum`), and
every perturbation is counted to the eigenvector of W that its pattern is closest to.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ngnmm_core.connectome.eigenmodes import Spectrum
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.characteristic import characteristic
from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.dynamics.delayed_modes import leading_roots
from ngnmm_core.dynamics.delayed_spectrum import delayed_spectrum
from ngnmm_core.dynamics.dispersion import Dispersion
from ngnmm_core.dynamics.linear_noise import LinearNetwork, Noise, linear_network
from ngnmm_core.dynamics.regimes import REST
from ngnmm_core.models._base import Model

CYCLES_PER_S = 1000.0 / (2.0 * np.pi)


def homogeneous_rests(model: Model, parameters: Mapping[str, np.ndarray], row_sum: float) -> list[np.ndarray | None]:
    """Find the equilibrium [state] of every point: the one that the system without delays comes to rest at.

    Where that does not come to rest, it is the only equilibrium there is, which delays may stabilise; None where there
    are several.

    Parameters
    ----------
    parameters : mapping of name to array (point,)
    row_sum : float
        Of W.
    """
    found: list[np.ndarray | None] = []
    for k, attractor in enumerate(find_attractors(model, parameters, row_sum)):
        if attractor is not None and attractor.regime == REST:
            found.append(attractor.state)
            continue
        states = find_equilibria(model, {name: values[k] for name, values in parameters.items()}, row_sum).states
        found.append(states[0] if len(states) == 1 else None)
    return found


def network_at(model: Model, W: np.ndarray, values: Mapping[str, float], rest: np.ndarray, delay_ms) -> LinearNetwork:
    """Linearise a homogeneous network with delays at an equilibrium [state]."""
    network = linear_network(model, W, values, np.tile(rest, (len(W), 1)), "observable", Noise(0.0))
    return replace(network, delay_ms=delay_ms)


def growth_along(network: LinearNetwork, modes: np.ndarray, delay_ms: float) -> Dispersion:
    """Growth rate and frequency for eigenvalues of W with one delay of all connections; NaN where not proved."""
    own, factor = network.in_own_time(), network.time_factor
    roots = leading_roots(characteristic(own).response, modes, delay_ms / factor) / factor
    return _dispersion(roots, np.imag(modes) != 0)


def growth_of_patterns(network: LinearNetwork, modes: Spectrum) -> Dispersion:
    """Growth rate and frequency of the leading perturbation that is closest to every eigenvector of W.

    NaN for eigenvectors that none of the perturbations found is closest to, and for all where it could not be proved
    that none is missing.
    """
    roots = np.full(len(modes.values), np.nan, complex)
    found = delayed_spectrum(network)
    if found is not None:
        shares = np.abs(modes.left.conj().T @ found.patterns) * np.linalg.norm(modes.right, axis=0)[:, None]
        for root, mode in zip(found.roots[::-1], np.argmax(shares, axis=0)[::-1], strict=True):
            roots[mode] = root  # the fastest growing last
    return _dispersion(roots, np.zeros(len(roots), bool))


def _dispersion(roots: np.ndarray, signed: np.ndarray) -> Dispersion:
    frequency = np.where(signed, roots.imag, np.abs(roots.imag))
    return Dispersion(roots.real, frequency * CYCLES_PER_S)
