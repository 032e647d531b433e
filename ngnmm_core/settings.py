"""The settings of a network simulation, with their defaults, ranges and descriptions."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ngnmm_core.errors import InputError
from ngnmm_core.study.axes import is_multiple


class Section(BaseModel):
    """A part of a study: unknown keys are errors, values can't be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


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
        description="standard deviation of the normal perturbation, in each state's unit; rates are reflected at 0",
    )


class Simulation(Section):
    """The network simulation."""

    duration_ms: float = Field(10000.0, gt=0, description="simulated time, transient included (ms)")
    transient_ms: float = Field(4000.0, ge=0, description="time at the start that is not analysed (ms)")
    dt_ms: float = Field(0.02, gt=0, description="integration step (ms)")
    sample_ms: float = Field(0.2, gt=0, description="time between the samples that are analysed (ms)")
    method: Literal["rk4"] = Field("rk4", description="integration method")
    noise_sigma: float = Field(0.0, ge=0, description="intensity of the additive noise (ms^0.5); 0 is none")
    initial: Initial = Field(Initial(), description="initial states")

    def check(self) -> None:
        """Whether the times fit each other.

        Raises
        ------
        InputError
            Naming the key, its value and what is allowed.
        """
        if self.dt_ms > self.sample_ms:
            raise InputError(
                f"simulation.dt_ms: {self.dt_ms:g} is larger than simulation.sample_ms = {self.sample_ms:g}; "
                "allowed: a divisor of sample_ms"
            )
        if not is_multiple(self.sample_ms, self.dt_ms):
            raise InputError(
                f"simulation.dt_ms: {self.dt_ms:g} does not divide simulation.sample_ms = {self.sample_ms:g}; "
                "allowed: a divisor of sample_ms"
            )
        if self.transient_ms >= self.duration_ms:
            raise InputError(
                f"simulation.transient_ms: {self.transient_ms:g} leaves nothing of simulation.duration_ms = "
                f"{self.duration_ms:g}; allowed: less than duration_ms"
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
        if self.noise_sigma > 0 and self.method != "heun":
            raise InputError(
                f"simulation.noise_sigma: {self.noise_sigma:g} needs a stochastic method, and simulation.method is "
                f"{self.method!r}; allowed: method: heun, or noise_sigma: 0"
            )

    @property
    def steps_per_sample(self) -> int:
        """Integration steps between samples."""
        return round(self.sample_ms / self.dt_ms)

    @property
    def transient_samples(self) -> int:
        """Samples in the transient."""
        return round(self.transient_ms / self.sample_ms)

    @property
    def window_samples(self) -> int:
        """Samples in the window that is analysed."""
        return round(self.duration_ms / self.sample_ms) - self.transient_samples
