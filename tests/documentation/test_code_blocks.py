"""Every code block and command of README and docs runs: studies are planned, Python is executed, commands are typed."""

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import yaml
from blocks import ASIDE, LONG, ROOT, blocks, documents, is_long
from forks import Forks

from ngnmm_core.cli import make_parser
from ngnmm_core.study.load import load_studies
from ngnmm_core.study.yaml_files import read_yaml

LANGUAGES = {"bash", "csv", "json", "mermaid", "py", "python", "smk", "text", "yaml"}
BASE = {"study": "fragment", "connectome": {"name": "hcp-aal2-94"}, "grid": {"G": [5]}}
# the study that the commands of the documentation are tried on, in place of the larger one that they show
SMALL = {
    "study": "my_study",
    "connectome": {"path": "my_matrix.csv"},
    "grid": {"G": [2, 5], "Delta": [1.0], "I_ext_e": [13], "seed": [0, 1]},
    "simulation": {"duration_ms": 150, "transient_ms": 50, "dt_ms": 0.05, "keep_series": True},
    "analyses": ["rates", "synchrony"],
}
BINARIES = Path(sys.executable).parent


@pytest.fixture(scope="module")
def programs():
    """A folder with the commands of this environment, forked; those of `make docs-check` are what a user types."""
    if os.environ.get("NGNMM_DOCS_CHECK"):
        yield BINARIES
        return
    forks = Forks({name: value for name, value in os.environ.items() if name != "PYTHONPATH"})
    yield forks.commands(*(name for name in ("ngnmm", "snakemake") if (BINARIES / name).exists()))
    forks.close()


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, programs):
    """A folder like a checkout in which a small `my_study` has been run."""
    folder = tmp_path_factory.mktemp("workplace")
    for name in ("Makefile", "Snakefile", "config", "docs", "environment.yml", "ngnmm_core", "profiles", "tests",
                 "workflow", "requirements.lock", "requirements-dev.lock", "requirements-docs.lock", "pyproject.toml",
                 "tools", "README.md", "snakemake_logger_plugin_ngnmm"):  # fmt: skip
        (folder / name).symlink_to(ROOT / name)
    weights = np.triu(np.random.default_rng(6).uniform(0.2, 1.0, (6, 6)), 1)
    np.savetxt(folder / "my_matrix.csv", weights + weights.T, delimiter=",")
    (folder / "my_study.yaml").write_text(yaml.safe_dump(SMALL))
    type_in(folder, "ngnmm run my_study.yaml --cores 2 results/my_study/sweep.nc", programs)
    type_in(folder, "ngnmm new first.yaml", BINARIES)
    return folder


