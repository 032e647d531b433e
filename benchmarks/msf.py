"""How long the master stability function and the Lyapunov spectra take; writes docs/benchmarks/msf.md.

    python benchmarks/msf.py                    a sample of the paper's mesh, and one spectrum (some minutes)
    python benchmarks/msf.py --full             all 321 x 601 points as well, in two processes
    python benchmarks/msf.py --fine             the spectrum once more with steps of 0.01 ms, for the error

All times are CPU seconds of one thread.  The paper's matrix is used if NGNMM_SC2017 names it, else a made-up symmetric
one of 90 regions: the times do not depend on it.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ngnmm_core.compilation.cpu_target import processor
from ngnmm_core.connectome import read_connectome_file, spectrum
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.attractor_exponents import transverse_spectra
from ngnmm_core.dynamics.dispersion import dispersions
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.lyapunov_runs import ALIGNING_MS, Settings
from ngnmm_core.dynamics.network_exponents import NetworkSettings, network_exponents
from ngnmm_core.dynamics.regimes import IRREGULAR, REGIMES
from ngnmm_core.models import get_model
from ngnmm_core.points import make_points
from ngnmm_core.simulation.initial_states import perturbed

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "msf.md"
CURRENTS, COUPLINGS = np.round(np.arange(321) * 0.05, 6), np.round(np.arange(601) * 0.05, 6)
MODEL = get_model("ei_ngnmm")
TRANSVERSE_MS = 10000.0
PARTS = 32  # of the whole mesh, about as large as the shards of a study
THREADS = "OPENBLAS_NUM_THREADS"


def connectome() -> np.ndarray:
    """A row-normalised matrix of 90 regions."""
    path = os.environ.get("NGNMM_SC2017")
    if path:
        W = read_connectome_file(path).weights.astype(float)
    else:
        W = np.random.default_rng(0).lognormal(0.0, 2.0, (90, 90))
        W = W + W.T
    np.fill_diagonal(W, 0.0)
    return W / W.sum(axis=1, keepdims=True)


def mesh(currents: np.ndarray, couplings: np.ndarray) -> dict[str, np.ndarray]:
    """Parameters of all points of a mesh."""
    drive, G = np.meshgrid(currents, couplings, indexing="ij")
    return make_points(MODEL, {}, {"I_ext_e": drive.ravel(), "G": G.ravel()}, G.size).parameters


def timed(work, *arguments):
    """The result, and the CPU seconds that it took."""
    start = time.process_time()
    result = work(*arguments)
    return result, time.process_time() - start


def stages(parameters: dict[str, np.ndarray], modes: np.ndarray) -> tuple[dict[str, float], list]:
    """CPU seconds of the parts of the stage `msf`, and the attractors."""
    found, first = timed(find_attractors, MODEL, parameters, 1.0)
    attractors, second = timed(classify, MODEL, parameters, 1.0, found)
    _, third = timed(dispersions, MODEL, parameters, 1.0, attractors, modes)
    return {"attractors": first, "chaos and tori": second, "growth rates": third}, attractors


def _strip(currents: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    times, attractors = stages(mesh(currents, COUPLINGS), spectrum(connectome()).values)
    return times, np.bincount([a.regime for a in attractors], minlength=len(REGIMES))


def warm(modes: np.ndarray) -> None:
    """Compiles everything."""
    few = mesh(np.array([9.0, 10.0, 15.0]), np.array([11.0]))
    transverse_spectra(MODEL, few, 1.0, stages(few, modes)[1], modes, Settings(1, 100.0, ALIGNING_MS))


class Sample(NamedTuple):
    """A sample of the paper's mesh: parameters, attractors, CPU seconds of the parts, and ms per cycle given."""

    parameters: dict[str, np.ndarray]
    attractors: list
    times: dict[str, float]
    growth_ms: float

    @property
    def minutes(self) -> float:
        """What the whole mesh would take on two cores."""
        return sum(self.times.values()) / len(self.attractors) * len(CURRENTS) * len(COUPLINGS) / 120.0


