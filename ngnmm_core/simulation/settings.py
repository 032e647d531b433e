"""The settings of a network simulation, with their defaults, ranges and descriptions."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Literal

from pydantic import Field, model_validator

from ngnmm_core.kernels.integrators import Integrator
from ngnmm_core.section import Section
from ngnmm_core.simulation.integrators import AUTO, get_integrator, integrator_names, suitable
from ngnmm_core.simulation.lesions import Resection
from ngnmm_core.simulation.step_choice import EDGE_HALVINGS, Ladder, declared_only, only, own_ladder
from ngnmm_core.simulation.stimuli import Stimulus

TRANSIENT_SHARE = Fraction(2, 5)  # of a duration that comes without a transient


def _steps() -> str:
    """Give the steps of all integrators in words."""
    fixed = [name for name in integrator_names() if not get_integrator(name).watches]
    steps = ", ".join(f"{get_integrator(name).step_ms:g} for {name}{_with_delays(name)}" for name in fixed)
    return (
        f"{steps}; with riccati every point chooses its own, 0.1 / 2^k ms. All are multiplied by the factor by which "
        "all time constants are longer than the defaults; `step_ms` of the results tells the step of every point"
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
        "white noise at zero frequency; 0 is white noise, else at least 0.1 (times the factor by which all time "
        "constants are longer than the defaults)",
    )
    velocity_m_per_s: float | None = Field(
        None,
        gt=0,
        description="conduction velocity (m/s): what a region sends arrives after the length of the "
        "tract over the velocity; null: at once",
    )
    delays: Literal["interpolated", "rounded"] = Field(
        "interpolated",
        description="`interpolated`: what was sent between two steps follows from polynomials; `rounded`: delays are "
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

    def resolved(self, exact: bool, largest_noise: float = 0.0) -> "Simulation":
        """Return the settings with the method that `auto` stands for.

        Parameters
        ----------
        exact : bool
            Whether the model declares its QIF populations.
        largest_noise : float
            Of what axes and highlights set `noise_sigma` to.
        """
        if self.method != AUTO:
            return self
        method = suitable(exact, max(self.noise_sigma, largest_noise) > 0, self.precision)
        return self.model_copy(update={"method": method})

    @property
    def longest_step_ms(self) -> float:
        """The step, or the longest that points with a model's default time constants may choose."""
        return self.ladder.steps_ms[0]

    def edge_unit_ms(self, factor: float = 1.0) -> float:
        """Give what the edges of pulses must be multiples of, so that no step straddles one."""
        return self.dt_ms if self.dt_ms is not None else self.own_ladder(factor).steps_ms[0] / 2**EDGE_HALVINGS

    @property
    def ladder(self) -> Ladder:
        """The steps that points with a model's default time constants may have."""
        return self.own_ladder(1.0)

    def own_ladder(self, factor: float, edges_ms: Iterable[float] = (), delayed: bool = False) -> Ladder:
        """Give the steps that a point may have whose time constants are all longer by a factor.

        Parameters
        ----------
        edges_ms : iterable of float
            Times at which its input jumps.
        delayed : bool
            Whether it has conduction delays.
        """
        if self.dt_ms is not None:
            return only(self.dt_ms)
        if self.integrator.watches:
            return own_ladder(self.sample_ms, factor, edges_ms)
        return declared_only(self.integrator.usual_step_ms(delayed), self.sample_ms, factor, edges_ms)

    @property
    def integrator(self) -> Integrator:
        """What the method declares."""
        return get_integrator(self.method)

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
