"""What a comparison with recordings takes: BOLD beside a simulation, linear theory, scores beside ten minutes of BOLD.

    python -m benchmarks.against_recordings

A made-up network of 90 regions; CPU time, one process; writes its part of docs/benchmarks/README.md.
"""

import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.documents import DOCS, replace_part, table
from benchmarks.problem import MODEL, made_network, points_at
from ngnmm_core.analysis.bold import BoldOptions, BoldReducer
from ngnmm_core.api import run_study
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.dataset.fit_scores import with_scores
from ngnmm_core.products.fit_results import FitResults
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.study.load import make_study

DISCARD_S, TRANSIENT_MS = 5.0, 1000.0
SPAN_S = 54.0  # the shortest that gives 60 volumes of 720 ms
RUN_S = 600.0
SUBJECTS, VOLUMES = 7, 1200
LINEAR = (8, 40)  # points of two runs, whose difference holds no start
POPULATION = {"name": "ngnmm_population", "parameters": {"eta": -6.0}}


class _Timed(BoldReducer):
    """Adds up the CPU seconds of all of its kind."""

    seconds = 0.0

    def consume(self, block) -> None:
        start = time.process_time()
        super().consume(block)
        _Timed.seconds += time.process_time() - start

    def finish(self, activity):
        start = time.process_time()
        found = super().finish(activity)
        _Timed.seconds += time.process_time() - start
        return found


def of_bold() -> float:
    """CPU time of a simulation by the default method with BOLD over that without, 8 points."""
    settings = Simulation(duration_ms=1000.0 * SPAN_S + TRANSIENT_MS, transient_ms=TRANSIENT_MS)
    options = BoldOptions(discard_s=DISCARD_S, global_signal="keep")
    brain = Connectome(made_network())
    points = points_at([(15 - 0.1 * k, 5 + 0.1 * k) for k in range(8)], np.arange(8))
    Simulator(MODEL, brain, Simulation(duration_ms=20.0, transient_ms=10.0)).run(points)  # compiles
    _Timed.seconds = 0.0
    start = time.process_time()
    Simulator(MODEL, brain, settings, [(_Timed, options)]).run(points)
    whole = time.process_time() - start
    return whole / (whole - _Timed.seconds)


SIMULATED = {"method": "heun", "dt_ms": 0.1, "sample_ms": 0.5}


def _study(count: int, analyses: dict, normalization: str = "row", most: float = 18.0, **times):
    recordings = {"empirical": {"source": "connectome"}} if "fit" in analyses else {}
    return make_study(
        "benchmark",
        {
            **recordings,
            "connectome": {"name": "notebook"},
            "normalization": normalization,
            "model": POPULATION,
            "grid": {"G": np.linspace(0.2 * most, most, count).tolist()},
            "simulation": {"noise_sigma": 0.1, **(SIMULATED | times if times else {})},
            "analyses": analyses,
        },
    )


def _cpu(function) -> tuple[float, Any]:
    start = time.process_time()
    found = function()
    return time.process_time() - start, found


def of_linear(normalization: str, most: float) -> float:
    """CPU seconds per point of linear theory, all at rest; rows are unequal unless they are normalised."""
    weights = made_network() * np.random.default_rng(2).uniform(0.5, 1.5, (90, 1))
    brain, band = Connectome(weights), {"linear_fc": {"bands_hz": [[0.01, 0.1]]}}

    def run(count: int) -> float:
        seconds, found = _cpu(partial(run_study, _study(count, band, normalization, most), brain))
        if (found["linear_fc_status"] != 0).any():
            raise ValueError(f"linear_fc: points up to G = {most:g} that are not at rest; allowed: rest throughout")
        return seconds

    run(2)  # compiles
    few, many = (run(count) for count in LINEAR)
    return (many - few) / (LINEAR[1] - LINEAR[0])


def of_scores() -> tuple[float, float]:
    """CPU seconds of all scores per point, and their share of a run with BOLD of 10 minutes."""
    brain, labels = Connectome(made_network()), tuple(f"r{k}" for k in range(90))
    brain = Connectome(brain.weights, labels)
    rng, mix = np.random.default_rng(0), np.eye(90) + 0.1 * made_network()
    runs = tuple((mix @ rng.standard_normal((90, VOLUMES)),) for _ in range(SUBJECTS))
    recordings = Recordings(labels, tuple(f"sub-{k}" for k in range(SUBJECTS)), runs, 0.72)
    times = {"duration_ms": 1000.0 * SPAN_S + TRANSIENT_MS, "transient_ms": TRANSIENT_MS}
    bold = {"bold": {"discard_s": DISCARD_S}}
    plain, study = _study(8, bold, **times), _study(8, {**bold, "fit": {"hold_out": "subject"}}, **times)
    run_study(_study(8, {"rates": {}}, duration_ms=50.0, transient_ms=10.0), brain)  # compiles
    simulated, sweep = _cpu(partial(run_study, plain, brain))
    with_scores(study, sweep, recordings)  # imports
    points, scored = _cpu(partial(with_scores, study, sweep, recordings))
    whole = _cpu(FitResults(study, scored, brain, recordings).dataset)[0]
    return (points + whole) / 8, (points + whole) / (simulated * RUN_S / SPAN_S)


def rows() -> list[list[str]]:
    """The table."""
    seconds, share = of_scores()
    return [
        ["`bold`, time with it over time without, default method", f"{of_bold():.3f}", "1.05"],
        ["`linear_fc`, rows normalised, ms per point", f"{1000 * of_linear('row', 18.0):.1f}", "10"],
        ["`linear_fc`, unequal rows, ms per point", f"{1000 * of_linear('max', 2.0):.0f}", "300"],
        [f"scores of {SUBJECTS} subjects with 1000 draws, ms per point", f"{1000 * seconds:.0f}", "-"],
        ["their share of a run with ten minutes of BOLD, %", f"{100 * share:.1f}", "2"],
    ]


def write() -> None:
    """Measures, and writes the part of the page."""
    replace_part(DOCS / "benchmarks" / "README.md", "recordings", table(["", "measured", "at most"], rows()))


if __name__ == "__main__":
    write()
