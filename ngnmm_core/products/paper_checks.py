"""Checks of the paper's study: our numbers beside those of independent methods, with the tolerance that they allow.

The reference (`tests/reference/homogeneous_system.json`) comes from exact root finding, AUTO-07p, a Taylor integrator,
DOP853 with Newton shooting, and long Benettin runs; its `methods` say which is which.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.continuation.diagram import diagram
from ngnmm_core.dynamics.continuation.system import System
from ngnmm_core.dynamics.dispersion import dispersions
from ngnmm_core.dynamics.equilibrium_branch import EquilibriumSystem
from ngnmm_core.dynamics.lyapunov_runs import Settings, lyapunov_exponents
from ngnmm_core.models import get_model
from ngnmm_core.models._base import Model

if TYPE_CHECKING:
    import xarray as xr

# What the accuracy of the reference allows: bifurcations of equilibria and of cycles (in the input), growth rates
# (1/ms), periods (relative), Lyapunov exponents (combined standard errors).
EQUILIBRIUM, CYCLE, GROWTH, PERIOD, SIGMAS = 1e-6, 1e-5, 1e-6, 1e-6, 3.0
LYAPUNOV_MS, TRANSIENT_MS = 100_000.0, 4000.0
EXACT_ZERO = 1e-5  # 1/ms: a zero exponent comes out as small as the run is long
# PAPER.md's counts for its own connectome: (I_ext_e, G), unstable modes, largest growth rate in 1/ms
COUNTS = (((13.0, 5.0), 5, 0.003896), ((15.0, 9.0), 79, 0.017361))
PAPER_CONNECTOME = "sc2017.dat"


@dataclass(frozen=True)
class Check:
    """One quantity: what it is, the reference, ours, and how far they may be apart."""

    quantity: str
    reference: float
    ours: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether ours is within the tolerance; a number that is missing is not."""
        return bool(abs(self.ours - self.reference) <= self.tolerance)


def all_checks(reference: Mapping[str, Any], points: "xr.Dataset") -> list[Check]:
    """Every check; `points` is the paper's `highlights.nc` of single points."""
    model = get_model("ei_ngnmm")
    return [
        *equilibrium_checks(model, reference["equilibrium_bifurcations"]),
        *cycle_checks(model, reference["cycle_bifurcations"]),
        *dispersion_checks(model, reference["dispersion"]),
        *lyapunov_checks(model, reference["lyapunov"]),
        *count_checks(points),
    ]


def equilibrium_checks(model: Model, entries: Iterable[Mapping[str, Any]]) -> Iterator[Check]:
    """Saddle-node and Hopf points: input, and period at a Hopf point."""
    for entry in entries:
        parameters = model.resolve({"G": entry["G"], "Delta": entry["Delta"]})
        near = entry["I_ext_e"]
        found = EquilibriumSystem(model, parameters, entry["G"]).bifurcations(near - 1.0, near + 1.0)
        same = [b for b in found if b.kind == entry["type"]]
        best = min(same, key=lambda b: abs(b.drive - near), default=None)
        name = f"{entry['type']} of equilibria, G = {entry['G']:g}, Delta = {entry['Delta']:g}"
        yield Check(f"{name}: I_ext_e", near, best.drive if best else np.nan, EQUILIBRIUM)
        if entry["period_ms"]:
            period = best.period if best else np.nan
            yield Check(f"{name}: period (ms)", entry["period_ms"], period, PERIOD * entry["period_ms"])


def cycle_checks(model: Model, entries: Iterable[Mapping[str, Any]]) -> Iterator[Check]:
    """Period doublings and folds of the cycle that is born at the Hopf points, by continuation."""
    entries = list(entries)
    for coupling in dict.fromkeys(entry["G"] for entry in entries):
        result = diagram(System(model, {"G": coupling}, 1.0, ("I_ext_e",)), (0.0, 16.0), doublings=0)
        found = [b for _, branch in result.cycles for b in branch.special]
        for entry in (e for e in entries if e["G"] == coupling):
            same = [b for b in found if b.kind == entry["type"]]
            away = [abs(b.cycle.p[0] - entry["I_ext_e"]) for b in same]
            best = same[int(np.argmin(away))] if same else None
            name = f"{entry['type']} of cycles, G = {coupling:g}"
            yield Check(f"{name}: I_ext_e", entry["I_ext_e"], best.cycle.p[0] if best else np.nan, CYCLE)
            period = best.cycle.period if best else np.nan
            yield Check(f"{name}: period (ms)", entry["period_ms"], period, CYCLE * entry["period_ms"])


