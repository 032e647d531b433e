"""What `--config` lays over a study; Snakemake hands it over as text."""

import pytest

from ngnmm_core.study.load import load_studies, override

STUDY = {
    "study": "mini",
    "grid": {"G": [1], "I_ext_e": [3, 13]},
    "shards": "auto",
    "simulation": {"dt_ms": 0.02, "initial": {"from": "random", "sd": 0.1}},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"shards": "3"}, {"shards": 3}, id="number"),
        pytest.param({"shards": "auto"}, {"shards": "auto"}, id="word"),
        pytest.param({"study": "other"}, {"study": "other"}, id="name"),
        pytest.param({"points": "points.csv"}, {"points": "points.csv"}, id="path"),
        pytest.param({"grid": "{G: [3]}"}, {"grid": {"G": [3], "I_ext_e": [3, 13]}}, id="mapping is laid over"),
        pytest.param({"grid": {"G": "[1, 2]"}}, {"grid": {"G": [1, 2], "I_ext_e": [3, 13]}}, id="list in a mapping"),
        pytest.param(
            {"grid": {"G": "{start: 1, stop: 2, step: 0.5}"}},
            {"grid": {"G": {"start": 1, "stop": 2, "step": 0.5}, "I_ext_e": [3, 13]}},
            id="a range replaces a list",
        ),
        pytest.param({"analyses": "[rates, msf]"}, {"analyses": ["rates", "msf"]}, id="list"),
        pytest.param(
            {"simulation": {"initial": {"sd": "0.2"}}},
            {"simulation": {"dt_ms": 0.02, "initial": {"from": "random", "sd": 0.2}}},
            id="mapping in a mapping",
        ),
    ],
)
def test_overrides(changes, expected):
    assert override(STUDY, changes) == {**STUDY, **expected}


def test_the_study_is_not_changed():
    before = repr(STUDY)
    override(STUDY, {"grid": {"G": "[7]"}, "simulation": {"initial": {"sd": "1"}}})
    assert repr(STUDY) == before


def test_text_is_coerced_by_the_schema(config):
    texts = {"shards": "3", "simulation": {"dt_ms": "1e-2", "duration_ms": "300"}, "grid": {"G": "4", "seed": "[0, 1]"}}
    (study,) = load_studies(override(config(), texts)).values()
    assert study.config.shards == 3
    assert (study.simulation.dt_ms, study.simulation.duration_ms) == (0.01, 300)
    assert (list(study.axes["G"]), list(study.axes["seed"])) == ([4], [0, 1])


def test_text_that_does_not_fit_is_refused(config, refused):
    changed = override(config(), {"simulation": {"dt_ms": "fine"}})
    refused(lambda: load_studies(changed), "simulation.dt_ms", "'fine'", "allowed: ")


@pytest.mark.parametrize("text", ["null", "~"])
def test_a_key_can_be_unset(text):
    assert override(STUDY, {"grid": text}) == {**STUDY, "grid": None}


def test_a_key_inside_of_a_mapping_can_be_unset():
    """As Snakemake hands it over where it has merged `--config` and `--configfile` itself."""
    assert override({}, {"connectome": {"name": "dk-84", "path": "null"}}) == {
        "connectome": {"name": "dk-84", "path": None}
    }


@pytest.mark.parametrize("text", ["[1, 2", "a: b: c", "@x"])
def test_text_that_is_no_yaml_is_refused_or_kept(config, refused, text):
    refused(lambda: load_studies(override(config(), {"grid": {"G": text}})), "grid.G", "allowed: ")
