"""Direct simulation of the quadratic integrate-and-fire (QIF) neurons whose exact mean fields the models are.

Each of N neurons j of a population p obeys, with a spike and a reset from +infinity to -infinity,

    tau_p v_j'   = v_j^2 + eta_j + I_p(t) + tau_p sum_q J_pq s_q
    tau_sp s_p'  = -s_p + (1/N) sum over the spikes k of the population of delta(t - t_k)

with Lorentzian eta_j.  `ngnmm_population` (one population) and `ei_ngnmm` (two) are its limit of large N: Montbrio,
Pazo, Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028.  `docs/validation` shows the comparison.

Method.  During a step, h = dt/tau long, the input c = eta_j + I + tau J s is frozen at its mean over the step, and
every neuron takes the exact flow

    v -> (v + c t) / (1 - v t),   t = tan(sqrt(c) h) / sqrt(c)   (c < 0: tanh and sqrt(-c)),

in which infinity is a point like any other: a spike is a denominator that changes sign.  There is no threshold and no
refractory time to choose, and the neurons of the Lorentzian's tail may fire several times per step.  The mean of s over
the step follows from its own exact flow and the rate extrapolated from the last two steps.  The order in dt is two.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.integrate import solve_ivp

from ngnmm_core.errors import InputError
from ngnmm_core.models._base import Model

END_OFFSET = 0.3027218285983637  # the zero of the Hurwitz zeta function zeta(1/2, a)
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
SMALL = 0.25  # |c h^2| up to which the rational approximation of tan in `_advance_core` is good to 1e-10
INFINITE = 1e300  # stands for a potential at the very peak of a spike


@dataclass(frozen=True)
class Populations:
    """Parameters of populations that act on each other.

    Attributes
    ----------
    tau, tau_s : array (population,)
        Membrane and synaptic time constants, ms.
    eta, Delta : array (population,)
        Centre and half-width of the Lorentzian currents, dimensionless.
    J : array (population, population)
        Weights, J[p, q] onto p from q, dimensionless; negative for inhibition.
    """

    tau: np.ndarray
    tau_s: np.ndarray
    eta: np.ndarray
    Delta: np.ndarray
    J: np.ndarray


@dataclass(frozen=True)
class Traces:
    """What spiking populations and their mean field are compared by.

    Attributes
    ----------
    time_ms : array (bin,)
        End of each bin.
    rate : array (bin, population)
        Firing rate averaged over the bin, spikes per neuron and ms.
    potential : array (bin, population)
        Mean membrane potential v at the end of the bin, dimensionless.
    synaptic_activity : array (bin, population)
        s at the end of the bin, 1/ms.
    kuramoto : array (bin, population)
        Modulus of the Kuramoto order parameter at the end of the bin; 0 is asynchrony, 1 full synchrony.
    """

    time_ms: np.ndarray
    rate: np.ndarray
    potential: np.ndarray
    synaptic_activity: np.ndarray
    kuramoto: np.ndarray


def populations(model: Model, values: Mapping[str, float]) -> Populations:
    """Build the spiking populations of which `model` is the mean field.

    Parameters
    ----------
    model : Model
        `ngnmm_population` or `ei_ngnmm`.
    values : mapping
        Parameters or aliases that differ from the defaults.  G acts as in the homogeneous system of a row-normalised
        connectome: the region receives its own (excitatory) s.

    Raises
    ------
    InputError
        For a model without a spiking counterpart here.
    """
    p = model.resolve(values)
    if model.name == "ngnmm_population":
        suffixes, J = [("", "")], [[p["J"] + p["G"]]]
    elif model.name == "ei_ngnmm":
        suffixes, J = [("_e", "e"), ("_i", "i")], [[p["J_ee"] + p["G"], -p["J_ei"]], [p["J_ie"] + p["G"], -p["J_ii"]]]
    else:
        raise InputError(f"model: '{model.name}' has no spiking counterpart; allowed: ngnmm_population, ei_ngnmm")
    rows = [(p["tau" + k], p["tau_s" + short], p["eta" + k], p["Delta" + k]) for k, short in suffixes]
    return Populations(*np.array(rows, float).T, np.array(J, float))  # type: ignore[call-arg]


def lorentzian_quantiles(neurons: int) -> np.ndarray:
    """Quantiles of the standard Lorentzian in ascending order, array (neuron,).

    They sit at the levels (j - 1 + a) / (N - 1 + 2 a), j = 1..N.  A neuron's rate grows as the root of its current, so
    the mean rate is an integral over the levels whose integrand diverges as x^(-1/2) at an end, and for such a one the
    sum over equidistant levels errs by zeta(1/2, a) N^(-1/2), zeta being Hurwitz's (Euler-Maclaurin formula for
    algebraic end points, Navot, J. Math. and Phys. 40, 271, 1961).  The usual a = 1 or 1/2 cuts off so much of the tail
    that the rate of 10^5 neurons is 1.2 or 0.5 % too low at eta = -5, Delta = 1.  Here a is the zero of zeta(1/2, a):
    what remains falls as 1/N (4e-6 at 10^5).
    """
    levels = (np.arange(neurons) + END_OFFSET) / (neurons - 1 + 2.0 * END_OFFSET)
    return np.tan(math.pi * (levels - 0.5))


def initial_potentials(center: float, half_width: float, neurons: int) -> np.ndarray:
    """Potentials of a population that is on its mean field's manifold from the first moment on, array (neuron,).

    The mean field is exact as soon as the potentials of the neurons of each current are Lorentzian; with the same
    Lorentzian for every current, its centre is the mean potential v and its half-width pi tau r.  The potentials
    follow the golden ratio's sequence, independent of the currents but more evenly spread than random numbers.
    """
    levels = np.modf((np.arange(neurons) + 0.5) * GOLDEN)[0]
    return center + half_width * np.tan(math.pi * (levels - 0.5))


def simulate(network: Populations, initial, I_ext, neurons: int, bin_ms: float, steps_per_bin: int) -> Traces:
    """Simulate N neurons per population; nothing is random, the same arguments give the same spikes.

    Parameters
    ----------
    network : Populations
    initial : array (population, 3)
        r (1/ms), v (dimensionless) and s (1/ms) at the start.
    I_ext : array (bin, population)
        External input, constant within a bin, dimensionless.
    neurons : int
        N.
    bin_ms : float
        Width of the bins in which spikes are counted.
    steps_per_bin : int
        Steps of the integration per bin; a step of tau/100 is enough for 10^6 neurons in a slow transient.

    Raises
    ------
    InputError
        If `initial` or `I_ext` does not fit the populations, or a count or width is not positive.
    """
    count = len(network.tau)
    initial, I_ext = np.asarray(initial, float), np.ascontiguousarray(I_ext, float)
    if initial.shape != (count, 3):
        raise InputError(f"initial: shape {initial.shape}; allowed: ({count}, 3), r, v and s of each population")
    if I_ext.ndim != 2 or I_ext.shape[1] != count:
        raise InputError(f"I_ext: shape {I_ext.shape}; allowed: (bins, {count})")
    if not (neurons >= 1 and bin_ms > 0 and steps_per_bin >= 1):
        raise InputError(f"neurons, bin_ms, steps_per_bin: {neurons}, {bin_ms}, {steps_per_bin}; allowed: positive")
    dt = bin_ms / steps_per_bin
    r, v, s = initial.T
    eta = network.eta[:, None] + network.Delta[:, None] * lorentzian_quantiles(neurons)
    widths = math.pi * network.tau * r
    neuron_v = np.stack([initial_potentials(v[p], widths[p], neurons) for p in range(count)])
    decay = np.exp(-dt / network.tau_s)
    coefficients = np.stack([network.tau, decay, (1.0 - decay) * network.tau_s / dt], axis=1)
    out = np.zeros((len(I_ext), count, 4))
    _compiled()((neuron_v, eta, s.copy(), r.copy()), I_ext, coefficients, network.J, (steps_per_bin, dt), out)
    Z = out[..., 2] + 1j * out[..., 3]
    # v is taken from Z: the plain mean of potentials with Cauchy tails does not converge, that of exp(i theta) does
    potential = -((1.0 - Z) / (1.0 + Z)).imag
    return Traces(bin_ms * np.arange(1, len(I_ext) + 1), out[..., 0], potential, out[..., 1], np.abs(Z))


def mean_field(model: Model, values: Mapping[str, float], initial, I_ext, bin_ms: float) -> Traces:
    """Compute the same traces from the equations of `model`, integrated to a relative tolerance of 1e-10.

    Parameters
    ----------
    model : Model
        One whose states are (r, v, s) of each population.
    values : mapping
        As in `populations`.
    initial : array (population, 3)
    I_ext : array (bin, population)
        Value of each of the model's drives, constant within a bin.
    bin_ms : float
        Width of the bins.  The rates are averaged over them exactly, not sampled.
    """
    p = model.resolve(values)
    coefficients = model.coefficients(p)
    count = len(model.states)

    def derivative(t, x, drive):
        states = tuple(x[:count])
        coupling = p["G"] * model.sent(states, coefficients)
        return (*model.derivative(states, drive, coefficients, coupling), *x[:count:3])

    kept = [np.concatenate([np.ravel(initial), np.zeros(count // 3)])]  # states, and the integrals of the rates
    for drive in np.asarray(I_ext, float):
        span, args = (0.0, bin_ms), (tuple(drive),)
        kept.append(solve_ivp(derivative, span, kept[-1], "DOP853", args=args, rtol=1e-10, atol=1e-13).y[:, -1])
    out = np.array(kept)
    states = out[1:, :count]
    kuramoto = np.stack([q.kuramoto(tuple(states.T), coefficients) for q in model.populations], axis=1)
    time = bin_ms * np.arange(1, len(out))
    return Traces(time, np.diff(out[:, count:], axis=0) / bin_ms, states[:, 1::3], states[:, 2::3], kuramoto)


def _advance_core(v, eta, c, h):
    """One step of neurons with |current| h^2 <= SMALL, which fire once at the most; the number of spikes."""
    spikes = 0
    for j in range(v.size):
        current = eta[j] + c
        z = current * h * h
        # numerator/denominator = t, the continued fraction of h tan(sqrt(z)) / sqrt(z) up to z/9, for either sign of z
        numerator = (945.0 - z * (105.0 - z)) * h
        denominator = 945.0 - z * (420.0 - 15.0 * z)
        below = denominator - v[j] * numerator
        above = v[j] * denominator + current * numerator
        spikes += below < 0.0
        v[j] = max(-INFINITE, min(INFINITE, above / below))
    return spikes


def _advance_tail(v, eta, c, h):
    """One step of neurons with any current except 0, which may fire many times; the number of spikes."""
    spikes = 0
    for j in range(v.size):
        current = eta[j] + c
        root = math.sqrt(abs(current))
        if current > 0.0:
            turns = (math.atan(v[j] / root) + root * h) / math.pi + 0.5  # whole at the peak of a spike
            spikes += math.floor(turns)
            v[j] = root * math.tan(math.pi * (turns - math.floor(turns) - 0.5))
        else:
            t = math.tanh(root * h) / root
            spikes += 1.0 - v[j] * t < 0.0
            v[j] = (v[j] + current * t) / (1.0 - v[j] * t)
    return spikes


def _order_parameter(v):
    """Mean over neurons of exp(i theta) = (1 + i v) / (1 - i v), where v = tan(theta / 2)."""
    real, imaginary = 0.0, 0.0
    for j in range(v.size):
        scale = 2.0 / (1.0 + v[j] * v[j])
        real += scale - 1.0
        imaginary += scale * v[j]
    return real / v.size, imaginary / v.size


def _integrate(states, I_ext, coefficients, J, step, out):
    """All bins, from and into states = (v, eta, s, rate); out[bin, population] = (rate, s, Re Z, Im Z)."""
    v, eta, s, rate = states
    steps, dt = step
    count, neurons = v.shape
    before, mean_s = rate.copy(), s.copy()
    for k in range(len(I_ext)):
        for _ in range(steps):
            for p in range(count):
                ahead = 2.0 * rate[p] - before[p]
                mean_s[p] = ahead + (s[p] - ahead) * coefficients[p, 2]
            for p in range(count):
                tau, decay, _ = coefficients[p]
                h, c = dt / tau, I_ext[k, p]
                for q in range(count):
                    c += tau * J[p, q] * mean_s[q]
                low = np.searchsorted(eta[p], -SMALL / (h * h) - c)
                high = np.searchsorted(eta[p], SMALL / (h * h) - c)
                spikes = _advance_tail(v[p, :low], eta[p, :low], c, h)
                spikes += _advance_core(v[p, low:high], eta[p, low:high], c, h)
                spikes += _advance_tail(v[p, high:], eta[p, high:], c, h)
                before[p], rate[p] = rate[p], spikes / (neurons * dt)
                s[p] = rate[p] + (s[p] - rate[p]) * decay
                out[k, p, 0] += rate[p] / steps
        for p in range(count):
            out[k, p, 1] = s[p]
            out[k, p, 2], out[k, p, 3] = _order_parameter(v[p])


@cache
def _compiled():
    """`_integrate`, compiled at the first call and kept in the kernel cache."""
    from ngnmm_core.compilation.kernel_cache import compiled_by

    return compiled_by(_make, name="spiking-integrate")


def _make():
    from numba import njit

    register_helpers()
    return njit(nogil=True, error_model="numpy")(_integrate)


@cache
def register_helpers() -> None:
    """Make the steps of neurons and the order parameter callable in compiled code."""
    from numba.extending import register_jitable

    for helper in (_advance_core, _advance_tail, _order_parameter):
        register_jitable(error_model="numpy")(helper)