def dispersion_checks(model: Model, entries: Iterable[Mapping[str, Any]]) -> Iterator[Check]:
    """Periods, and growth rates at several Lambda."""
    entries = list(entries)
    modes = np.array([float(x) for x in entries[0]["growth_rate"]])
    values = {name: np.array([float(e[name]) for e in entries]) for name in ("I_ext_e", "G")}
    parameters = {n: np.broadcast_to(v, len(entries)).astype(float) for n, v in model.resolve(values).items()}
    attractors = find_attractors(model, parameters, 1.0)
    rates = dispersions(model, parameters, 1.0, attractors, modes).growth_rate
    for entry, attractor, rate in zip(entries, attractors, rates, strict=True):
        name = f"{entry['regime']} at ({entry['I_ext_e']:g}, {entry['G']:g})"
        if "period_ms" in entry:
            yield Check(f"{name}: period (ms)", entry["period_ms"], attractor.period, PERIOD * entry["period_ms"])
        for key, ours in zip(entry["growth_rate"], rate, strict=True):
            yield Check(f"{name}: growth rate (1/ms) at Lambda = {key}", entry["growth_rate"][key], float(ours), GROWTH)


def lyapunov_checks(model: Model, entries: Iterable[Mapping[str, Any]]) -> Iterator[Check]:
    """Lyapunov exponents of the homogeneous system, within three standard errors of both."""
    entries = list(entries)
    values = {name: np.array([float(e[name]) for e in entries]) for name in ("I_ext_e", "G")}
    parameters = {n: np.broadcast_to(v, len(entries)).astype(float) for n, v in model.resolve(values).items()}
    count = len(entries[0]["lambda"])
    gains, start = np.stack([values["G"]] * 2), np.repeat(model.nominal[:, None], len(entries), axis=1)
    found = lyapunov_exponents(model, parameters, gains, start, Settings(count, LYAPUNOV_MS, TRANSIENT_MS))
    for k, entry in enumerate(entries):
        for j, value in enumerate(entry["lambda"]):
            error = np.hypot(entry["standard_error"][j], found.errors[j, k])
            name = f"Lyapunov exponent {j + 1} (1/ms) at ({entry['I_ext_e']:g}, {entry['G']:g}), {entry['regime']}"
            yield Check(name, value, float(found.values[j, k]), float(SIGMAS * error + EXACT_ZERO))


def count_checks(points: "xr.Dataset") -> Iterator[Check]:
    """Unstable modes on the paper's connectome; nothing for another one."""
    if points.attrs.get("connectome_source") != PAPER_CONNECTOME:
        return
    for (drive, coupling), modes, rate in COUNTS:
        match = (points["I_ext_e"].values == drive) & (points["G"].values == coupling)
        point = points.isel(highlight=int(np.argmax(match)))
        name = f"sc2017 at ({drive:g}, {coupling:g})"
        yield Check(f"{name}: unstable modes", modes, float(point["unstable_modes"]), 0.0)
        largest = float(point["msf"].isel(mode=slice(1, None)).max())
        yield Check(f"{name}: largest growth rate (1/ms)", rate, largest, 1e-6)


def as_markdown(checks: Iterable[Check]) -> str:
    """Format the checks as a table."""
    lines = ["| quantity | reference | ours | difference | allowed | |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for check in checks:
        difference = check.ours - check.reference
        verdict = "ok" if check.passed else "FAILED"
        lines.append(
            f"| {check.quantity} | {check.reference:.10g} | {check.ours:.10g} | {difference:.1e} | "
            f"{check.tolerance:.1e} | {verdict} |"
        )
    return "\n".join(lines) + "\n"
