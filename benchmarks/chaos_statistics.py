"""Whether cheaper methods leave the statistics of chaotic states alone, for docs/accuracy.md.

    python -m benchmarks.chaos_statistics [seconds of the window, 5]

Trajectories of different methods part within a second; what must agree, within the scatter between seeds, are rates,
spectra, functional connectivity, synchrony and the largest Lyapunov exponent.  `rk4` at half its step, eight seeds, is
compared with the other methods at the same seeds, and with itself at eight other seeds, which shows what the scatter
alone does.  About five minutes on one core with a window of 3 s.
"""

import logging
import sys

import numpy as np

from benchmarks.chaos_figure import draw
from benchmarks.documents import DOCS, replace_part, table
from benchmarks.problem import MODEL, STEPS_MS, brain, new_run, points_at, start_of
from ngnmm_core.analysis.fc import FcOptions, FcReducer
from ngnmm_core.analysis.rates import RatesOptions, RatesReducer
from ngnmm_core.analysis.spectra import SpectraOptions, SpectraReducer
from ngnmm_core.analysis.synchrony import SynchronyOptions, SynchronyReducer
from ngnmm_core.connectome import Connectome
from ngnmm_core.plotting.parts.save import save
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator

PLACES = ((13, 5), (10, 11), (9.9, 9))
SEEDS = np.arange(8)
REFERENCE, NULL, DEFAULT, SINGLE = "rk4", "rk4, other seeds", "riccati", "riccati, float32"
# name: (method, precision, seeds)
CASES = {
    REFERENCE: ("rk4", "float64", SEEDS),
    NULL: ("rk4", "float64", SEEDS + 100),
    DEFAULT: ("riccati", "float64", SEEDS),
    SINGLE: ("riccati", "float32", SEEDS),
}
REDUCERS = (
    (RatesReducer, RatesOptions()),
    (SpectraReducer, SpectraOptions()),
    (FcReducer, FcOptions()),
    (SynchronyReducer, SynchronyOptions()),
)
EXPONENT_STEPS_MS = STEPS_MS | {"rk4": 0.005}
STEPS_OF_RUNS_MS = {"rk4": 0.005}  # of others their own
TRANSIENT_MS = 2000.0
SEPARATION = {"float64": 1e-6, "float32": 1e-2}  # of the two trajectories of an exponent, far above rounding
EXPONENT_SETTLES_MS, EXPONENT_MS, INTERVAL_MS = 500.0, 2000.0, 1.0


def simulate(W, place, case, window_ms: float) -> dict[str, np.ndarray]:
    """Statistics [seed, ...] of one point with one method."""
    method, precision, seeds = case
    times = {"duration_ms": TRANSIENT_MS + window_ms, "transient_ms": TRANSIENT_MS}
    settings = Simulation(method=method, precision=precision, dt_ms=STEPS_OF_RUNS_MS.get(method), **times)
    results = Simulator(MODEL, Connectome(W), settings, REDUCERS).run(points_at([place] * len(seeds), seeds))
    return {
        "rates": results["firing_rate"].reshape(len(seeds), -1),
        "spectrum": np.log10(results["power_spectrum"].mean(axis=1)[:, 1:]),
        "FC": results["fc"].reshape(len(seeds), -1),
        "synchrony": results["synchrony"][:, None],
        "exponent": largest_exponent(W, place, case)[:, None],
    }


