"""The settings of a network simulation, with their defaults, ranges and descriptions."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Literal

from pydantic import Field, model_validator

from ngnmm_core.errors import InputError
from ngnmm_core.kernels.integrators import Integrator
from ngnmm_core.section import Section, is_multiple
from ngnmm_core.simulation.integrators import AUTO, get_integrator, integrator_names, suitable
from ngnmm_core.simulation.lesions import Resection
from ngnmm_core.simulation.noise_settings import COMMON, TAU, check_tau
from ngnmm_core.simulation.step_choice import Ladder, check_step, only, own_ladder, shortest_for_edges
from ngnmm_core.simulation.stimuli import Stimulus

TRANSIENT_SHARE = Fraction(2, 5)  # of a duration that comes without a transient
MOST_STEPS = 1e12  # a year on a fast machine
SHORTEST_STEP_MS = 1e-4  # bursts last tenths of a ms: below, a step gains nothing but rounding errors


def _steps() -> str:
    """Give the steps of all integrators in words."""
    fixed = [name for name in integrator_names() if not get_integrator(name).watches]
    steps = ", ".join(f"{get_integrator(name).step_ms:g} for {name}{_with_delays(name)}" for name in fixed)
    return (
        f"{steps}; with riccati every point chooses its own, 0.1 / 2^k ms (times the factor by which all time "
        "constants are longer than the defaults), which is reported as `step_ms`"
    )


def _with_delays(name: str) -> str:
    step_ms = get_integrator(name).delayed_step_ms
    return "" if step_ms is None else f" ({step_ms:g} with conduction delays)"


class Initial(Section):
    """How a simulation starts."""

    start: Literal["random", "homogeneous"] = Field(
        "random",
        alias="from",
        description="`random`: the model's nominal state plus a perturbation; `homogeneous`: the state that the "
        "homogeneous system has 2000 ms after the nominal state, plus a perturbation (needs equal row sums)",
    )
    sd: float = Field(
        0.01,
        ge=0,
        description="standard deviation of the normal perturbation, in each state's unit; rates are reflected at 0 "
        "(and spread less by the factor by which all time constants are longer than the defaults, as rates themselves)",
    )


class Simulation(Section):
    """The network simulation."""

    duration_ms: float = Field(10000.0, gt=0, description="simulated time, transient included (ms)")
    transient_ms: float = Field(
        4000.0,
        ge=0,
        description="time at the start that is not analysed (ms); if not given, 40 % of `duration_ms`",
    )
    dt_ms: float | None = Field(
        None,
        gt=0,
        description=f"integration step (ms), at least 1e-4; if not given, {_steps()}",
    )
    accuracy: Literal["default", "strict"] = Field(
        "default",
        description="of methods whose points choose their steps: how short these are; see docs/accuracy.md",
    )
    sample_ms: float = Field(0.2, gt=0, description="time between the samples that are analysed (ms)")
    method: Literal["auto", *integrator_names()] = Field(  # type: ignore[valid-type]
        AUTO,
        description="`auto`: riccati for models that declare their QIF populations, multirate for others, or heun "
        "with noise; " + "; ".join(f"`{name}`: {get_integrator(name).description}" for name in integrator_names()),
    )
    substeps: int = Field(2, ge=1, le=64, description="of `multirate`: local steps of every region per step")
    precision: Literal["float64", "float32"] = Field(
        "float64",
        description="`float32` is for fast scans without noise: twice as fast, errors of 1e-6 to 3e-4 after 100 ms; "
        "see docs/accuracy.md",
    )
    noise_sigma: float = Field(0.0, ge=0, description="intensity of the additive noise (ms^0.5); 0 is none")
    noise_common: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the noise variance common to all regions, one process per noisy state",
    )
    noise_tau_ms: float = Field(
        0.0,
        ge=0,
        description="correlation time of the noise (ms), an Ornstein-Uhlenbeck process that has the spectrum of the "
        "white noise at zero frequency; 0 is white noise, else at least 0.1",
    )
    velocity_m_per_s: float | None = Field(
        None,
        gt=0,
        description="conduction velocity (m/s): what a region sends arrives after the length of the "
        "tract over the velocity; null: at once",
    )
    delays: Literal["interpolated", "rounded"] = Field(
        "interpolated",
        description="`interpolated`: what was sent between two steps follows from a cubic; `rounded`: delays are "
        "rounded to the step, which is faster and changes each by half a step at the most",
    )
    missing_lengths: Literal["refuse", "euclidean"] = Field(
        "refuse",
        description="connections without a tract length > 0, where there is a velocity: `refuse`, or `euclidean` for "
        "the distance of the centres",
    )
    initial: Initial = Field(Initial(), description="initial states")
    keep_series: bool = Field(
        False,
        description="writes the observable of every region at every sample after the transient to `NAME.series.nc` "
        "beside each shard: large, 4 bytes times points, regions and samples before compression",
    )
    resection: Resection = Field(Resection(), description="regions that are taken out of the network")
    stimuli: tuple[Stimulus, ...] = Field((), description="time-varying input; see below")

    @model_validator(mode="before")
    @classmethod
    def _defaults_that_follow(cls, values: Any) -> Any:
        """Fill in the transient that follows from the duration, where it is not given."""
        if not isinstance(values, dict) or (transient_ms := _transient_ms(values)) is None:
            return values
        return {"transient_ms": transient_ms, **values}

    def resolved(self, exact: bool, largest_noise: float = 0.0, delayed: bool = False) -> "Simulation":
        """Return the settings with the method that `auto` stands for, and its step unless every point has its own.

        Parameters
        ----------
        exact : bool
            Whether the model declares its QIF populations.
        largest_noise : float
            Of what axes and highlights set `noise_sigma` to.
        delayed : bool
            Whether axes or highlights give conduction delays.
        """
        method, delayed = self.method, delayed or self.velocity_m_per_s is not None
        if method == AUTO:
            method = suitable(exact, max(self.noise_sigma, largest_noise) > 0, self.precision)
        chosen = get_integrator(method)
        usual = (chosen.delayed_step_ms if delayed else None) or chosen.step_ms
        step = usual if self.dt_ms is None and not chosen.watches else self.dt_ms
        return self.model_copy(update={"method": method, "dt_ms": step})

    @property
    def longest_step_ms(self) -> float:
        """The step, or the longest that points with a model's default time constants may choose."""
        return self.ladder.steps_ms[0]

    def edge_unit_ms(self, factor: float = 1.0) -> float:
        """Give what the edges of pulses must be multiples of, so that no step straddles one."""
        return self.dt_ms if self.dt_ms is not None else shortest_for_edges(self.sample_ms, factor)

    @property
    def ladder(self) -> Ladder:
        """The steps that points with a model's default time constants may have."""
        return self.own_ladder(1.0)

    def own_ladder(self, factor: float, edges_ms: Iterable[float] = ()) -> Ladder:
        """Give the steps that a point may have whose time constants are all longer by a factor.

        Parameters
        ----------
        edges_ms : iterable of float
            Times at which its input jumps.
        """
        return only(self.dt_ms) if self.dt_ms is not None else own_ladder(self.sample_ms, factor, edges_ms)

    @property
    def integrator(self) -> Integrator:
        """What the method declares."""
        return get_integrator(self.method)

    def check(self, fastest_rate: float, largest_noise: float = 0.0, time_factor: float = 1.0) -> None:
        """Whether the times fit each other and the method.

        Parameters
        ----------
        fastest_rate : float
            The fastest rate of the model (1/ms), which bounds the step.
        largest_noise : float
            Of what axes and highlights set `noise_sigma` to.
        time_factor : float
            By how much all time constants are longer than the defaults, at the point where they are shortest.

        Raises
        ------
        InputError
            Naming the key, its value and what is allowed.
        """
        if self.dt_ms is not None:
            self._check_step(self.dt_ms, fastest_rate, time_factor)
        if self.transient_ms >= self.duration_ms:
            raise InputError(
                f"simulation.transient_ms: {self.transient_ms:g} leaves nothing of simulation.duration_ms = "
                f"{self.duration_ms:g}; allowed: less than duration_ms"
            )
        step = self.longest_step_ms
        if self.duration_ms / step > MOST_STEPS:
            raise InputError(
                f"simulation.duration_ms: {self.duration_ms:g} takes {self.duration_ms / step:.3g} steps of "
                f"simulation.dt_ms = {step:g}; allowed: at most {MOST_STEPS:g} steps"
            )
        for key in ("duration_ms", "transient_ms"):
            if not is_multiple(getattr(self, key), self.sample_ms):
                raise InputError(
                    f"simulation.{key}: {getattr(self, key):g} is not a multiple of simulation.sample_ms = "
                    f"{self.sample_ms:g}; allowed: a multiple of sample_ms"
                )
        if self.window_samples < 2:
            raise InputError(
                f"simulation.duration_ms: {self.duration_ms:g} leaves {self.window_samples} sample to analyse; "
                "allowed: at least 2 samples"
            )
        if self.accuracy != "default" and not self.integrator.watches:
            raise InputError(
                f"simulation.accuracy: {self.accuracy!r} is for methods whose points choose their steps, and "
                f"simulation.method is {self.method!r}; allowed: default, and a shorter simulation.dt_ms"
            )
        if self.precision not in self.integrator.precisions:
            raise InputError(
                f"simulation.precision: {self.precision!r} is not for method {self.method}; "
                f"allowed: {', '.join(self.integrator.precisions)}"
            )
        if self.accuracy != "default" and self.precision != "float64":
            raise InputError(
                f"simulation.accuracy: {self.accuracy!r} is below the rounding of simulation.precision = "
                f"{self.precision!r}; allowed: default, or precision: float64"
            )
        self._check_noise(max(self.noise_sigma, largest_noise))

    def _check_noise(self, noise: float) -> None:
        """Whether the method takes noise in this precision."""
        if noise > 0 and not self.integrator.stochastic:
            stochastic = [name for name in integrator_names() if get_integrator(name).stochastic]
            raise InputError(
                f"simulation.noise_sigma: {noise:g} needs a stochastic method, and simulation.method is "
                f"{self.method!r}; allowed: method: {' or '.join(stochastic)}, or noise_sigma: 0"
            )
        if noise > 0 and self.precision not in self.integrator.noise_precisions:
            raise InputError(
                f"simulation.noise_sigma: {noise:g} is not for simulation.precision = {self.precision!r}; allowed: "
                f"noise_sigma: 0, or precision: {' or '.join(self.integrator.noise_precisions)}"
            )
        check_tau("simulation.noise_tau_ms", self.noise_tau_ms)
        for name in (COMMON, TAU):
            if getattr(self, name) > 0 and not noise > 0:
                raise InputError(
                    f"simulation.{name}: {getattr(self, name):g} without noise, for simulation.noise_sigma is 0; "
                    f"allowed: 0, or noise_sigma > 0"
                )

    def _check_step(self, step: float, fastest_rate: float, time_factor: float) -> None:
        """Whether a step that the user has chosen, or the method, fits the samples and the method."""
        if step < SHORTEST_STEP_MS:
            raise InputError(
                f"simulation.dt_ms: {step:g} is shorter than any method needs: below {SHORTEST_STEP_MS:g} ms "
                f"rounding errors grow and nothing is gained; allowed: >= {SHORTEST_STEP_MS:g}"
            )
        if step > self.sample_ms:
            raise InputError(
                f"simulation.dt_ms: {step:g} is larger than simulation.sample_ms = {self.sample_ms:g}; "
                "allowed: a divisor of sample_ms"
            )
        if not is_multiple(self.sample_ms, step):
            raise InputError(
                f"simulation.dt_ms: {step:g} does not divide simulation.sample_ms = {self.sample_ms:g}; "
                "allowed: a divisor of sample_ms"
            )
        if self.integrator.watches:
            check_step("simulation.dt_ms", step, time_factor)
        # bursts that grow blow up before: `ngnmm_core.preflight.step_trial` finds out where
        largest = self.integrator.stability / fastest_rate * (self.substeps if self.integrator.local_steps else 1)
        if step > largest:
            raise InputError(
                f"simulation.dt_ms: {step:g} is unstable for method {self.method} in this model; "
                f"allowed: at most {largest:.2g}, less at strong coupling"
            )

    def steps_per_sample(self, step_ms: float) -> int:
        """Integration steps of that length between samples."""
        return round(self.sample_ms / step_ms)

    @property
    def transient_samples(self) -> int:
        """Samples in the transient."""
        return round(self.transient_ms / self.sample_ms)

    @property
    def window_samples(self) -> int:
        """Samples in the window that is analysed."""
        return round(self.duration_ms / self.sample_ms) - self.transient_samples


def _transient_ms(values: dict[str, Any]) -> float | None:
    """Give the transient's share of the duration in whole samples; None if the duration is not given or no number."""
    try:
        duration_ms, sample_ms = (Fraction(str(values.get(key, "0.2"))) for key in ("duration_ms", "sample_ms"))
        samples = round(duration_ms * TRANSIENT_SHARE / sample_ms)
    except (ValueError, ZeroDivisionError):
        return None  # refused by the field itself
    return float(samples * sample_ms) if "duration_ms" in values else None
