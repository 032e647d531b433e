"""Results of the benchmark in files, put together from runs of several sizes of networks."""

from benchmarks.bench_report import target_table
from benchmarks.rounds import Case, Results, yardstick

RICCATI = Case("engine", "riccati", "float64", 90, 1)


def run(regions, scale):
    cases = [RICCATI, RICCATI._replace(method="riccati with maps"), yardstick(90)]
    cases = [case._replace(regions=regions) for case in cases]
    seconds = {case: [scale * k, 2.0 * scale * k] for k, case in enumerate(cases, 1)}
    peaks = {(dtype, regions): [80.0, 90.0] for dtype in ("float64", "float32")}
    about, spans = {regions: {"date": f"day {scale:g}"}}, dict.fromkeys(cases, 5.0)
    return Results(seconds, peaks=peaks, about=about, simulated_ms=spans)


def test_sizes_of_networks_are_added_and_replaced(tmp_path):
    path = tmp_path / "kept.json"
    run(10, 1.0).joined(run(90, 2.0)).save(path)
    both = Results.read(path)
    assert both == run(10, 1.0).joined(run(90, 2.0))
    again = both.joined(run(90, 3.0))
    assert again.about == {10: {"date": "day 1"}, 90: {"date": "day 3"}}
    assert again.seconds[RICCATI] == [3.0, 6.0]
    assert again.seconds[RICCATI._replace(regions=10)] == [1.0, 2.0]


def test_the_ratio_to_the_yardstick_is_that_of_neighbours_in_time():
    results = run(90, 1.0)
    assert results.ratio(RICCATI, yardstick(90)) == 1.0 / 3.0
    results.beside[RICCATI] = [2.0, 4.0]
    assert results.ratio(RICCATI, yardstick(90)) == 0.5
    assert results.ratio(RICCATI._replace(method="riccati with maps"), RICCATI) == 2.0  # not the yardstick


def test_what_maps_cost_is_told_beside_the_same_method_without():
    rows = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in target_table(run(90, 1.0)).splitlines()}
    assert rows["`riccati`, maps per region over none"] == "2.000"
    assert rows["`multirate`, maps per region over none"] == "-"
    assert rows["the default: `riccati`, 0.1 ms"] == "0.333"