def largest_exponent(W, place, case) -> np.ndarray:
    """Largest Lyapunov exponent of the network, [seed] in 1/ms: the growth of a small difference, put back regularly.

    What a method remembers (past values of the coupling) belongs to its state, and is put back in proportion.
    """
    method, precision, seeds = case
    points = points_at([place] * len(seeds), seeds)
    start = start_of(points, len(W), False)
    base, other = (new_run(W, points, start, method, precision) for _ in range(2))
    dt_ms, distance = EXPONENT_STEPS_MS[method], SEPARATION[precision]
    steps = round(INTERVAL_MS / dt_ms)
    shift = np.random.default_rng(5).standard_normal(base.states.shape[1:3])
    base.advance(dt_ms, steps, round(EXPONENT_SETTLES_MS / INTERVAL_MS))
    other.advance(dt_ms, steps, round(EXPONENT_SETTLES_MS / INTERVAL_MS))
    other.states[:] += distance / np.linalg.norm(shift) * shift[None, :, :, None]
    growth, intervals = 0.0, round(EXPONENT_MS / INTERVAL_MS)
    for k in range(2 * intervals // 10 + intervals):
        for run in (base, other):
            run.advance(dt_ms, steps, 1)
        length = np.sqrt(((other.states.astype(float) - base.states) ** 2).sum(axis=(1, 2)))  # [group, lane]
        if k >= 2 * intervals // 10:  # until then the difference turns to the direction that grows most
            growth = growth + np.log(length / distance)
        _put_back(base, other, distance / length)
    return (growth / intervals / INTERVAL_MS).ravel()[: len(seeds)]


def _put_back(base, other, factor) -> None:
    groups, regions, _, width = base.shape
    pairs = [(other.states, base.states, factor[:, None, None])]
    for ours, theirs in ((other.work.sent, base.work.sent), (other.work.past, base.work.past)):
        if ours.size % (groups * regions * width) == 0:
            shape = (-1, groups, regions, width)
            pairs.append((ours.reshape(shape), theirs.reshape(shape), factor[None, :, None]))
    for ours, theirs, scale in pairs:
        ours[...] = theirs + (ours - theirs) * scale


def deviation(found: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """RMS of the difference of the means over its standard error, and of the difference itself."""
    difference = np.nanmean(found, axis=0) - np.nanmean(expected, axis=0)
    error = np.sqrt((np.nanvar(found, axis=0, ddof=1) + np.nanvar(expected, axis=0, ddof=1)) / len(found))
    return float(np.sqrt(np.mean((difference / error) ** 2))), float(np.sqrt(np.mean(difference**2)))


def deviations(results) -> list[list[str]]:
    """Rows of the table: for every quantity and point, the deviation of each method in standard errors."""
    rows = []
    for quantity in ("rates", "spectrum", "FC", "synchrony", "exponent"):
        for place in PLACES:
            of = results[place]
            row = [f"{quantity}, {place}"]
            for name in (NULL, DEFAULT, SINGLE):
                relative, absolute = deviation(of[name][quantity], of[REFERENCE][quantity])
                row.append(f"{relative:.2f} ({absolute:.2g})")
            rows.append(row)
    return rows


def exponents(results) -> list[list[str]]:
    """Rows of the table: the largest exponent with its standard error, by point."""
    rows = []
    for place in PLACES:
        values = [results[place][name]["exponent"].ravel() for name in CASES]
        rows.append([str(place), *(f"{v.mean():.4f} ± {v.std(ddof=1) / np.sqrt(len(v)):.4f}" for v in values)])
    return rows


def main() -> None:
    """Simulates, writes the part of docs/accuracy.md and the figure."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    window_ms = 1000.0 * float(sys.argv[1] if len(sys.argv) > 1 else 5)
    W, name = brain()
    results = {}
    for place in PLACES:
        results[place] = {case: simulate(W, place, CASES[case], window_ms) for case in CASES}
        logging.info("%s done", place)
    header = ["quantity, (I_ext_e, G)", NULL, DEFAULT, SINGLE]
    text = (
        f"On {name}; {len(SEEDS)} seeds, windows of {window_ms / 1000:g} s after {TRANSIENT_MS / 1000:g} s.\n\n"
        + table(header, deviations(results))
        + "\n\nLargest Lyapunov exponent of the network (1/ms), mean and standard error:\n\n"
        + table(["(I_ext_e, G)", *CASES], exponents(results))
    )
    replace_part(DOCS / "accuracy.md", "chaos", text)
    figure = draw(results, PLACES, list(CASES))
    save(figure, DOCS / "accuracy" / "chaos_statistics.png", DOCS / "accuracy" / "chaos_statistics.svg")


if __name__ == "__main__":
    main()
