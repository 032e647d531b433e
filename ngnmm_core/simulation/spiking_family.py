"""Direct simulation of the QIF neurons behind the next-generation family: conductances, gap junctions, plasticity.

Each of N neurons j of a population obeys, with a spike and a reset from +infinity to -infinity,

    tau v_j' = v_j^2 - a v_j + eta_j + c

with Lorentzian eta_j.  What the neurons of a population share is in a and c: synaptic conductances g and gap junctions
pull with a = g + g_gap, and c holds currents, g v_syn, g_gap times the mean potential, and adaptation.  The variables
of synapses and adaptation follow from the counted spikes.  `ngnmm_core.simulation.spiking_neurons` has the populations
without these, and the method: with a and c frozen over a step, v_j - a/2 takes the exact flow of v^2 + constant.

The equations of the neurons are those of the papers named in each model's file; nothing is taken from the mean fields.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.spiking_neurons import (
    SMALL,
    _advance_core,
    _advance_tail,
    _order_parameter,
    initial_potentials,
    lorentzian_quantiles,
    register_helpers,
)


@dataclass(frozen=True)
class Microscopic:
    """Populations of neurons, by the names of a model's states.

    Attributes
    ----------
    populations : tuple of (rate, potential, suffix)
        Names of r and v, and the end of the names of tau, eta and Delta.
    pull, current : callable
        a and c of every population from (parameters, variables by name, rates, mean potentials).
    slopes : callable
        Time derivatives of the variables by name, from (parameters, variables by name, rates).
    """

    populations: tuple[tuple[str, str, str], ...]
    pull: Callable
    current: Callable
    slopes: Callable


def _alpha_kernel(p, y, r):
    """Adaptation or depression of a population: its rate filtered twice."""
    return {"A": y["B"] / p["tau_A"], "B": (p["alpha"] * p["tau"] * r[0] - y["A"] - 2 * y["B"]) / p["tau_A"]}


def _plastic(p, x, u, r):
    """Slopes of x and u after Tsodyks and Markram: a spike uses u x and raises u by U0 (1 - u)."""
    return (1 - x) / p["tau_d"] - u * x * r, (p["U0"] - u) / p["tau_f"] + p["U0"] * (1 - u) * r


def _memory_currents(p, y, r, v):
    sent = [y[f"u_{k}"] * y[f"x_{k}"] * r[k - 1] for k in (1, 2)]
    items = [
        p["I_B"] + p["I_S"] + p[f"I_S_{k + 1}"]
        + p["tau_e"] * (p["J_self"] * sent[k] + p["J_cross"] * sent[1 - k] - p["J_ei"] * r[2])
        for k in (0, 1)
    ]  # fmt: skip
    return (*items, p["I_B"] + p["tau_i"] * (p["J_ie"] * (r[0] + r[1]) - p["J_ii"] * r[2]))


def _memory_slopes(p, y, r):
    found = {}
    for k in (1, 2):
        found[f"x_{k}"], found[f"u_{k}"] = _plastic(p, y[f"x_{k}"], y[f"u_{k}"], r[k - 1])
    return found


def _separate_synapses(p, y, r):
    source = {"e": r[0], "i": r[1]}
    pairs = ("ee", "ei", "ie", "ii")
    return {f"s_{q}": (p[f"J_{q}"] * source[q[1]] - y[f"s_{q}"]) / p[f"tau_s{q}"] for q in pairs}


def _node_slopes(p, y, r):
    return {
        "s_e": (r[0] - y["s_e"]) / p["tau_se"],
        "s_i": (r[1] - y["s_i"]) / p["tau_si"],
        "A": (p["alpha"] * p["tau_e"] * r[0] - y["A"]) / p["tau_A"],
    }


def _conductance_slopes(p, y, r):
    return {"s": y["q"] / p["tau_s"], "q": (r[0] - y["s"] - 2 * y["q"]) / p["tau_s"]}


ONE, TWO = (("r", "v", ""),), (("r_e", "v_e", "_e"), ("r_i", "v_i", "_i"))
ITEMS = (("r_1", "v_1", "_e"), ("r_2", "v_2", "_e"), ("r_0", "v_0", "_i"))
_none = lambda count: lambda p, y: (0.0,) * count

FAMILY = {
    "ngnmm_conductance": Microscopic(
        ONE,
        lambda p, y: (p["tau"] * p["J"] * y["s"] + p["g_gap"],),
        lambda p, y, r, v: (p["I_ext"] + p["tau"] * p["J"] * y["s"] * p["v_syn"] + p["g_gap"] * v[0],),
        _conductance_slopes,
    ),
    "ngnmm_gap": Microscopic(
        ONE,
        lambda p, y: (p["g"],),
        lambda p, y, r, v: (p["I_ext"] + p["tau"] * p["J"] * r[0] + p["g"] * v[0],),
        lambda p, y, r: {},
    ),
    "ngnmm_sfa": Microscopic(
        ONE, _none(1), lambda p, y, r, v: (p["I_ext"] + p["tau"] * p["J"] * r[0] - y["A"],), _alpha_kernel
    ),
    "ngnmm_sd": Microscopic(
        ONE, _none(1), lambda p, y, r, v: (p["I_ext"] + p["tau"] * p["J"] * (1 - y["A"]) * r[0],), _alpha_kernel
    ),
    "ngnmm_stp": Microscopic(
        ONE,
        _none(1),
        lambda p, y, r, v: (p["I_ext"] + p["tau"] * p["J"] * y["u"] * y["x"] * r[0],),
        lambda p, y, r: dict(zip("xu", _plastic(p, y["x"], y["u"], r[0]), strict=True)),
    ),
    "ngnmm_memory": Microscopic(ITEMS, _none(3), _memory_currents, _memory_slopes),
    "ei_ngnmm_synapses": Microscopic(
        TWO,
        _none(2),
        lambda p, y, r, v: (
            p["I_ext_e"] + p["tau_e"] * (y["s_ee"] - y["s_ei"]),
            p["I_ext_i"] + p["tau_i"] * (y["s_ie"] - y["s_ii"]),
        ),
        _separate_synapses,
    ),
    "ei_ngnmm_adaptation": Microscopic(
        TWO,
        _none(2),
        lambda p, y, r, v: (
            p["I_ext_e"] + p["tau_e"] * (p["J_ee"] * y["s_e"] - p["J_ei"] * y["s_i"]) - y["A"],
            p["I_ext_i"] + p["tau_i"] * (p["J_ie"] * y["s_e"] - p["J_ii"] * y["s_i"]),
        ),
        _node_slopes,
    ),
}


def simulate_family(
    model: Model, values: Mapping[str, float], initial: Mapping[str, float], steps: tuple[int, int, float], neurons: int
) -> np.ndarray:
    """Simulate N neurons per population of an isolated region; nothing is random.

    Parameters
    ----------
    model : Model
        One of `FAMILY`.
    values : mapping
        Parameters or aliases that differ from the defaults.
    initial : mapping
        Every state of the model by name at the start; the neurons begin on the manifold of the mean field.
    steps : (int, int, float)
        Number of bins, integration steps per bin, and length of a step (ms).
    neurons : int
        N.

    Returns
    -------
    array (bin, population)
        Firing rates averaged over the bins, spikes per neuron and ms.

    Raises
    ------
    InputError
        For a model that is not in the family, and for no neurons.
    """
    if model.name not in FAMILY:
        raise unknown("model", model.name, FAMILY)
    if not neurons >= 1:
        raise InputError(f"neurons: {neurons}; allowed: >= 1")
    network, p = FAMILY[model.name], model.resolve(values)
    of = lambda name, end: p.get(name + end, p.get(name))
    tau, eta, Delta = (np.array([of(n, end) for *_, end in network.populations]) for n in ("tau", "eta", "Delta"))
    rates, means = (np.array([initial[q[k]] for q in network.populations]) for k in (0, 1))
    eta = eta[:, None] + Delta[:, None] * lorentzian_quantiles(neurons)
    v = np.stack([initial_potentials(m, math.pi * t * r, neurons) for m, t, r in zip(means, tau, rates, strict=True)])
    y = {name: initial[name] for name in model.state_names if name not in {n for q in network.populations for n in q}}
    bins, per_bin, dt = steps
    counted, advance = np.zeros((bins, len(tau))), _compiled()
    rates_before, means_before = rates, means
    for k in range(bins):
        for _ in range(per_bin):
            # everything in the middle of the step, where a and c are taken; rates are means over the step before
            ahead, mean_ahead = 2.0 * rates - rates_before, 1.5 * means - 0.5 * means_before
            slopes = network.slopes(p, y, ahead)
            middle = {name: y[name] + 0.5 * dt * slopes[name] for name in y}
            pull = np.array(network.pull(p, middle), float)
            current = np.array(network.current(p, middle, ahead, mean_ahead), float)
            rates_before, means_before = rates, means
            spikes, means = advance(v, eta, pull, current, dt / tau)
            rates = spikes / (neurons * dt)
            slopes = network.slopes(p, middle, rates)
            y = {name: y[name] + dt * slopes[name] for name in y}
            counted[k] += rates / per_bin
    return counted


def _advance(v, eta, pull, current, h):
    """One step of all neurons: spikes of every population, and mean potentials afterwards."""
    count = len(v)
    spikes, means = np.zeros(count), np.zeros(count)
    for p in range(count):
        # with w = v - a/2: w' = w^2 + eta + c - a^2/4
        shift, c = 0.5 * pull[p], current[p] - 0.25 * pull[p] * pull[p]
        v[p] -= shift
        low = np.searchsorted(eta[p], -SMALL / (h[p] * h[p]) - c)
        high = np.searchsorted(eta[p], SMALL / (h[p] * h[p]) - c)
        spikes[p] = _advance_tail(v[p, :low], eta[p, :low], c, h[p])
        spikes[p] += _advance_core(v[p, low:high], eta[p, low:high], c, h[p])
        spikes[p] += _advance_tail(v[p, high:], eta[p, high:], c, h[p])
        v[p] += shift
        real, imaginary = _order_parameter(v[p])
        # mean potential of Lorentzian potentials, -Im (1 - Z) / (1 + Z): the plain mean does not converge
        means[p] = 2.0 * imaginary / ((1.0 + real) ** 2 + imaginary**2)
    return spikes, means


@cache
def _compiled():
    """`_advance`, compiled at the first call and kept in the kernel cache."""
    from ngnmm_core.compilation.kernel_cache import compiled_by

    return compiled_by(_make, name="spiking-family")


def _make():
    from numba import njit

    register_helpers()
    return njit(nogil=True, error_model="numpy")(_advance)
