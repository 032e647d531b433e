"""Direct simulation of the quadratic integrate-and-fire (QIF) neurons behind the mean fields of this package.

Each of N neurons j of a population p obeys, with a spike and a reset from +infinity to -infinity,

    tau_p v_j'    = v_j^2 + eta_j + I_p(t) + tau_p sum_q J_pq s_q
    tau_s,p s_p'  = -s_p + (1/N) sum over the population's spikes k of delta(t - t_k)

with Lorentzian eta_j.  For N to infinity `ngnmm_population` (one population) and `ei_ngnmm` (two) are exact: Montbrio,
Pazo, Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028.  This module is how that is checked.

Method.  Within a step of h = dt/tau the input c = eta_j + I + tau J s is frozen at its mean over the step, and the
neuron takes the exact flow

    v -> (v + c t) / (1 - v t),   t = tan(sqrt(c) h) / sqrt(c)   (c < 0: tanh and sqrt(-c)),

in which infinity is a point like any other: a spike is a change of sign of the denominator.  There is neither a
threshold nor a refractory time to choose, and the fastest neurons of the tail may spike several times per step.  The
synapse follows its own exact flow, driven by the step's spikes; the mean input of a step is predicted with the rate of
the step before.  The order in dt is two.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.integrate import solve_ivp

from ngnmm_core.errors import InputError
from ngnmm_core.model import Model

KNOWN = ("ngnmm_population", "ei_ngnmm")
END_OFFSET = 0.3027218285983637  # zero of the Hurwitz zeta function zeta(1/2, a); see `lorentzian_quantiles`
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
SMALL = 0.25  # |c h^2| up to which the rational approximation of tan(x)/x in `_advance_core` is good to 1e-10
INFINITE = 1e300  # stands for a potential at the very peak of a spike


@dataclass(frozen=True)
class Populations:
    """Parameters of P populations that act on each other.

    Attributes
    ----------
    tau, tau_s : array (population,)
        Membrane and synaptic time constants, ms.
    eta, Delta : array (population,)
        Centre and half-width of the Lorentzian currents, dimensionless.
    J : array (population, population)
        Signed weights, J[p, q] onto p from q, dimensionless.
    """

    tau: np.ndarray
    tau_s: np.ndarray
    eta: np.ndarray
    Delta: np.ndarray
    J: np.ndarray


@dataclass(frozen=True)
class Traces:
    """What the spiking populations and their mean field are compared by.

    Attributes
    ----------
    time_ms : array (bin,)
        End of each bin.
    rate : array (bin, population)
        Spikes per neuron and ms, averaged over the bin.
    synaptic_activity : array (bin, population)
        s at the end of the bin, 1/ms.
    order_parameter : complex array (bin, population)
        Kuramoto order parameter Z at the end of the bin.
    """

    time_ms: np.ndarray
    rate: np.ndarray
    synaptic_activity: np.ndarray
    order_parameter: np.ndarray

    @property
    def potential(self) -> np.ndarray:
        """Mean membrane potential v [bin, population], dimensionless, from Z = (1 - conj(w)) / (1 + conj(w)).

        The plain mean over neurons does not converge, as the potentials have Cauchy tails; that of exp(i theta) does.
        """
        return -((1.0 - self.order_parameter) / (1.0 + self.order_parameter)).imag


def populations(model: Model, values: Mapping[str, float]) -> Populations:
    """The spiking populations whose mean field `model` is.

    Parameters
    ----------
    model : Model
        `ngnmm_population` or `ei_ngnmm`.
    values : mapping
        Parameters or aliases that differ from the defaults.  G acts as in the homogeneous system of a row-normalised
        connectome: the region receives its own excitatory s.

    Raises
    ------
    InputError
        For a model without a spiking counterpart here.
    """
    p = model.resolve(values)
    if model.name == "ngnmm_population":
        suffixes, J = ("",), [[p["J"] + p["G"]]]
    elif model.name == "ei_ngnmm":
        suffixes, J = ("e", "i"), [[p["J_ee"] + p["G"], -p["J_ei"]], [p["J_ie"] + p["G"], -p["J_ii"]]]
    else:
        raise InputError(f"model: '{model.name}' is not the mean field of spiking neurons; allowed: {', '.join(KNOWN)}")
    ends = [f"_{suffix}" if suffix else "" for suffix in suffixes]
    columns = [[p[name + end] for end in ends] for name in ("tau", "eta", "Delta")]
    tau, eta, Delta = (np.array(column, float) for column in columns)
    return Populations(
        tau, np.array([p["tau_s" + suffix] for suffix in suffixes], float), eta, Delta, np.array(J, float)
    )


def lorentzian_quantiles(neurons: int) -> np.ndarray:
    """Deterministic standard Lorentzian numbers in ascending order, array (neuron,).

    They sit at the levels (j - 1 + a) / (N - 1 + 2 a) with the a for which the Hurwitz zeta function zeta(1/2, a) is 0.
    The rate of a neuron grows as the root of its current, so that a mean over Lorentzian currents has a singularity of
    the kind x^(-1/2) at either end of the levels, whose error in the sum over neurons is zeta(1/2, a) N^(-1/2) (Navot,
    J. Math. Phys. 40, 271, 1961).  With this a it falls as 1/N instead; with the usual (2j - N - 1) / (2N + 2), a = 1,
    it is 0.46/tau Hz ...
    """
    levels = (np.arange(neurons) + END_OFFSET) / (neurons - 1 + 2.0 * END_OFFSET)
    return np.tan(math.pi * (levels - 0.5))


def simulate(
    network: Populations, initial: np.ndarray, I_ext: np.ndarray, neurons: int, bin_ms: float, steps_per_bin: int
) -> Traces:
    """Simulates N neurons per population.

    Parameters
    ----------
    network : Populations
    initial : array (population, 3)
        r (1/ms), v and s (1/ms) at the start.  Every neuron's potential is drawn, independently of its current and by
        a low-discrepancy sequence instead of a generator, from the Lorentzian with centre v and half-width pi tau r,
        for which the mean field holds from the first moment on.
    I_ext : array (bin, population)
        External input, constant within a bin, dimensionless.
    neurons : int
        N.
    bin_ms : float
        Width of the bins in which spikes are counted.
    steps_per_bin : int

    Returns
    -------
    Traces
        Nothing is drawn at random: the same arguments give the same spikes.
    """
    initial, I_ext = np.asarray(initial, float), np.ascontiguousarray(I_ext, float)
    dt = bin_ms / steps_per_bin
    eta = network.eta[:, None] + network.Delta[:, None] * lorentzian_quantiles(neurons)
    levels = np.modf((np.arange(neurons) + 0.5) * GOLDEN)[0]
    width = math.pi * network.tau * initial[:, 0]
    v = initial[:, 1, None] + width[:, None] * np.tan(math.pi * (levels - 0.5))
    s, rate = initial[:, 2].copy(), initial[:, 0].copy()
    decay = np.exp(-dt / network.tau_s)
    coefficients = np.stack([dt / network.tau, network.tau, decay, (1.0 - decay) * network.tau_s / dt], axis=1)
    out = np.zeros((len(I_ext), len(eta), 4))
    _compiled()((v, eta, s, rate), I_ext, coefficients, network.J, (steps_per_bin, dt), out)
    time = bin_ms * np.arange(1, len(I_ext) + 1)
    return Traces(time, out[..., 0], out[..., 1], out[..., 2] + 1j * out[..., 3])


def mean_field(
    model: Model, values: Mapping[str, float], initial: np.ndarray, I_ext: np.ndarray, bin_ms: float
) -> Traces:
    """The same traces from the equations of `model`, integrated to a relative tolerance of 1e-10.

    Parameters
    ----------
    model : Model
        `ngnmm_population`, `ei_ngnmm` or one with the same states.
    values, initial, I_ext, bin_ms
        As in `populations` and `simulate`.  Rates are averaged over the bins exactly, not sampled.
    """
    p = model.resolve(values)
    coefficients = model.coefficients(p)
    count = len(model.states)

    def derivative(t, x, drive):
        states = tuple(x[:count])
        coupling = p["G"] * model.sent(states, coefficients)
        return (*model.derivative(states, drive, coefficients, coupling), *x[:count:3])

    x = np.concatenate([np.ravel(initial), np.zeros(count // 3)])
    out = [x]
    for drive in np.asarray(I_ext, float):
        span = (0.0, bin_ms)
        solution = solve_ivp(derivative, span, out[-1], method="DOP853", args=(tuple(drive),), rtol=1e-10, atol=1e-13)
        out.append(solution.y[:, -1])
    out = np.array(out)
    rate, v, s = (out[1:, k:count:3] for k in range(3))
    conjugate = math.pi * populations(model, values).tau * rate - 1j * v
    time = bin_ms * np.arange(1, len(out))
    return Traces(time, np.diff(out[:, count:], axis=0) / bin_ms, s, (1.0 - conjugate) / (1.0 + conjugate))


def _advance_core(v, eta, c, h):
    """One step of neurons with |current h^2| <= SMALL, at most one spike each; their number."""
    spikes = 0
    for j in range(v.size):
        current = eta[j] + c
        z = current * h * h
        # tan(sqrt(z)) / sqrt(z), one formula for both signs: continued fraction up to z/9
        numerator = (945.0 - z * (105.0 - z)) * h
        denominator = 945.0 - z * (420.0 - 15.0 * z)
        below = denominator - v[j] * numerator
        above = v[j] * denominator + current * numerator
        spikes += below < 0.0
        v[j] = max(-INFINITE, min(INFINITE, above / below))
    return spikes


def _advance_tail(v, eta, c, h):
    """One step of neurons with any current and any number of spikes; their number."""
    spikes = 0
    for j in range(v.size):
        current = eta[j] + c
        root = math.sqrt(abs(current))
        if current > 0.0:
            phase = (math.atan(v[j] / root) + root * h) / math.pi + 0.5
            spikes += math.floor(phase)
            v[j] = root * math.tan(math.pi * (phase - math.floor(phase) - 0.5))
        else:
            t = math.tanh(root * h) / root
            spikes += 1.0 - v[j] * t < 0.0
            v[j] = (v[j] + current * t) / (1.0 - v[j] * t)
    return spikes


def _order_parameter(v):
    """Mean of (1 + i v) / (1 - i v) over neurons."""
    real, imaginary = 0.0, 0.0
    for j in range(v.size):
        scale = 2.0 / (1.0 + v[j] * v[j])
        real += scale - 1.0
        imaginary += scale * v[j]
    return real / v.size, imaginary / v.size


def _integrate(states, I_ext, coefficients, J, step, out):
    """All bins; out[bin, population] = (rate, s, Re Z, Im Z).  See `simulate`."""
    v, eta, s, rate = states
    steps, dt = step
    count, neurons = v.shape
    mean_s = np.empty(count)
    for k in range(len(I_ext)):
        for _ in range(steps):
            for p in range(count):
                mean_s[p] = rate[p] + (s[p] - rate[p]) * coefficients[p, 3]
            for p in range(count):
                h, tau, decay, _ = coefficients[p]
                c = I_ext[k, p] + tau * np.dot(J[p], mean_s)
                low, high = np.searchsorted(eta[p], np.array([-SMALL / h**2 - c, SMALL / h**2 - c]))
                spikes = _advance_tail(v[p, :low], eta[p, :low], c, h)
                spikes += _advance_core(v[p, low:high], eta[p, low:high], c, h)
                spikes += _advance_tail(v[p, high:], eta[p, high:], c, h)
                rate[p] = spikes / (neurons * dt)
                s[p] = rate[p] + (s[p] - rate[p]) * decay
                out[k, p, 0] += rate[p] / steps
        for p in range(count):
            out[k, p, 1] = s[p]
            out[k, p, 2], out[k, p, 3] = _order_parameter(v[p])


@cache
def _compiled():
    from numba import njit
    from numba.extending import register_jitable

    from ngnmm_core.code_hash import code_hash
    from ngnmm_core.kernel_cache import cached

    for helper in (_advance_core, _advance_tail, _order_parameter):
        register_jitable(error_model="numpy")(helper)
    kernel = njit(nogil=True, error_model="numpy")(_integrate)
    return cached(kernel, "spiking-integrate", code_hash(["ngnmm_core.spiking"]))