@functools.cache  # two pages that show the same command try it once
def type_in(folder: Path, command: str, programs: Path, timeout: float = 900) -> str:
    """Runs a command as it stands, in a shell whose path starts with this environment; it must succeed."""
    path = os.pathsep.join([str(programs), str(BINARIES), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "MPLBACKEND": "agg"}
    environment["PYTHONPATH"] = str(ROOT)
    ours = command.startswith("ngnmm ") and not (BINARIES / "ngnmm").exists()
    text = command.replace("ngnmm", f"{sys.executable} -m ngnmm_core", 1) if ours else command
    done = subprocess.run(
        ["bash", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def without_work(command: str) -> str:
    """The same command, only looking: for what takes minutes."""
    if "make " in command:
        return command.replace("make ", "make -n ", 1)
    if "pytest" in command:
        return f"{command} --collect-only -q"
    if command.startswith("python "):
        return command.replace("python ", "python -m py_compile ", 1)
    return f"{command} -n"


def test_blocks_name_their_language():
    unknown = [str(block) for block in blocks() if block.language not in LANGUAGES]
    assert unknown == []


def test_commands_stand_in_blocks():
    """An indented line of code would escape these tests."""
    pattern = re.compile(r"^(```.*?^```$)|^ {4}((?:ngnmm|snakemake|make|python|pip) .*)", re.MULTILINE | re.DOTALL)
    for page in documents():
        found = [match[2] for match in pattern.finditer(page.read_text(encoding="utf-8")) if match[2]]
        assert found == [], page


def test_parts_of_files_are_few_and_are_python():
    """Blocks in `py` show a part of a file that can't stand alone."""
    shown = blocks("py")
    assert len(shown) <= 4
    for block in shown:
        compile(block.text, str(block), "exec")


def test_long_commands_are_few():
    assert len(LONG) <= 10
    assert sum(LONG.values()) <= 30


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_a_study_in_the_documentation_is_accepted(block, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    np.savetxt("my_matrix.csv", np.roll(np.eye(4), 1, axis=1), delimiter=",")
    _made_up_cohort(tmp_path)
    for name in re.findall(r"file: (\w+\.py)", block.text):
        shown = next(b.text for b in blocks("python") if b.document == block.document)
        (tmp_path / name).write_text(shown)  # the file that the page shows
    for name in re.findall(r"file: (\w+\.csv)", block.text):
        (tmp_path / name).write_text(next(b.text for b in blocks("csv") if b.document == block.document))
    for text in alternatives(block.text):
        config = yaml.safe_load(text)
        (tmp_path / "study.yaml").write_text(text)
        read_yaml("study.yaml")  # no key twice
        if "parts" not in config:
            points = {"grid": None} if "points" in config else {}
            config = {**BASE, **points, **config}
        assert all(study.size() >= 1 for study in load_studies(config).values())


def _made_up_cohort(folder: Path) -> None:
    """Two subjects, as files of a pattern and as a table."""
    (folder / "subjects").mkdir()
    for name in ("sub-01_sc", "sub-02_sc"):
        np.savez(folder / "subjects" / f"{name}.npz", weights=np.roll(np.eye(4), 1, axis=1))
    rows = ("subject,path,age", "sub-01,subjects/sub-01_sc.npz,31", "sub-02,subjects/sub-02_sc.npz,28")
    (folder / "subjects.csv").write_text("\n".join(rows))


def alternatives(text: str) -> list[str]:
    """The block, or its lines one by one where they all give the same key."""
    keys = [line.partition(":")[0] for line in text.splitlines() if line and line[0] not in " #-"]
    return text.splitlines() if len(keys) > 1 and len(set(keys)) == 1 else [text]


@pytest.mark.slow
@pytest.mark.parametrize("document", sorted({block.document for block in blocks("python")}))
def test_python_in_the_documentation_runs(document, workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    matplotlib.use("agg")
    names: dict = {"__name__": "documentation"}
    for block in blocks("python"):
        if block.document == document:
            exec(compile(block.text, str(block), "exec"), names)


COMMANDS = [(str(block), command) for block in blocks("bash") for command in block.commands]


@pytest.mark.slow
@pytest.mark.parametrize(("place", "command"), COMMANDS, ids=[f"{place} {command}" for place, command in COMMANDS])
def test_a_command_of_the_documentation_runs(place, command, workplace, programs):
    if shutil.which("apptainer") is None:  # test_workflow_container.py has a made-up one
        command = command.replace(" --sdm apptainer", "")
    first = next(word for word in shlex.split(command) if "=" not in word)
    if first in ASIDE:
        assert shutil.which("bash")
        subprocess.run(["bash", "-n", "-c", command], check=True)
    elif is_long(command) and os.environ.get("NGNMM_DOCS_CHECK"):
        made = any((workplace / word).is_file() and not (ROOT / word).exists() for word in shlex.split(command))
        command = command.replace("path/to/sc2017.dat", os.environ.get("NGNMM_SC2017", ""))
        type_in(workplace if made else ROOT, command, programs, timeout=3600)
    elif "profiles/slurm" in command or is_long(command) or first == "make":
        command = command.replace("path/to/sc2017.dat", os.environ.get("NGNMM_SC2017", ""))
        type_in(workplace, without_work(command), programs)
    else:
        if command.startswith("ngnmm new "):
            (workplace / command.split()[2]).unlink(missing_ok=True)
            type_in.__wrapped__(workplace, command, programs)  # the file that others use is made once more
        else:
            type_in(workplace, command, programs)


def test_commands_within_sentences_exist():
    commands = next(a for a in make_parser()._actions if a.dest == "command").choices
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in documents():
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"`ngnmm ([a-z]+)", text)) <= set(commands), page
        assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets, page
        assert "python -m ngnmm_core" not in text, page


def test_links_within_the_documentation_lead_somewhere():
    broken = []
    for page in documents():
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path = target.partition("#")[0]
            if path and "://" not in path and not path.startswith("mailto:") and not (page.parent / path).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
