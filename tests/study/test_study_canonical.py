"""The canonical scientific config: equal for studies that say the same thing in other words, and only for those."""

import itertools
import json

import pytest

from ngnmm_core.dataset.provenance import config_hash, scientific_config
from ngnmm_core.stages.context import fingerprint


def text(study):
    return json.dumps(scientific_config(study, "identity"), sort_keys=True)


SAME = {
    "range by step or list": (
        {"grid": {"G": {"start": 0, "stop": 0.3, "step": 0.1}}},
        {"grid": {"G": [0, 0.1, 0.2, 0.3]}},
        {"grid": {"G": {"start": 0, "stop": 0.3, "num": 4}}},
    ),
    "number, text or list of one": ({"grid": {"G": 3}}, {"grid": {"G": "3"}}, {"grid": {"G": [3.0]}}),
    "order of the keys": (
        {"grid": {"G": [2, 5], "I_ext_e": [3, 13]}, "shards": 3},
        {"shards": 3, "grid": {"I_ext_e": [3, 13], "G": [2, 5]}},
    ),
    "order of parameters": (
        {"model": {"parameters": {"eta_e": -4, "eta_i": -3}}},
        {"model": {"parameters": {"eta_i": -3, "eta_e": -4}}},
    ),
    "default value of a parameter": ({}, {"model": {"parameters": {"I_ext_i": 0.0, "tau_e": 8}}}),
    "alias or its parameters": (
        {"model": {"parameters": {"Delta": 0.8}}},
        {"model": {"parameters": {"Delta_e": 0.8, "Delta_i": 0.8}}},
    ),
    "list or mapping of analyses": (
        {"analyses": ["rates", "synchrony"]},
        {"analyses": {"synchrony": None, "rates": {}}},
    ),
    "default option": ({"analyses": {"spectra": {"segment_ms": 50}}},
                       {"analyses": {"spectra": {"max_hz": 200.0, "segment_ms": "50"}}}),
    "default setting": ({}, {"simulation": {"method": "riccati", "noise_sigma": 0, "initial": {"from": "random"}}}),
    "text or number": ({"simulation": {"dt_ms": 0.05}}, {"simulation": {"dt_ms": "5e-2"}}),
    "name, shards and highlights": ({}, {"study": "other", "shards": 7, "highlights": [{"G": 2}]}),
    "simulation where none is made": (
        {"analyses": ["msf"]},
        {"analyses": ["msf"], "simulation": {"dt_ms": 0.1}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("variants", SAME.values(), ids=SAME)
def test_the_same_in_other_words(study, variants):
    texts = [text(study(**changes)) for changes in variants]
    assert len(set(texts)) == 1, texts


OTHER = {
    "a value of the grid": {"grid": {"G": [2, 6]}},
    "another axis": {"grid": {"G": [2, 5], "seed": [0]}},
    "a parameter": {"model": {"parameters": {"eta_e": -4}}},
    "the model": {"model": {"name": "ngnmm_population"}},
    "the normalisation": {"normalization": "max"},
    "a time": {"simulation": {"duration_ms": 300}},
    "the initial states": {"simulation": {"initial": {"sd": 0.02}}},
    "an analysis": {"analyses": ["rates", "synchrony"]},
    "the processor": {"cpu_target": "x86-64-v3"},
}


def test_other_numbers_have_other_configs(study):
    studies = [study(), *(study(**changes) for changes in OTHER.values())]
    for first, second in itertools.combinations(map(text, studies), 2):
        assert first != second


def test_another_connectome_is_another_config(study):
    assert config_hash(study(), "one") != config_hash(study(), "other")


def test_the_config_is_plain_and_complete(study):
    config = scientific_config(study(grid={"Delta": [0.8, 1.2]}), "identity")
    assert json.loads(json.dumps(config, allow_nan=False)) == config
    assert set(config["parameters"]) == set(study().model.parameter_names) - {"Delta_e", "Delta_i"}
    assert config["grid"] == {"Delta": [0.8, 1.2]}
    assert config["simulation"]["initial"] == {"from": "random", "sd": 0.01}


def test_the_hash_is_that_of_the_config(study):
    assert config_hash(study(), "identity") == fingerprint(scientific_config(study(), "identity"))
    assert len(config_hash(study(), "identity")) == 32


def test_minus_zero_is_zero(study):
    assert text(study(grid={"I_ext_e": [0.0]})) == text(study(grid={"I_ext_e": [-0.0]}))


def test_options_of_the_analyses_are_part_of_the_config(study):
    """A result with other options is another result, whatever else is the same."""
    one, other = (study(analyses={"spectra": {"segment_ms": ms}, "rates": {}}) for ms in (50, 100))
    assert config_hash(one, "x") != config_hash(other, "x")
    written = scientific_config(one, "x")["analyses"]
    assert written["spectra"]["segment_ms"] == 50
    assert set(written["spectra"]) == set(type(one.options["spectra"]).model_fields)