def sample(stride: int, modes: np.ndarray) -> Sample:
    """Every `stride`-th point of the paper's mesh in both directions."""
    parameters = mesh(CURRENTS[stride // 4 :: stride], COUPLINGS[stride // 3 :: stride])
    times, attractors = stages(parameters, modes)
    cycles = [k for k, a in enumerate(attractors) if a.orbit is not None]
    some = {name: values[cycles] for name, values in parameters.items()}
    _, growth = timed(dispersions, MODEL, some, 1.0, [attractors[k] for k in cycles], modes)
    return Sample(parameters, attractors, times, 1e3 * growth / max(len(cycles), 1))


def report_mesh(stride: int, modes: np.ndarray) -> list[str]:
    """A sample of the paper's mesh."""
    found = sample(stride, modes)
    parameters, attractors, times, growth_ms = found
    count, total = len(attractors), sum(times.values())
    irregular = [k for k, a in enumerate(attractors) if a.regime >= IRREGULAR - 2]
    chosen = {name: values[irregular] for name, values in parameters.items()}
    settings = Settings(1, TRANSVERSE_MS, ALIGNING_MS)
    some = [attractors[k] for k in irregular]
    _, transverse = timed(transverse_spectra, MODEL, chosen, 1.0, some, modes, settings)
    whole = len(CURRENTS) * len(COUPLINGS)
    again = total + transverse
    lines = [f"| {name} | {1e3 * seconds / count:.2f} |" for name, seconds in times.items()]
    regimes = np.bincount([a.regime for a in attractors], minlength=len(REGIMES))
    return [
        f"## Sample of the paper's mesh: {count} points (every {stride}th in both directions), {len(modes)} modes",
        "",
        "| part | ms per point |",
        "| --- | --- |",
        *lines,
        f"| all | {1e3 * total / count:.2f} |",
        "",
        f"- {whole} points on two cores, extrapolated: {found.minutes:.1f} minutes (aim: 3)",
        f"- growth rates of {len(modes)} modes on a cycle, orbit given: {growth_ms:.2f} ms per point (aim: 0.5)",
        f"- transverse exponents over {TRANSVERSE_MS:g} ms: {transverse / max(len(irregular), 1):.2f} s per chaotic "
        f"point; that pass, attractors included, on two cores: {again / count * whole / 120:.1f} minutes (aim: 20)",
        f"- regimes: {', '.join(f'{n} {name}' for n, name in zip(regimes, REGIMES, strict=True) if n)}",
        "",
    ]


def report_full() -> list[str]:
    """The paper's mesh, in two processes."""
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(_strip, [CURRENTS[k::PARTS] for k in range(PARTS)]))  # each takes about as long
    wall = time.perf_counter() - began
    cpu = sum(sum(times.values()) for times, _ in results)
    regimes = sum(counts for _, counts in results)
    return [
        f"## The paper's mesh: {regimes.sum()} points, two processes",
        "",
        f"- {wall / 60:.1f} minutes ({cpu / 60:.1f} CPU minutes)",
        f"- regimes: {', '.join(f'{n} {name}' for n, name in zip(regimes, REGIMES, strict=True) if n)}",
        "",
    ]


def network() -> tuple[np.ndarray, dict[str, float], np.ndarray]:
    """Weights, parameters and start of the network whose spectrum is timed."""
    W = connectome()
    parameters = {name: float(value) for name, value in MODEL.resolve({"I_ext_e": 10.0, "G": 9.0}).items()}
    return W, parameters, perturbed(MODEL, np.tile(MODEL.nominal, (1, len(W), 1)), np.array([0]), 0.01)[0]


def report_spectrum(fine: bool) -> list[str]:
    """The spectrum of the network at (I_ext_e, G) = (10, 9): 90 exponents over 7000 ms."""
    W, parameters, state = network()
    network_exponents(MODEL, W, parameters, state, NetworkSettings(1, 1.0, 1.0))
    lines = [f"## Spectrum of the network, 90 exponents of {state.size}, 7000 ms after 300 ms, at (10, 9)", ""]
    lines += [
        "| step (ms) | CPU seconds (aim: 12) | first exponents (1/ms) | standard errors |",
        "| --- | --- | --- | --- |",
    ]
    found = []
    for dt in (None, 0.01) if fine else (None,):
        settings = NetworkSettings(90, dt_ms=dt)
        spectrum_found, seconds = timed(network_exponents, MODEL, W, parameters, state, settings)
        found.append(spectrum_found)
        parts = (spectrum_found.values, spectrum_found.errors)
        numbers = [", ".join(f"{x:.5f}" for x in part[:3]) for part in parts]
        lines.append(f"| {spectrum_found.dt_ms:g} | {seconds:.1f} | {numbers[0]} | {numbers[1]} |")
    if fine:
        one, other = found
        ratio = np.abs(one.values - other.values) / np.hypot(one.errors, other.errors)
        lines += ["", f"Difference in standard errors: median {np.median(ratio):.2f}, largest {ratio.max():.2f} of 90."]
    return [*lines, ""]


def main() -> None:
    """Writes the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stride", type=int, default=12, help="of the sample of the mesh")
    parser.add_argument("--full", action="store_true", help="all points of the mesh as well")
    parser.add_argument("--fine", action="store_true", help="the spectrum with steps of 0.01 ms as well")
    options = parser.parse_args()
    if os.environ.get(THREADS) != "1":  # the library reads it when it is loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {THREADS: "1"})
    modes = spectrum(connectome()).values
    warm(modes)
    lines = [
        "# Master stability function and Lyapunov spectra: time",
        "",
        f"`python benchmarks/msf.py`, {processor()}.",
        "",
    ]
    lines += report_mesh(options.stride, modes)
    if options.full:
        lines += report_full()
    lines += report_spectrum(options.fine)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
