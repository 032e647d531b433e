"""What comes from strangers stays text: in captions, in tables, in a check; and no path of this machine goes along."""

import contextlib
import hashlib
import json

import docutils.core
import pandas as pd
import pytest
import yaml

from ngnmm_core.cli import main
from ngnmm_core.errors import InputError
from ngnmm_core.plotting.parts.captions import as_words, describe
from ngnmm_core.storage.csv_tables import csv_text
from ngnmm_core.study.load import make_study
from ngnmm_core.study.schema import StudyConfig, without_absolute_paths

TEXTS = [
    "a <script>alert(1)</script> & b",
    "x\n\n.. raw:: html\n\n   <b>bold</b>\n",
    ".. include:: /etc/hostname",
    "`link <javascript:alert(1)>`_ *strong* |x| word_ [1]_ :math:`x`",
    "{{ 7 * 7 }} back\\slash",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_a_text_in_a_caption(text):
    page = docutils.core.publish_parts(as_words(text), writer_name="html5")["body"]
    plain = docutils.core.publish_doctree(as_words(text)).astext()
    assert plain == " ".join(text.split())
    for mark in ("<script", "<b>", "href", "system-message", "<em>", "<strong>"):
        assert mark not in page


def test_captions_name_a_file_without_its_folder_and_escape_it():
    study = make_study("s", {"connectome": {"path": "/secret/place/a<b>_x.csv"}, "grid": {"G": [1]}})
    assert "secret" not in describe(study)
    assert "a<b>_x.csv" in docutils.core.publish_doctree(describe(study)).astext()


def test_texts_that_a_spreadsheet_would_compute_are_put_behind_an_apostrophe():
    table = pd.DataFrame({"region": ["=1+1", "+a", "-b", "@c", "\td", "e", "f=1"], "z": [-1.5, 2.0, 0.0, 1, 1, 1, 1]})
    found = csv_text(table)
    assert [line.split(",")[0].strip('"') for line in found.splitlines()[1:]] == [
        "'=1+1", "'+a", "'-b", "'@c", "'\td", "e", "f=1",
    ]  # fmt: skip
    assert found.splitlines()[1].split(",")[1] == "-1.5"
    assert found == csv_text(table)


def test_no_absolute_path_goes_into_the_resolved_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").write_text("G\n1\n")
    config = StudyConfig.model_validate(
        {
            "connectome": {"path": f"{tmp_path}/b.csv", "labels": f"{tmp_path}/l.txt", "lengths": "len.csv"},
            "points": f"{tmp_path}/points.csv",
        }
    )
    text = without_absolute_paths(config).model_dump_json(by_alias=True)
    assert str(tmp_path) not in text
    found = json.loads(text)
    assert found["connectome"] | {"name": None} == found["connectome"]
    assert (found["connectome"]["path"], found["connectome"]["lengths"]) == ("b.csv", "len.csv")
    assert found["points"] == "points.csv"
    make_study("s", {**found, "connectome": {"name": "single"}})  # and it can be read again


@pytest.mark.parametrize("command", ["plan", "calibrate", "run", "report"])
def test_other_commands_say_what_code_they_execute_before_they_do(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    code = "raise InterruptedError('executed')\nMODEL = None\n"
    (tmp_path / "mine.py").write_text(code)
    study = {"study": "s", "connectome": {"name": "single"}, "model": {"file": "mine.py"}, "grid": {"G": [1]}}
    (tmp_path / "strange.yaml").write_text(yaml.safe_dump(study))
    monkeypatch.setattr("ngnmm_core.cli.running.start", lambda command: 0)  # Snakemake would read the study
    with contextlib.suppress(InterruptedError, InputError):
        main([command, "strange.yaml"])
    digest = hashlib.sha256(code.encode()).hexdigest()
    assert f"model.file: mine.py (sha256 {digest}) is code, which is executed now" in capsys.readouterr().err


def test_check_runs_no_code_of_a_study_unless_it_is_trusted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = "open('ran', 'w').close()\nMODEL = None\n"
    (tmp_path / "mine.py").write_text(code)
    study = {"study": "s", "connectome": {"name": "single"}, "model": {"file": "mine.py"}, "grid": {"G": [1]}}
    (tmp_path / "strange.yaml").write_text(yaml.safe_dump(study))
    assert main(["check", "strange.yaml"]) == 1
    lines = capsys.readouterr().out
    digest = hashlib.sha256(code.encode()).hexdigest()
    assert f"model.file: mine.py (sha256 {digest}) is code, which `ngnmm run` executes" in lines
    assert "ngnmm check --trust strange.yaml" in lines
    assert not (tmp_path / "ran").exists()
    with pytest.raises(Exception, match="model"):
        main(["check", "--trust", "strange.yaml"])
    assert (tmp_path / "ran").exists()
