"""The catalogue: what is announced can be drawn, and the report has a caption for it."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import seaborn  # noqa: F401 - registers its colour maps
from jinja2 import Environment, StrictUndefined
from made_up_datasets import CONFIG, GRID, SPREADING, made_up
from matplotlib import colormaps
from matplotlib.figure import Figure

from ngnmm_core.analysis.maps import COLOUR_MAPS
from ngnmm_core.analysis.registry import analysis_names, get_analysis
from ngnmm_core.orchestration.captions import Captions
from ngnmm_core.plotting.catalogue import MAPS, figures_of
from ngnmm_core.plotting.figure_jobs import figure_files, jobs_of
from ngnmm_core.plotting.parts.captions import describe, facts
from ngnmm_core.study.load import make_study

ROOT = Path(__file__).resolve().parents[2]
HUBS = {"at": [{"G": 2, "I_ext_e": 3}], "seeds": 1, "null_seeds": 3}
CAPTIONS = Captions(ROOT)
HIGHLIGHTS = [{"G": 2}, {"G": 3, "I_ext_e": 13}]


@pytest.fixture
def full(study_of):
    analyses = {"rates": {}, "spectra": {}, "fc": {}, "synchrony": {}, "msf": {}, "hubs": HUBS}
    return study_of(GRID, highlights=HIGHLIGHTS, analyses=analyses)


def stems(study):
    return {entry.stem for entry in figures_of(study)}


def test_a_full_study_has_figures_of_every_family(full):
    maps = {"map_regime", *(drawn.stem for one, options in full.analyses for drawn in one.maps(options))}
    assert len(maps) == 8
    points = {"highlight_1", "highlight_2", "modes_1", "modes_2", "hubs_1", "hubs_2", "hubs_3"}
    assert stems(full) == maps | points | {"connectome"}


@pytest.mark.parametrize("name", analysis_names())
def test_maps_that_are_declared_have_names_of_their_own_and_words(name):
    analysis = get_analysis(name)
    others = [get_analysis(other) for other in analysis_names() if other != name]
    taken = {drawn.name for other in others for drawn in other.maps(other.options())}
    for drawn in analysis.maps(analysis.options()):
        assert drawn.name not in taken
        assert "**" in drawn.caption
        assert colormaps[drawn.look.cmap] is not None


def test_colour_maps_that_may_be_declared_exist():
    for name in COLOUR_MAPS:
        assert {colormaps[name].name, colormaps[f"{name}_r"].name} == {name, f"{name}_r"}


@pytest.mark.slow
def test_every_figure_of_the_catalogue_can_be_drawn(full, connectome_of, hubs_of):
    data = {
        "maps": made_up(full, "sweep.nc"),
        "highlights": made_up(full, "highlights.nc"),
        "connectome": connectome_of(),
        "hubs": hubs_of(3),
    }
    data["modes"] = data["highlights"]
    options = {"modes": {"connectome": data["connectome"]}}
    for entry in figures_of(full):
        module = importlib.import_module(f"ngnmm_core.plotting.{entry.family.name}")
        figure = module.draw(entry.stem, data[entry.family.name], **options.get(entry.family.name, {}))
        assert isinstance(figure, Figure), entry.stem


@pytest.fixture
def spreads_of():
    """`spreads_of(grid)`: a study of spread from a focus, on a grid of stimuli and coupling."""

    def make(grid):
        analyses = {"recruitment": {"threshold_hz": 20}, "dynamic_fc": {}}
        given = {
            "simulation": SPREADING["simulation"],
            "analyses": analyses,
            "highlights": [{"focal.region": 2}],
            "grid": grid,
        }
        return make_study("spreads", CONFIG | given)

    return make


def test_a_spread_over_coupling_and_amplitude_has_maps_and_a_film(spreads_of):
    study = spreads_of({"G": [1, 2, 3, 4], "focal.amplitude": [1, 2, 4, 8, 16]})
    assert stems(study) == {"map_recruited_fraction", "map_median_latency", "connectome", "spread_1"}
    assert {"film_1.gif", "film_1.html", "spread_1.svg"} <= set(figure_files(study))


def test_regions_in_turn_have_a_figure_and_no_maps(spreads_of):
    study = spreads_of({"focal.region": [0, 1, 2, 3, 4, 5], "seed": [0, 1]})
    assert stems(study) == {"region_scan", "connectome", "spread_1"}


@pytest.mark.parametrize(
    "grid", [{"G": [1, 2, 3, 4], "focal.amplitude": [1, 2, 4, 8, 16]}, {"focal.region": [0, 1, 2, 3], "seed": [0, 1]}]
)
def test_every_figure_of_a_spread_can_be_drawn_and_has_a_caption(spreads_of, grid):
    study = spreads_of(grid)
    data = {"maps": made_up(study, "sweep.nc"), "region_scan": made_up(study, "sweep.nc")}
    environment, drawn = Environment(undefined=StrictUndefined), 0
    for job in jobs_of([study]):
        for entry in job.figures:
            if entry.family.name in data:
                drawn += 1
                module = importlib.import_module(f"ngnmm_core.plotting.{entry.family.name}")
                assert isinstance(module.draw(entry.stem, data[entry.family.name]), Figure), entry.stem
            text = Path(CAPTIONS.file("spreads", entry)).read_text(encoding="utf-8")
            assert "2000 ms" in environment.from_string(text).render(snakemake=Params(job))
    assert drawn


@pytest.mark.parametrize("keys", [{"grid": {"G": [5], "seed": [0, 1]}}, {"points": [{"G": 5}]}, {}])
def test_a_single_point_has_no_maps(study_of, keys):
    assert stems(study_of(**keys)) == {"connectome"}


def test_only_analyses_that_were_asked_for_have_figures(study_of):
    assert stems(study_of(GRID, analyses=["msf"])) == {
        "map_growth_rate", "map_unstable_modes", "map_regime", "connectome",
    }  # fmt: skip
    bands = {"spectra": {"bands": {"alpha": [8, 13]}}}
    assert stems(study_of(GRID, analyses=bands)) == {"map_peak_frequency", "map_regime", "connectome"}
    assert "highlight_1" not in stems(study_of(GRID, analyses=["msf"], highlights=HIGHLIGHTS))


def test_figures_of_points_tell_all_their_parameters(full):
    entries = {entry.stem: entry for entry in figures_of(full)}
    assert plain(entries["highlight_2"].point) == "G = 3, Delta = 0.8, I_ext_e = 13, seed = 0"
    expected = {"point": "1", "shows": "activity", "G": "2", "Delta": "0.8", "I_ext_e": "3", "seed": "0"}
    assert entries["highlight_1"].labels == expected
    rows = [(entry.family.category, tuple(entry.labels.items())) for entry in figures_of(full)]
    assert len(set(rows)) == len(rows)  # the report shows one of those that have the same labels
    assert plain(entries["hubs_3"].point) == "G = 2, Delta = 1.2, I_ext_e = 3"


def test_jobs_hold_every_figure_once_and_have_their_own_rules(full):
    other = make_study("a-b/c.d", full.config.model_dump(by_alias=True))
    twin = make_study("a_b/c_d", full.config.model_dump(by_alias=True))
    jobs = jobs_of([full, other, twin])
    assert len({job.rule for job in jobs}) == len(jobs)
    assert all(job.rule.isidentifier() for job in jobs)
    for study in (full, other, twin):
        drawn = [entry.stem for job in jobs if job.study is study for entry in job.figures]
        assert sorted(drawn) == sorted(stems(study))
    assert all(len(job.figures) == 1 for job in jobs if job.family != MAPS)


class Params:
    """Stands for Snakemake's object of that name."""

    def __init__(self, job):
        self.point, self.about, self.facts = job.point, describe(job.study), facts(job.study)
        self.normalization = job.study.config.normalization
        self.params = self


