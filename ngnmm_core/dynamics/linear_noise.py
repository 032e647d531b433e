"""Linear noise theory of a network at rest: spectra, cross-spectra and connectivity without a simulation.

Near a stable equilibrium x' = A x + noise, so that the cross-spectrum of the signals is C (i omega - A)^-1 Q
(i omega - A)^-H C^T.  Regions act on each other through one number that each sends and one that each receives; so the
states are eliminated region by region, and what is left to solve is one matrix of regions by regions per frequency:

    received u = W(omega) s,  sent s = p u + S noise,  signal y = q u + Y noise,  W(omega)_kj = W_kj exp(-i omega D_kj)
    y = [Y + q W (1 - p W)^-1 S] noise

with p, q, S, Y of every region from its own resolvent.  Where regions are alike, the modes of W decouple and that
matrix is diagonal.  Linear noise theory: Gardiner, Handbook of Stochastic Methods (2009), section 4.4; in networks of
brain regions: Deco, Ponce-Alvarez, Hagmann, Romani, Mantini, Corbetta, J. Neurosci. 34, 7886 (2014),
doi:10.1523/JNEUROSCI.5068-13.2014.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ngnmm_core.connectome.eigenmodes import Spectrum
from ngnmm_core.dynamics.differentiation import Dual, linearise
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.own_times import common_time_factor, in_units, state_factors

HZ = 1000.0  # per 1/ms


@dataclass(frozen=True)
class Noise:
    """Additive noise: intensity (ms^0.5), share of its variance that all regions have in common, correlation time (ms).

    `tau_ms` = 0 is white; else an Ornstein-Uhlenbeck process of the same spectrum at zero frequency.
    """

    sigma: float
    common: float = 0.0
    tau_ms: float = 0.0

    def shape(self, omega: np.ndarray) -> np.ndarray:
        """Its spectrum relative to zero frequency, at angular frequencies in 1/ms."""
        return 1.0 / (1.0 + (omega * self.tau_ms) ** 2)


@dataclass(frozen=True)
class LinearNetwork:
    """A network near an equilibrium; arrays [region, ...], one entry for all regions where they are alike.

    States are in units of their own where time constants are not the model's defaults: see `own_times`.

    Attributes
    ----------
    W : array (region, region)
    jacobian : array (region, state, state)
        Of isolated regions, 1/ms.
    received : array (region, state)
        What the coupling input enters, times G.
    sent : array (region, state)
        Slope of what a region sends.
    entry : array (region, state, source)
        What a unit of white noise adds to the states, one column per source: intensity over time constant.
    signal : array (region, state)
        Slope of the signal that is looked at.
    noise : Noise
    modes : Spectrum or None
        Of W, where all regions are alike and no delays make them differ.
    delay_ms : array (region, region) or None
        Conduction delays of what a region (row) receives.
    time_factor : float
        By how much all time constants are longer than the model's defaults.
    """

    W: np.ndarray
    jacobian: np.ndarray
    received: np.ndarray
    sent: np.ndarray
    entry: np.ndarray
    signal: np.ndarray
    noise: Noise
    modes: Spectrum | None = None
    delay_ms: np.ndarray | None = None
    time_factor: float = 1.0

    @property
    def regions(self) -> int:
        """Number of regions."""
        return len(self.W)

    def in_own_time(self) -> "LinearNetwork":
        """Give the same network in the unit of time of its time constants, without noise, for solvers of its roots."""
        if self.time_factor == 1.0:
            return self
        return replace(
            self,
            jacobian=self.time_factor * self.jacobian,
            received=self.time_factor * self.received,
            delay_ms=None if self.delay_ms is None else self.delay_ms / self.time_factor,
            noise=Noise(0.0),
            time_factor=1.0,
        )

    def responses(self, omega: np.ndarray) -> tuple[np.ndarray, ...]:
        """p, q [frequency, region] and S, Y [frequency, region, source] at angular frequencies (1/ms)."""
        size = self.jacobian.shape[-1]
        matrices = 1j * omega[:, None, None, None] * np.eye(size) - self.jacobian
        columns = np.concatenate([self.received[:, :, None], self.entry], axis=2)
        x = np.linalg.solve(matrices, np.broadcast_to(columns, (*matrices.shape[:2], *columns.shape[1:])))
        of_sent = np.einsum("ra,frab->frb", self.sent, x)
        of_signal = np.einsum("ra,frab->frb", self.signal, x)
        return of_sent[..., 0], of_signal[..., 0], of_sent[..., 1:], of_signal[..., 1:]


def linear_network(
    model: Model,
    W: np.ndarray,
    parameters: Mapping[str, float | np.ndarray],
    states: np.ndarray,
    signal: str,
    noise: Noise,
    modes: Spectrum | None = None,
    relative: bool = False,
) -> LinearNetwork:
    """Linearise the network near an equilibrium.

    Parameters
    ----------
    model : Model
    W : array (region, region)
        Normalised weights.
    parameters : mapping of name to float or array (region,)
    states : array (region, state)
        The equilibrium.
    signal : str
        `rate`: the first population's firing rate in Hz (the observable, where the model has no rates); `observable`;
        or the name of a state.
    noise : Noise
    modes : Spectrum, optional
        Of W, if the equilibrium and all parameters are the same in all regions; then the first region stands for all.
    relative : bool
        Whether the signal is divided by its value at rest, as the input of the Balloon model is.
    """
    if modes is not None:
        states = states[:1]
    regions = len(states)
    arrays = {name: np.array(np.broadcast_to(v, len(W))[:regions], float) for name, v in parameters.items()}
    constants = model.coefficients(arrays)
    sent = np.broadcast_to(model.sent(tuple(states.T), constants), regions)
    input_from_others = arrays["G"] * (W.sum(axis=1)[:1] * sent if modes is not None else W @ sent)
    own = linearise(model, states, arrays, np.zeros(regions), input_from_others)
    entry = np.zeros((regions, len(model.states), max(len(model.noisy_states), 1)))
    if model.noisy_states:
        scale = noise.sigma / model.noise_time_constants(arrays)
        for column, state in enumerate(model.noisy_states):
            entry[:, state, column] = scale[:, column]
    slope = signal_slope(model, states, constants, signal)
    if relative:
        slope = slope / signal_value(model, states, constants, signal)[:, None]
    factor = common_time_factor(model, arrays)
    units = state_factors(model, factor)
    return LinearNetwork(
        W=W,
        jacobian=in_units(own.jacobian, units),
        received=arrays["G"][:, None] * own.input_gain / units,
        sent=own.output_gain * units,
        entry=entry / units[:, None],
        signal=slope * units,
        noise=noise,
        modes=modes,
        time_factor=factor,
    )


def signal_slope(model: Model, states: np.ndarray, constants, signal: str) -> np.ndarray:
    """Slope [region, state] of a signal with the states; rates in Hz."""
    regions, size = states.shape
    rate = model.populations[0].rate
    if signal == "rate" and rate is not None:
        x = tuple(Dual(states[:, k], np.broadcast_to(np.eye(size)[k], (regions, size))) for k in range(size))
        return HZ * np.array(np.broadcast_to(rate(x, constants).tangent, (regions, size)))
    name = model.observable if signal in ("rate", "observable") else signal
    return np.broadcast_to(np.eye(size)[model.state_names.index(name)], (regions, size)).copy()


def signal_value(model: Model, states: np.ndarray, constants, signal: str) -> np.ndarray:
    """Value [region] of a signal in states [region, state]; rates in Hz."""
    rate = model.populations[0].rate
    if signal == "rate" and rate is not None:
        return HZ * np.array(np.broadcast_to(rate(tuple(states.T), constants), len(states)), float)
    name = model.observable if signal in ("rate", "observable") else signal
    return states[:, model.state_names.index(name)].copy()


def covariance_in(network: LinearNetwork, frequency_hz: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum over frequencies of weights times the one-sided cross-spectrum: complex array [region, region].

    With the nodes (Hz) and weights of a quadrature its real part is the covariance in a band; with one frequency and
    the weight 1 it is the cross-spectrum, per Hz.
    """
    frequency_hz, weights = np.atleast_1d(np.asarray(frequency_hz, float)), np.atleast_1d(np.asarray(weights, float))
    omega = 2.0 * np.pi * frequency_hz / HZ
    weights = 2.0 / HZ * weights * network.noise.shape(omega)
    responses = network.responses(omega)
    if network.modes is not None:
        return _in_modes(network, responses, weights)
    total = np.zeros(network.W.shape, complex)
    for k, (w, weight) in enumerate(zip(omega, weights, strict=True)):
        p, q, S, Y = (part[k] for part in responses)
        W = network.W if network.delay_ms is None else network.W * np.exp(-1j * w * network.delay_ms)
        onward = (q[:, None] * W) @ np.linalg.inv(np.eye(len(W)) - p[:, None] * W)
        for source in range(S.shape[1]):
            gain = onward * S[:, source]
            gain[np.diag_indices(len(W))] += Y[:, source]
            total += weight * _coloured(gain, network.noise.common)
    return total


