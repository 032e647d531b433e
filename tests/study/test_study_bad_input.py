"""What a bad study gets: one line with the key, the value found and what is allowed, and the near key where one is."""

import numpy as np
import pytest

from ngnmm_core.models import model_names
from ngnmm_core.study.load import load_studies

MODEL_NAMES = ", ".join(model_names())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"gird": {"G": [1]}}, ["gird", "did you mean 'grid'?", "normalization, model"], id="misspelt"),
        pytest.param({"Grid": {"G": [1]}}, ["Grid", "did you mean 'grid'?"], id="capital"),
        pytest.param({"normalisation": "row"}, ["did you mean 'normalization'?"], id="British"),
        pytest.param({"zzz": 1}, ["zzz", "study, connectome"], id="like nothing"),
        pytest.param({"base": {}}, ["base"], id="base without parts"),
        pytest.param({"simulation": {"duration": 100}}, ["simulation.duration", "'duration_ms'"], id="of simulation"),
        pytest.param(
            {"simulation": {"initial": {"frm": "random"}}}, ["simulation.initial.frm", "'from'"], id="of initial"
        ),
        pytest.param({"model": {"params": {}}}, ["model.params", "'parameters'"], id="of model"),
        pytest.param({"connectome": {"nam": "x"}}, ["connectome.nam", "'name'"], id="of connectome"),
        pytest.param({"analyses": {"spectra": {"segment": 1}}}, ["analyses.spectra.segment", "'segment_ms'"], id="opt"),
        pytest.param({"analyses": {"hubs": {"seed": 1}}}, ["analyses.hubs.seed", "'seeds'"], id="of hubs"),
        pytest.param(
            {"analyses": {"rates": {"x": 1}}},
            ["analyses.rates.x"],
            id="of an analysis without options",
        ),
        pytest.param(
            {"simulation": {"initial": {"start": "random"}}},
            ["simulation.initial.start"],
            id="internal name of a key",
        ),
    ],
)
def test_unknown_keys(refuses, changes, words):
    refuses(changes, "unknown", *words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"connectome": None}, ["connectome", "None"], id="connectome"),
        pytest.param({"connectome": "hcp-aal2-94"}, ["connectome", "'hcp-aal2-94'"], id="connectome is text"),
        pytest.param({"connectome": {}}, ["connectome", "name", "path"], id="connectome is empty"),
        pytest.param({"normalization": "rows"}, ["normalization", "'rows'", "'row'", "'max'"], id="normalization"),
        pytest.param({"model": "ei_ngnmm"}, ["model", "'ei_ngnmm'"], id="model is text"),
        pytest.param({"model": {"name": "ei_ngnm"}}, ["model.name", "'ei_ngnmm'?", MODEL_NAMES], id="unknown model"),
        pytest.param({"model": {"name": 3}}, ["model.name", "3"], id="model is a number"),
        pytest.param({"model": {"parameters": [1]}}, ["model.parameters", "[1]"], id="parameters are a list"),
        pytest.param({"grid": [1]}, ["grid", "[1]"], id="grid is a list"),
        pytest.param({"grid": {"Gee": [1]}}, ["grid.Gee", "'Gee'", "Delta", "seed"], id="unknown axis"),
        pytest.param({"grid": {"delta": [1]}}, ["grid.delta", "did you mean 'Delta'?"], id="misspelt axis"),
        pytest.param({"grid": {"G": []}}, ["grid.G", "empty"], id="empty axis"),
        pytest.param({"grid": {"G": [1, float("inf")]}}, ["grid.G[1]", "inf", "finite"], id="infinite axis"),
        pytest.param({"grid": {"G": [-1]}}, ["grid.G", "-1", ">= 0"], id="negative coupling"),
        pytest.param({"grid": {"Delta": [0]}}, ["grid.Delta", "0", "> 0"], id="no heterogeneity"),
        pytest.param({"grid": {"seed": [0.5]}}, ["grid.seed", "0.5", "whole numbers"], id="broken seed"),
        pytest.param({"grid": {"seed": [-1]}}, ["grid.seed", "-1"], id="negative seed"),
        pytest.param({"simulation": [1]}, ["simulation", "[1]"], id="simulation is a list"),
        pytest.param({"simulation": {"method": "rk5"}}, ["simulation.method", "'rk5'", "'rk4'"], id="method"),
        pytest.param(
            {"simulation": {"precision": "single"}}, ["simulation.precision", "'single'", "float32"], id="precision"
        ),
        pytest.param({"simulation": {"substeps": 0}}, ["simulation.substeps", "0", ">= 1"], id="substeps"),
        pytest.param(
            {"simulation": {"method": ["rk4"]}, "without_of_simulation": ["dt_ms"]},
            ["simulation.method"],
            id="list of methods",
        ),
        pytest.param(
            {"simulation": {"substeps": 1.5}},
            ["simulation.substeps", "1.5", "whole"],
            id="broken substeps",
        ),
        pytest.param({"simulation": {"noise_sigma": -1}}, ["simulation.noise_sigma", "-1", ">= 0"], id="noise"),
        pytest.param(
            {"simulation": {"initial": {"from": "rand"}}}, ["simulation.initial.from", "'rand'", "'random'"], id="from"
        ),
        pytest.param({"simulation": {"initial": {"sd": -1}}}, ["simulation.initial.sd", "-1"], id="sd"),
        pytest.param({"analyses": ["rats"]}, ["analyses.rats", "'rates'", "synchrony"], id="unknown analysis"),
        pytest.param({"analyses": "rates"}, ["analyses", "'rates'"], id="analyses are text"),
        pytest.param({"analyses": None}, ["analyses", "None"], id="analyses are nothing"),
        pytest.param({"analyses": {"rates": [1]}}, ["analyses.rates", "[1]"], id="options are a list"),
        pytest.param(
            {"analyses": {"fc": {"signals": ["rat"]}}}, ["analyses.fc.signals[0]", "'rat'", "'rate'"], id="fc"
        ),
        pytest.param({"analyses": {"fc": {"signals": []}}}, ["analyses.fc.signals", "[]"], id="no signals"),
        pytest.param({"analyses": {"fc": {"signals": ["rate", "rate"]}}}, ["analyses.fc.signals"], id="signal twice"),
        pytest.param(
            {"analyses": {"spectra": {"segment_ms": -1}}}, ["analyses.spectra.segment_ms", "-1"], id="segment"
        ),
        pytest.param(
            {"analyses": {"spectra": {"bands": {"gamma": [100, 30]}}}}, ["analyses.spectra.bands", "gamma"], id="band"
        ),
        pytest.param({"analyses": {"spectra": {"bands": {}}}}, ["analyses.spectra.bands", "at least one"], id="bands"),
        pytest.param(
            {"analyses": {"dispersion": {"lambda": {"start": 1, "stop": -1}}}},
            ["analyses.dispersion.lambda", "-1", "start < stop"],
            id="falling Lambda",
        ),
        pytest.param(
            {"analyses": {"dispersion": {"lambda": {"num": 10**9}}}},
            ["analyses.dispersion.lambda.num", "1000000000", "<= 100000"],
            id="too many values of Lambda",
        ),
        pytest.param(
            {"analyses": {"orbit_diagram": {"count": 10**9}}},
            ["analyses.orbit_diagram.count", "1000000000", "<= 100000"],
            id="too many maxima",
        ),
        pytest.param({"simulation": {"dt_ms": 1e-5}}, ["simulation.dt_ms", "1e-05", ">= 0.0001"], id="short step"),
        pytest.param({"simulation": {"dt_ms": 1e-9}}, ["simulation.dt_ms", "1e-09", "rounding"], id="tiny step"),
        pytest.param(
            {"analyses": {"spectra": {"bands": {"gamma": [30]}}}},
            ["analyses.spectra.bands.gamma: [30]", "too short", "[lower, upper]"],
            id="half a band",
        ),
        pytest.param({"analyses": ["rates", "rates"]}, ["analyses", "'rates'", "twice"], id="analysis twice"),
        pytest.param(
            {"simulation": {"resection": {"regions": [0.5]}}},
            ["simulation.resection.regions[0]: 0.5", "labels or indices"],
            id="broken index of a region",
        ),
        pytest.param(
            {"connectome": {"path": "a.npz", "transpose": "maybe"}},
            ["connectome.transpose", "'maybe'", "true or false"],
            id="neither yes nor no",
        ),
        pytest.param(
            {"connectome": {"path": "a.csv", "variable": "w"}},
            ["connectome.variable", "'w'", "a.csv", ".mat, .npz"],
            id="variable of a table",
        ),
        pytest.param(
            {"grid": {"G": {"start": 1, "stop": 2, "step": 1, "num": 2}}}, ["grid.G", "both step and num"], id="both"
        ),
        pytest.param(
            {"highlights": [{"G": 1}, {"G": 2}, {"G": 1.0}]}, ["highlights[2]", "highlights[0]"], id="highlight twice"
        ),
        pytest.param({"highlights": {"G": 3}}, ["highlights"], id="highlights are no list"),
        pytest.param({"highlights": [{"Gee": 1}]}, ["highlights[0].Gee"], id="unknown parameter of a highlight"),
        pytest.param({"highlights": [{"G": 1}, {"G": "x"}]}, ["highlights[1].G", "'x'"], id="word in a highlight"),
        pytest.param({"highlights": [{"seed": -1}]}, ["highlights[0].seed", "-1"], id="negative seed of a highlight"),
        pytest.param({"shards": 0}, ["shards", "0", "auto", "1 to 100000"], id="no shards"),
        pytest.param({"shards": -2}, ["shards", "-2"], id="negative shards"),
        pytest.param({"cpu_target": "natve"}, ["cpu_target", "'natve'", "did you mean 'native'?"], id="cpu_target"),
        pytest.param({"study": "a b"}, ["study", "'a b'"], id="blank in the name"),
        pytest.param({"study": "../a"}, ["study", "'../a'"], id="path as the name"),
        pytest.param({"study": ".."}, ["study", "'..'"], id="parent folder as the name"),
        pytest.param({"study": ".hidden"}, ["study", "'.hidden'"], id="hidden name"),
        pytest.param({"study": ""}, ["study", "''"], id="empty name"),
        pytest.param({"study": 3}, ["study", "3"], id="number as the name"),
        pytest.param({"grid": {"seed": [1e30]}}, ["grid.seed", "1e+30"], id="huge seed"),
        pytest.param(
            {"simulation": {"dt_ms": True, "sample_ms": 1}},
            ["simulation.dt_ms", "True"],
            id="yes for a number",
        ),
        pytest.param({"shards": 1e12}, ["shards", "1000000000000.0", "1 to 100000"], id="a million million shards"),
        pytest.param({"study": "x" * 101}, ["study", "at most 100 letters"], id="long name"),
        pytest.param({"connectome": "AAL90"}, ["'AAL90'", "did you mean 'aal90-sc2017'?", "{name: ...}"], id="a name"),
        pytest.param({"grid": {"g": [1]}}, ["grid.g", "did you mean 'G'?"], id="axis in small letters"),
        pytest.param({"Grid": {"G": [1]}}, ["Grid", "did you mean 'grid'?"], id="key in capitals"),
        pytest.param({"shards": True}, ["shards", "True"], id="yes for shards"),
        pytest.param(
            {"shards": "many"},
            ["shards: ", "'many'", "auto", "1 to 100000"],
            id="word for shards",
        ),
        pytest.param({"shards": 2.5}, ["shards: ", "2.5"], id="shares"),
        pytest.param({"grid": None, "points": 3}, ["points: ", "3"], id="pts"),
        pytest.param({"grid": {1: [1]}}, ["grid.1"], id="axis whose name is a number"),
        pytest.param({"analyses": [{"rates": {}}]}, ["analyses", "rates"], id="list of maps"),
        pytest.param({"analyses": []}, ["analyses"], id="no analyses"),
        pytest.param({"simulation": {"duration_ms": 1e300}}, ["simulation.duration_ms"], id="long"),
    ],
)
def test_bad_values(refuses, changes, words):
    refuses(changes, *words)