def plain(text):
    """Text of reStructuredText in which marks are escaped, as it is read."""
    return text.replace("\\", "")


def test_every_caption_exists_and_states_the_parameters(full):
    environment = Environment(undefined=StrictUndefined)
    for job in jobs_of([full]):
        for entry in job.figures:
            text = Path(CAPTIONS.file("spreads", entry)).read_text(encoding="utf-8")
            shown = environment.from_string(text).render(snakemake=Params(job))
            assert "I_ext_e = 3, 8, 10, 13" in plain(shown)
            assert "2000 ms" in shown
            assert entry.point in shown


def test_a_study_is_described_in_words(study_of):
    text = plain(describe(study_of({"G": {"start": 1, "stop": 12, "step": 1}}, model={"parameters": {"I_ext_i": 2}})))
    assert "G = 1 to 12 (12 values)" in text
    assert "I_ext_i = 2, other parameters at their defaults" in text
    assert "2 points, listed" in plain(describe(study_of(points=[{"G": 1}, {"G": 2}])))


def test_reading_the_catalogue_loads_no_plotting():
    code = (
        "import sys, ngnmm_core.plotting.figure_jobs as c; from ngnmm_core.study.load import make_study; "
        "c.jobs_of([make_study('s', {'connectome': {'name': 'hcp-aal2-94'}, 'grid': {'G': [1, 2]}})]); "
        "print([m for m in ('matplotlib', 'xarray', 'seaborn', 'numba', 'netCDF4') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_captions_state_the_numbers_that_figures_are_drawn_with():
    from ngnmm_core.plotting.parts.panels import SHOWN_MS
    from ngnmm_core.plotting.regimes import DESYNCHRONISED, SYNCHRONISED

    captions = Path(__file__).parents[2] / "workflow" / "report"
    assert f"over the last {SHOWN_MS:g} ms;" in (captions / "highlight.rst").read_text()
    told = (captions / "map_regime.rst").read_text()
    assert f"synchronised from a synchrony of {SYNCHRONISED:g} on and desynchronised up to {DESYNCHRONISED:g}" in told