def _coloured(gain: np.ndarray, common: float) -> np.ndarray:
    """Multiply out gain Q gain^H for noise of unit variance, a share of which all regions have in common."""
    own = gain @ gain.conj().T
    if not common:
        return own
    shared = gain.sum(axis=1)
    return (1.0 - common) * own + common * np.outer(shared, shared.conj())


def _in_modes(network: LinearNetwork, responses, weights: np.ndarray) -> np.ndarray:
    """Compute the sum of `covariance_in` for regions that are alike: every mode of W answers by itself."""
    modes, common = network.modes, network.noise.common
    p, q, S, Y = (part[:, 0] for part in responses)  # [frequency], and [frequency, source]
    values = modes.values[:, None]
    onward = q * values / (1.0 - p * values)  # [mode, frequency]
    answers = np.zeros((len(values), len(values)), complex)
    for source in range(S.shape[1]):
        gain = onward * S[:, source] + Y[:, source]
        answers += (gain * weights) @ gain.conj().T
    inverse = modes.left.conj().T
    noise = (1.0 - common) * (inverse @ inverse.conj().T)
    if common:
        shared = inverse.sum(axis=1)
        noise = noise + common * np.outer(shared, shared.conj())
    return modes.right @ (answers * noise) @ modes.right.conj().T


def spectra(network: LinearNetwork, frequency_hz: np.ndarray) -> np.ndarray:
    """One-sided power spectra of the signal, [region, frequency], in its unit squared per Hz."""
    each = [np.diag(covariance_in(network, f, 1.0)).real for f in np.atleast_1d(frequency_hz)]  # type: ignore[arg-type]  # numbers do
    return np.stack(each, axis=1)
