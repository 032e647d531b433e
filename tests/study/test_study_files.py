"""Study files: what can't be read is refused with its path; the default study and the schema fit the code."""

import json
from pathlib import Path

import jsonschema
import pytest

from ngnmm_core.study.documentation import write_all
from ngnmm_core.study.load import load_studies
from ngnmm_core.study.yaml_files import read_yaml

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLED = sorted((REPOSITORY / "config" / "studies").glob("*.yaml"))


def test_a_mapping_is_read(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("study: größe\ngrid: {G: [1, 2.5]}\n", encoding="utf-8")
    assert read_yaml(path) == {"study": "größe", "grid": {"G": [1, 2.5]}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, ["no such file"], id="missing"),
        pytest.param("", ["NoneType"], id="empty"),
        pytest.param("- a\n- b\n", ["list"], id="list"),
        pytest.param("hello", ["str"], id="text"),
        pytest.param("a: [1,\nb: 2", ["not YAML", "line 2"], id="bracket left open"),
        pytest.param("a:\n\t- b", ["not YAML", "line 2"], id="tab"),
        pytest.param("a: !!python/object/apply:os.system ['true']", ["not YAML"], id="code"),
    ],
)
def test_what_is_no_study_file_is_refused(tmp_path, refused, content, words):
    path = tmp_path / "study.yaml"
    if content is not None:
        path.write_text(content)
    refused(lambda: read_yaml(path), str(path), "allowed: ", *words)


def test_a_folder_is_refused(tmp_path, refused):
    refused(lambda: read_yaml(tmp_path), str(tmp_path), "allowed: ")


def test_a_file_that_is_not_utf8_is_refused(tmp_path, refused):
    path = tmp_path / "study.yaml"
    path.write_bytes("study: größe".encode("latin-1"))
    refused(lambda: read_yaml(path), str(path), "UTF-8")


def test_a_key_that_occurs_twice_is_refused(tmp_path, refused):
    path = tmp_path / "study.yaml"
    path.write_text("study: a\ngrid: {G: [1]}\ngrid: {I_ext_e: [2]}\n")
    refused(lambda: read_yaml(path), str(path), "grid")


def test_the_default_study_is_good():
    assert load_studies(read_yaml(REPOSITORY / "config" / "config.yaml"))


def test_the_schema_and_the_generated_tables_are_up_to_date():
    stale = write_all(REPOSITORY, change=False)
    assert stale == [], "run: ngnmm docs"


@pytest.fixture(scope="module")
def schema():
    """The schema of a study file as a validator."""
    return jsonschema.Draft202012Validator(
        json.loads((REPOSITORY / "workflow" / "schemas" / "study.schema.json").read_text(encoding="utf-8"))
    )


def test_the_schema_accepts_what_the_code_accepts(schema, config):
    schema.validate(read_yaml(REPOSITORY / "config" / "config.yaml"))
    schema.validate(config())
    schema.validate(
        config(grid={"G": {"start": 1, "stop": 2, "step": 0.5}, "seed": 3}, shards=4, analyses={"msf": None})
    )
    schema.validate(config(without=["grid"], points=[{"G": 1}]))
    schema.validate(config(without=["grid"], points="points.csv"))


@pytest.mark.parametrize(
    "changes",
    [
        {"gird": {}},
        {"grid": {"Gee": [1]}},
        {"analyses": ["rats"]},
        {"analyses": {"spectra": {"x": 1}}},
        {"normalization": "rows"},
        {"simulation": {"dt_ms": -1}},
        {"highlights": [{"Gee": 1}]},
        {"model": {"parameters": {"Gee": 1}}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_the_code_refuses(schema, config, refuses, changes):
    assert not schema.is_valid(config(**changes))
    refuses(changes)


def test_the_schema_accepts_parts(schema, config):
    schema.validate(
        {"study": "paper", "base": config(without=["study"]), "parts": {"a": {"grid": {"G": [1]}}, "b": {}}}
    )


@pytest.mark.parametrize("path", sorted((REPOSITORY / "config").glob("**/config.yaml")) + BUNDLED, ids=lambda p: p.stem)
def test_studies_that_come_along_are_good(path):
    assert load_studies(read_yaml(path))
