"""The command `ngnmm`: what it checks, plans, lists, starts and completes."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from ngnmm_core import __version__
from ngnmm_core.cli import main, running
from ngnmm_core.connectome import load_registry
from ngnmm_core.models import get_model, model_names
from ngnmm_core.study.load import load_studies
from ngnmm_core.study.yaml_files import read_yaml


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The name of a study file in the working directory, beside the connectome that it names."""
    np.savetxt(tmp_path / "four.csv", np.roll(np.eye(4), 1, axis=1), delimiter=",", fmt="%g")
    content = {
        "study": "small",
        "connectome": {"path": "four.csv"},
        "grid": {"G": [2, 5], "seed": [0, 1, 2]},
        "simulation": {"duration_ms": 60, "transient_ms": 20, "dt_ms": 0.05},
        "analyses": ["rates", "msf"],
    }
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    return "small.yaml"


def test_check_tells_the_size_of_a_study(study, capsys):
    assert main(["check", study]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "small: 6 points (2 x 3)",
        "  G: 2, 5 (2 values)",
        "  seed: 0, 1, 2 (3 values)",
    ]


def test_calibrate_measures_every_stage_and_keeps_what_it_found(study, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ngnmm_core.preflight.calibration.cache_directory", lambda: tmp_path)  # but for kernels
    assert main(["calibrate", study]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == ["small (msf)", "small (simulation)"]
    assert all("of CPU time per point on " in line for line in lines)
    assert len(list(tmp_path.rglob("calibration*.json"))) == 2


def test_plan_tells_the_cost_of_every_stage_and_of_the_whole(study, capsys):
    assert main(["plan", study, "--cores", "3"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "small: G: 2, 5 (2 values); seed: 0, 1, 2 (3 values)"
    assert sorted(line.partition(" to compute")[0] for line in lines[1:3]) == [
        "small (msf): 2 points, 2",
        "small (simulation): 6 points, 6",
    ]
    assert lines[3].startswith("in all 8 points in")
    assert "on 3 cores" in lines[3]


def test_long_axes_and_lists_of_points_are_told_in_short(study):
    from ngnmm_core.preflight.estimate import axes_text
    from ngnmm_core.study.load import make_study

    content = yaml.safe_load(Path(study).read_text())
    content["grid"] = {"I_ext_e": {"start": 8.5, "stop": 12, "step": 0.001}, "Delta": [0.8]}
    of_range = "I_ext_e: 8.5, 8.501, 8.502, ..., 12 (3501 values)"
    assert axes_text(make_study("s", content)) == [of_range, "Delta: 0.8 (1 value)"]
    content = {**content, "points": [{"G": 2, "seed": 1}, {"G": 7.5, "seed": 0}]}
    del content["grid"]
    assert axes_text(make_study("s", content)) == ["G: 2 to 7.5 (2 points)", "seed: 0 to 1 (2 points)"]


@pytest.mark.parametrize("command", ["check", "plan", "run", "report"])
@pytest.mark.parametrize(
    ("text", "words"),
    [("__use_yte__: true\n", ["__use_yte__", "run code"]), ("grid: {G: 1:12}\n", ["'1:12'"]), ("{}\n", ["connectome"])],
)
def test_a_strangers_file_is_looked_at_before_snakemake_reads_it(study, refused, monkeypatch, command, text, words):
    Path("strange.yaml").write_text(text)
    started = []
    monkeypatch.setattr("ngnmm_core.cli.running.start", started.append)
    if text == "{}\n" and command in ("run", "report"):
        return  # nothing that Snakemake could not read
    refused(lambda: main([command, "strange.yaml"]), "strange.yaml", *words, "allowed: ")
    assert not started


@pytest.mark.parametrize("command", ["check", "plan"])
def test_a_compiler_that_is_turned_off_is_told(study, refused, monkeypatch, command):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    refused(lambda: main([command, study]), "NUMBA_DISABLE_JIT: is 1", "allowed: unset, or 0")


@pytest.mark.parametrize("command", ["check", "plan", "run", "report"])
def test_a_study_that_is_not_there_is_refused_with_what_there_is(command, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    refused(lambda: main([command, "missing.yaml"]), "missing.yaml", "no such file", "seizure", "paper_quick")


def test_an_unknown_command_names_the_near_one(refused):
    refused(lambda: main(["modles"]), "'modles'", "did you mean 'models'?", "connectomes")


def test_an_unknown_option_is_refused(study, refused):
    refused(lambda: main(["check", study, "--fast"]), "--fast", "ngnmm check --help")


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"ngnmm {__version__}\n"


def test_connectomes_are_listed_with_their_sizes(capsys):
    assert main(["connectomes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, entry in load_registry().entries.items():
        size = "1 region," if entry.regions == 1 else f"{entry.regions} regions,"
        assert any(line.startswith(name) and size in line for line in lines)


@pytest.mark.parametrize("model", model_names())
def test_a_new_study_can_be_checked_and_names_all_parameters(model, tmp_path, monkeypatch, capsys, refused):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "first.yaml", "--model", model]) == 0
    text = (tmp_path / "first.yaml").read_text()
    (study,) = load_studies(read_yaml("first.yaml")).values()
    assert study.model.name == model
    assert study.size() > 4
    assert all(name in text for name in get_model(model).axis_names if name not in get_model(model).targets("Delta"))
    if model in ("ngnmm_conductance", "ngnmm_gap", "ngnmm_memory", "ngnmm_sd"):  # a kernel that other tests have
        assert text.count("\nsimulation:\n") == 1
        (tmp_path / "first.yaml").write_text(text.replace("\nsimulation:\n", "\nsimulation:\n  method: rk4\n"))
    assert main(["check", "first.yaml"]) == 0
    assert f"first: {study.size()} points" in capsys.readouterr().out
    refused(lambda: main(["new", "first.yaml"]), "first.yaml", "exists")
    refused(lambda: main(["new", "first.txt"]), "first.txt", ".yaml")
    refused(lambda: main(["new", "no/first.yaml"]), "no/first.yaml", "folder")


def test_run_hands_a_file_a_bundled_name_or_nothing_to_snakemake(study, monkeypatch):
    started = []
    monkeypatch.setattr(running, "start", lambda command: started.append(command) or 0)
    main(["run", study, "--cores", "3", "-n", "--until", "merge"])
    main(["run", "seizure", "--plain"])
    main(["run", "--profile", "profiles/slurm"])
    main(["report", study, "-o", "all.html"])
    own, bundled, default, _, report = (" ".join(command) for command in started)
    assert "--until merge --cores 3 --dry-run" in own
    assert own.endswith("--configfile small.yaml")
    assert bundled.endswith("--cores all -- seizure")
    assert "--logger" not in own + bundled
    assert "--cores" not in default
    assert default.endswith("--logger ngnmm")
    assert "--report all.html" in report


def test_make_partial_asks_for_what_there_is(monkeypatch):
    """`--logger` and `--configfile` take all words that follow them: a target right behind would be one of these."""
    from snakemake.cli import get_argument_parser

    root = Path(__file__).resolve().parents[2]
    told = subprocess.run(["make", "-n", "partial"], cwd=root, capture_output=True, text=True, check=True).stdout
    (line,) = (line for line in told.splitlines() if "/ngnmm " in line)  # another make adds lines
    words, started = shlex.split(line.partition("/ngnmm ")[2]), []
    monkeypatch.setattr(running, "start", lambda command: started.append(command) or 0)
    for study in ([], ["seizure"]):
        main([*words, *study])
        options = get_argument_parser().parse_args(started.pop()[3:])
        assert set(options.targets) == {"partial"}
        assert options.logger == ["ngnmm"]
        assert [Path(file).stem for file in options.configfile] == study


def test_a_report_has_a_known_format(study, refused):
    refused(lambda: main(["report", study, "-o", "report.pdf"]), "report.pdf", ".zip or .html")
    refused(lambda: main(["report", study, "-o", "no/report.zip"]), "no is not there", "a folder that exists")


def test_a_report_first_makes_what_is_missing(study, monkeypatch):
    started, codes = [], iter([0, 0, 0, 3])
    monkeypatch.setattr(running, "start", lambda command: started.append(" ".join(command)) or next(codes))
    assert main(["report", study, "--cores", "2"]) == 0
    made, bundled = started
    assert "--cores 2" in made
    assert "--report" not in made
    assert "--report report.zip" in bundled
    assert main(["report", study, "-n"]) == 0  # tells what it would make
    assert "--dry-run" in started[-1]
    assert main(["report", study]) == 3  # nothing is bundled of a run that failed
    assert len(started) == 4


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ngnmm", "co"), {"connectomes", "completion"}),
        (("ngnmm", "run", "sei"), {"seizure"}),
        (("ngnmm", "point", "--dur"), {"--duration_ms"}),
        (("ngnmm", "new", "--model", "jan"), {"jansen_rit"}),
    ],
)
def test_the_shell_completes(words, offered, capsys, tmp_path):
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    given = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _ngnmm; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", script + given], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_the_same_words(shell, capsys):
    main(["completion", shell])
    script = capsys.readouterr().out
    assert all(word in script for word in ("connectomes", "--duration_ms", "working_memory"))


@pytest.fixture
def silent_scontrol(tmp_path, monkeypatch):
    """A `scontrol` that waits for a daemon."""
    program = tmp_path / "scontrol"
    program.write_text("#!/bin/sh\nexec sleep 20\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))


ASKS = "import subprocess, sys; sys.exit(subprocess.run(['scontrol', 'show', 'config'], timeout=15).returncode)"


@pytest.mark.slow
def test_a_local_run_does_not_wait_for_a_slurm_that_is_silent(silent_scontrol, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    assert running.start([sys.executable, "-c", ASKS]) == 1
    assert time.monotonic() - began < 12.0


@pytest.mark.slow
def test_a_run_on_a_cluster_asks_slurm_itself(silent_scontrol):
    with running._without_silent_slurm(["snakemake", "--executor=slurm"]) as variables:
        assert variables == {}
    with running._without_silent_slurm(["snakemake", "--cores", "1"]) as variables:
        assert list(variables) == ["PATH"]
