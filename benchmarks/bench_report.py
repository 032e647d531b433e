"""Writes what `benchmarks.bench` measured: docs/benchmarks/README.md, benchmarks.csv and a figure."""

import csv
import statistics
from importlib.metadata import PackageNotFoundError, version

from benchmarks import exact_flow
from benchmarks.bench_figure import draw
from benchmarks.documents import DOCS, replace_part, table
from benchmarks.rounds import Case, Results, yardstick
from ngnmm_core.plotting.parts.save import save

FOLDER = DOCS / "benchmarks"
PACKAGES = ("ngnmm-core", "numba", "llvmlite", "numpy", "scipy")
C_NAMES = {"rk4": "C yardstick, RK4", "riccati": "C, exact flow"}
NAMES = {"solve_ivp": "scipy solve_ivp", "odeint": "odeint, Python loop", "tvb": "TVB"}
# what, case (method, precision, regions), largest ratio to the yardstick, smallest share of the peak
TARGETS = (
    ("`rk4`, 90 regions", ("rk4", "float64", 90), 1.05, 0.85),
    ("`rk4`, 94 regions", ("rk4", "float64", 94), None, 0.75),
    ("`rk4`, 1000 regions", ("rk4", "float64", 1000), None, 0.75),
    ("the default: `riccati`, 0.1 ms", ("riccati", "float64", 90), 0.15, None),
    ("fast scans: `riccati`, 0.1 ms, float32", ("riccati", "float32", 90), 0.08, None),
    ("`riccati`, 0.1 ms, with noise", ("riccati with noise", "float64", 90), 0.25, None),
    ("`riccati`, 0.1 ms, delays at 10 m/s, interpolated", ("riccati with delays", "float64", 90), 0.42, None),
    ("`riccati`, 0.1 ms, delays at 10 m/s, rounded", ("riccati with rounded delays", "float64", 90), 0.24, None),
    ("other models: `multirate`", ("multirate", "float64", 90), 0.35, None),
    ("other models: `multirate`, float32", ("multirate", "float32", 90), 0.15, None),
    ("`heun` with noise", ("heun", "float64", 90), 0.80, None),
)
MOST_OF_MAPS = 1.15


def label(case: Case) -> str:
    """What a case is called in tables and figures."""
    name = C_NAMES[case.method] if case.kind == "c" else NAMES.get(case.method, case.method)
    return name + (", float32" if case.dtype == "float32" else "")


def _number(value, digits: str) -> str:
    return "-" if value is None else format(value, digits)


def scaling(results: Results, case: Case) -> float | None:
    """What two processes at once are worth: 1 if neither slows the other down."""
    return results.ratio(case._replace(processes=1), case._replace(processes=2))


def main_table(results: Results) -> str:
    """CPU time and ratio to the yardstick, one row per method, and one column per size of network."""
    singles = [case for case in (*results.seconds, *results.missing) if case.processes == 1]
    regions = sorted({case.regions for case in singles})
    rows = []
    for name in dict.fromkeys(label(case) for case in singles):
        row = [name]
        for n in regions:
            case = next((c for c in singles if label(c) == name and c.regions == n), None)
            seconds = results.median(case) if case else None
            ratio = results.ratio(case, yardstick(n)) if case else None
            row.append("-" if seconds is None else f"{seconds:.3g} ({ratio:.2f})")
        rows.append(row)
    return table(["CPU seconds per simulated second and point (ratio)", *(f"{n} regions" for n in regions)], rows)


def target_table(results: Results) -> str:
    """The targets beside what was measured."""
    rows = []
    for name, (method, dtype, regions), ratio, share in TARGETS:
        case = Case("engine", method, dtype, regions, 1)
        found = results.ratio(case, yardstick(regions))
        part = results.share_of_peak(case) if method == "rk4" else None
        rows.append([name, _number(found, ".3f"), _number(ratio, ".2f"), _number(part, ".2f"), _number(share, ".2f")])
    ours, theirs = (scaling(results, c) for c in (Case("engine", "riccati", "float64", 90, 1), yardstick(90)))
    worth = None if ours is None or theirs is None else ours / theirs
    rows.append(["two processes, scaling over the yardstick's", _number(worth, ".3f"), ">= 0.97", "-", "-"])
    for method in ("riccati", "multirate"):
        plain = Case("engine", method, "float64", 90, 1)
        found = results.ratio(plain._replace(method=f"{method} with maps"), plain)
        rows.append([f"`{method}`, maps per region over none", _number(found, ".3f"), f"{MOST_OF_MAPS:.2f}", "-", "-"])
    return table(["", "ratio", "at most", "share of peak", "at least"], rows)


