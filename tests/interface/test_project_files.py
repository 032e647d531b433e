"""What the project's hosts and package managers read: one version, the same dependencies, files that parse."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_have_few_rights_and_call_what_there_is(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for command in commands for name in re.findall(r"\bmake ([a-z-]+)", command)} <= targets


def test_every_supported_python_is_tested_or_declared(project):
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert {"3.11", "3.13"} <= set(jobs["test"]["strategy"]["matrix"]["python"])
    assert project["requires-python"] == ">=3.11"
    assert "Programming Language :: Python :: 3.14" in project["classifiers"]


def test_the_conda_recipe_has_the_dependencies_of_the_package(project):
    text = (ROOT / "conda/meta.yaml").read_text(encoding="utf-8")
    text = re.sub(r"\{\{ \w+ \}\}", "x", re.sub(r"^\{%.*%\}$", "", text, flags=re.MULTILINE))
    asked = {line.split()[0]: line.split()[1] for line in yaml.safe_load(text)["requirements"]["run"]}
    names = {"snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}
    wanted = dict(re.match(r"([\w-]+)(.*)", requirement).groups() for requirement in project["dependencies"])
    assert asked == {"python": ">=3.11"} | {names.get(name, name): limit for name, limit in wanted.items()}


def test_what_archives_read_invents_nobody():
    record = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert [c["name"] for c in record["creators"]] == [a["name"] for a in citation["authors"]]
    assert record["license"] == citation["license"]
    cited = {reference["doi"] for reference in citation["references"]}
    assert {i["identifier"] for i in record["related_identifiers"]} <= cited


def test_the_container_installs_the_lock_file():
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement requirements.lock" in text
    assert "--no-deps --no-build-isolation --no-index ." in text
    assert "://" not in text.replace("docker.io/library", "")


def test_hooks_call_what_the_environment_has():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