@pytest.mark.parametrize(
    "changes",
    [
        {"simulation": {"resection": {"regions": [0.5]}}},
        {"analyses": {"spectra": {"bands": {"gamma": [30]}}}},
        {"simulation": {"stimuli": [{"parameter": "I_ext_e", "regions": [0.5]}]}},
    ],
)
def test_what_may_be_of_several_kinds_is_one_error(refuses, changes):
    line = refuses(changes)
    assert "more)" not in line
    assert "str" not in line
    assert "missing" not in line


def test_a_line_names_the_key_once_and_as_it_is_written(refuses):
    assert "connectome: connectome" not in refuses({"connectome": {}})
    assert "analyses.rates.:" not in refuses({"analyses": {"rates": [1]}})


@pytest.mark.parametrize("key", ["connectome", "model", "simulation", "grid"])
def test_a_line_speaks_of_keys_and_not_of_classes(refuses, key):
    assert "Input should be" not in refuses({key: [1]})


def test_the_key_connectome_must_be_there(refuses):
    refuses({}, "connectome", "missing", without=["connectome"])


@pytest.mark.parametrize(
    ("analyses", "words"),
    [
        pytest.param({"spectra": {}}, ["analyses.spectra.segment_ms", "1000"], id="segment longer than the window"),
        pytest.param(
            {"spectra": {"segment_ms": 50, "max_hz": 1e5}}, ["analyses.spectra.max_hz", "100000"], id="Nyquist"
        ),
        pytest.param({"spectra": {"segment_ms": 0.1}}, ["spectra.segment_ms", "0.1", "at least 10"], id="none"),
        pytest.param(
            {"spectra": {"segment_ms": 50, "max_hz": 20}}, ["analyses.spectra.segment_ms", "at least 100"], id="few"
        ),
        pytest.param({"spectra": {"segment_ms": 1e308}}, ["spectra.segment_ms", "1e+308", "150 ms"], id="overflow"),
        pytest.param(
            {"amplitude_modulation": {"segment_ms": 1e308}}, ["modulation.segment_ms", "1e+308", "150 ms"], id="longest"
        ),
        pytest.param(
            {"amplitude_modulation": {"segment_ms": 10, "band_hz": [100, 300]}},
            ["amplitude_modulation.segment_ms", "10", "longer than 33.33"],
            id="no modulation resolved",
        ),
        pytest.param({"series": {"last_ms": 0.05}}, ["analyses.series.last_ms", "0.05", "no sample"], id="no sample"),
        pytest.param(
            {"linear_fc": {"spectrum_max_hz": 1e308}}, ["linear_fc.spectrum_step_hz", "1e+308"], id="frequencies"
        ),
        pytest.param({"orbit_diagram": {"unit": "mV"}}, ["orbit_diagram.unit", "'mV'", "'ms-1'"], id="another unit"),
        pytest.param({"bold": {"discard_s": 1e308}}, ["analyses.bold.discard_s", "1e+308", "1e+06"], id="discarded"),
        pytest.param({"hubs": {"null_seeds": 10**26}}, ["hubs.null_seeds", "10000"], id="seeds without end"),
        pytest.param(
            {"network_lyapunov": {"interval_ms": 1e-300}}, ["interval_ms", "1e-300", "0.01"], id="no interval"
        ),
        pytest.param({"spectra": {"max_hz": 0.5}}, ["analyses.spectra.max_hz", "0.5", ">= 2"], id="low"),
        pytest.param(
            {"network_lyapunov": {"interval_ms": 0.07, "dt_ms": 0.05}},
            ["analyses.network_lyapunov.interval_ms", "0.07", "0.05 or 0.1"],
            id="interval between steps",
        ),
        pytest.param(
            {"network_lyapunov": {"dt_ms": 0.05, "step_error": 1e-5}},
            ["analyses.network_lyapunov.step_error", "1e-05", "no dt_ms"],
            id="error of a step that is given",
        ),
        pytest.param(
            {"continuation": {"second_range": [0, 5]}},
            ["analyses.continuation.second_range", "[0.0, 5.0]", "analyses.continuation.second"],
            id="range of no second parameter",
        ),
        pytest.param(
            {"continuation": {"ladder": [3]}},
            ["analyses.continuation.ladder", "[3.0]", "analyses.continuation.second"],
            id="ladder of no second parameter",
        ),
        pytest.param(
            {"fc": {"signals": ["rate"], "band_hz": [20, 40]}},
            ["analyses.fc.band_hz", "[20.0, 40.0]", "an envelope among analyses.fc.signals"],
            id="band without an envelope",
        ),
        pytest.param({"fc": {"band_hz": [100, 30]}}, ["analyses.fc.band_hz", "100"], id="band upside down"),
        pytest.param({"series": {"last_ms": 5000}}, ["analyses.series.last_ms", "5000"], id="series too long"),
        pytest.param({"hubs": {"at": [{"G": 3}]}}, ["analyses.hubs.at[0].G", "3", "2"], id="hubs beside the grid"),
        pytest.param({"hubs": {"at": [{"tau_e": 8}]}}, ["analyses.hubs.at[0].tau_e", "G"], id="hubs on no axis"),
        pytest.param({"hubs": {"null_seeds": 3, "seeds": 5}}, ["analyses.hubs.null_seeds", "3", "5"], id="null seeds"),
        pytest.param({"hubs": {"lesion": ["cutt"]}}, ["analyses.hubs.lesion[0]", "'cutt'", "'cut'"], id="lesion"),
        pytest.param({"hubs": {"transient_ms": 500}}, ["transient_ms", "500"], id="transient of the lesions"),
    ],
)
def test_options_that_cannot_work_in_the_study(refuses, analyses, words):
    refuses({"analyses": analyses}, *words)