def exact_flow_table(results: Results) -> str:
    """Steps, errors and times of the exact flow at the points of its targets; empty where they were not measured."""
    cases = {dtype: Case("engine", "riccati", dtype, 90, 1) for dtype in ("float64", "float32")}
    ratios = {dtype: results.ratio(case, yardstick(90)) for dtype, case in cases.items()}
    if None in ratios.values():
        return ""
    header = ["`riccati`, 90 regions", "steps in ms (points)", "error", "at most", "ratio", "at most (one unit; two)"]
    return table(header, exact_flow.table_rows(ratios))


def scaling_table(results: Results) -> str:
    """What two processes at once are worth, by method and size."""
    cases = [case for case in results.seconds if case.processes == 2]
    regions = sorted({case.regions for case in cases})
    rows = []
    for name in dict.fromkeys(label(case) for case in cases):
        values = [
            next((scaling(results, c) for c in cases if label(c) == name and c.regions == n), None) for n in regions
        ]
        rows.append([name, *(_number(v, ".2f") for v in values)])
    return table(["CPU time alone over CPU time beside another", *(f"{n} regions" for n in regions)], rows)


def _versions() -> str:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def _machine(results: Results) -> str:
    """Say in which runs, on what and with which versions numbers were measured."""
    runs: dict[str, list[int]] = {}
    for regions, about in results.about.items():
        peaks = {dtype: statistics.median(results.peaks[dtype, regions]) for dtype in ("float64", "float32")}
        rounds = len(results.peaks["float64", regions])
        text = (
            f"{about['date']}; {about['processor']}. Peak of fused multiply-adds on one core: {peaks['float64']:.1f} "
            f"GFLOP/s (float64), {peaks['float32']:.1f} (float32), {about['units']}. {rounds} rounds; {about['load']}."
        )
        runs.setdefault(text, []).append(regions)
    named = [f"{', '.join(map(str, sorted(regions)))} regions: {text}" for text, regions in runs.items()]
    return "\n".join([f"{_versions()}.", *named])


def write_targets(results: Results) -> None:
    """Write the targets beside what was measured."""
    parts = [_machine(results), target_table(results), exact_flow_table(results)]
    replace_part(FOLDER / "README.md", "targets", "\n\n".join(part for part in parts if part))


def write(results: Results, shares: dict[str, float]) -> None:
    """Write all files of the report."""
    write_targets(results)
    missing = dict.fromkeys(f"{NAMES.get(c.method, c.method)}: {why}" for c, why in results.missing.items())
    lines = [_machine(results), *(["Missing: " + "; ".join(missing) + "."] if missing else [])]
    job = ", ".join(f"{name} {value:.1f} %" for name, value in shares.items() if not name.startswith("start"))
    parts = [
        "\n".join(lines),
        main_table(results),
        scaling_table(results),
        f"CPU time of a job (90 regions, 16 points, 3 s of which 1 s transient, default method): {job}.",
        f"From the start of a job's process to its first steps, warm cache: {shares['start_cpu']:.1f} s of CPU time, "
        f"{shares['start']:.1f} s on the clock (target: 1 s of CPU time).",
    ]
    replace_part(FOLDER / "README.md", "measured", "\n\n".join(parts))
    _write_csv(results)
    save(draw(results, yardstick, label), FOLDER / "benchmarks.png", FOLDER / "benchmarks.svg")


def _write_csv(results: Results) -> None:
    with (FOLDER / "benchmarks.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", *Case._fields, "cpu_seconds", "ratio_to_yardstick", "rk4_share_of_peak"])
        for case in results.seconds:
            share = results.share_of_peak(case) if case.method == "rk4" else None
            ratio = results.ratio(case, yardstick(case.regions, case.processes))
            writer.writerow([label(case), *case, *(_number(v, ".5g") for v in (results.median(case), ratio, share))])