def test_a_window_in_which_the_filters_do_not_settle_is_refused(study, refuses):
    """Kaiser's formula for edges of 12 Hz and 70 dB gives 0.36 s, for the two thinning filters some 20 ms together.

    Ten values of the envelope, one every 2 ms, are to be correlated.
    """
    assert 1000.0 * (70.0 - 7.95) / (2.285 * 2.0 * np.pi * 12.0) == pytest.approx(360.2, abs=0.1)
    window = {"simulation": {"duration_ms": 456, "transient_ms": 50}}
    refuses({"analyses": ["fc"], **window}, "simulation.duration_ms", "406", "at least 407", "gamma_envelope")
    refuses({"analyses": {"rates": {}, "hubs": {"duration_ms": 456}}}, "analyses.hubs.duration_ms", "at least 407")
    study(analyses={"fc": {"signals": ["rate"]}}, **window)
    study(analyses=["fc"], simulation={"duration_ms": 457, "transient_ms": 50})


def test_a_bad_time_of_the_hubs_is_named_by_its_own_key(refuses):
    refuses({"analyses": {"hubs": {"transient_ms": 500}}}, "analyses.hubs.transient_ms")


def test_a_misspelt_key_is_named_before_what_is_missing_for_it(refuses):
    refuses({"conectome": {"path": "six.csv"}}, "did you mean 'connectome'?", without=["connectome"])


def test_further_errors_are_counted(refuses):
    refuses({"gird": {}, "shard": 3}, "(and 1 more)")


def test_the_line_starts_with_the_source(config, refused):
    line = refused(lambda: load_studies(config(gird={}), "my_study.yaml"))
    assert line.startswith("my_study.yaml: gird: ")


def test_a_key_that_would_act_on_a_terminal_is_written_out(refuses):
    line = refuses({"\x1b[2J\n\u202egrid": 3}, "\\x1b[2J\\n\\u202egrid", "allowed: ")
    assert line.isprintable()
