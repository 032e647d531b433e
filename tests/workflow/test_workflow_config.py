"""Where the study comes from, what bad ones get, and that nothing is written before a run."""

import re
import shutil

import pytest
import yaml
from checkouts import REPOSITORY, STUDY

pytestmark = pytest.mark.workflow
FIRST_SWEEP = {"connectome": 1, "warmup": 1, "shard": 1, "merge": 1}


@pytest.fixture
def results(fresh):
    """Results of an earlier run."""
    folder = fresh.folder / "results" / "mini"
    (folder / "shards" / "simulation").mkdir(parents=True, exist_ok=True)
    for name in ("sweep.nc", "provenance.json", "shards/simulation/0123456789abcdef.nc"):
        (folder / name).write_text(f"an earlier {name}")
    yield folder
    shutil.rmtree(folder)


def test_a_dry_run_writes_nothing(fresh):
    fresh.write_study()
    before = fresh.state()
    assert fresh.planned_sweep("mini") == FIRST_SWEEP
    assert fresh.state() == before


def test_the_default_study_is_run_without_a_configfile(fresh):
    before = fresh.state()
    planned = fresh.planned()
    assert {"connectome", "shard", "merge"} <= set(planned)
    assert fresh.state() == before


@pytest.mark.slow
def test_a_configfile_replaces_the_default_study(fresh):
    """The default study has hubs and highlights; nothing of that may leak in."""
    name = fresh.write_study(grid={"I_ext_e": [3, 8, 13]}, shards=100, analyses=["rates"])
    planned = fresh.planned("--configfile", name)
    assert planned.items() >= {**FIRST_SWEEP, "shard": 3}.items()
    assert "hubs" not in planned


@pytest.mark.slow
def test_config_lays_keys_over_a_study(fresh):
    name = fresh.write_study()
    planned = fresh.planned("--configfile", name, "--config", "shards=100", "grid={G: [2, 5, 8]}")
    assert planned["shard"] == 3 * 2 * 2


@pytest.mark.slow
def test_config_lays_keys_over_the_default_study(fresh):
    planned = fresh.planned("--config", "analyses=[rates]", "highlights=[]", "shards=1")
    assert planned["shard"] == 1
    assert "hubs" not in planned


@pytest.mark.slow
def test_every_part_of_a_study_is_made(fresh):
    shared = {key: value for key, value in STUDY.items() if key != "study"}
    parts = {"study": "paper", "base": shared, "parts": {"a": {"grid": {"G": [2]}}, "b": {"shards": 8}}}
    (fresh.folder / "paper.yaml").write_text(yaml.safe_dump(parts))
    targets = [f"results/paper/{part}/sweep.nc" for part in "ab"]
    planned = fresh.planned(*targets, "--configfile", "paper.yaml")
    assert planned == {"connectome": 1, "warmup": 2, "shard": 1 + 8, "merge": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "overrides", "words"),
    [
        pytest.param({"gird": {}}, [], ["gird", "did you mean 'grid'?", "allowed: "], id="misspelt key"),
        pytest.param({}, ["simulation={dt_ms: 3}"], ["simulation.dt_ms", "3", "allowed: "], id="override"),
        pytest.param({"connectome": {"path": "no.csv"}}, [], ["connectome.path", "no.csv", "allowed: "], id="no file"),
        pytest.param({"connectome": {"path": "{a}.csv"}}, [], ["{a}.csv", "no such file"], id="braces"),
        pytest.param({"study": "x" * 240}, [], ["study", "at most 100 letters", "allowed: "], id="long name"),
    ],
)
def test_a_bad_study_is_refused_in_one_line_and_touches_nothing(fresh, results, changes, overrides, words):
    name = fresh.write_study(**changes)
    before = fresh.state()
    (line,) = fresh.refusal("--configfile", name, *(["--config", *overrides] if overrides else []))
    assert line.startswith("error: ")
    for word in words:
        assert word in line
    assert fresh.state() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}\n", ["connectome", "the key is missing"]),
        ("study: s\nconnectome: {name: single}\ngrid: {G: [1:12]}\n", ["'1:12'", "plain decimal"]),
        ("study: s\nconnectome: {name: single}\n__use_yte__: true\n", ["__use_yte__", "run code"]),
    ],
    ids=["nothing", "another number", "templates"],
)
def test_a_strange_file_is_refused_in_one_line(fresh, text, words):
    """`{}` is a study without keys, not the default one."""
    (fresh.folder / "strange.yaml").write_text(text)
    (line,) = fresh.refusal("--configfile", "strange.yaml")
    assert line.startswith("error: strange.yaml")
    for word in words:
        assert word in line


@pytest.mark.slow
def test_braces_in_the_names_of_files_are_braces(fresh):
    (fresh.folder / "a{b}.csv").write_text("0,1,1\n1,0,1\n1,1,0\n")
    name = fresh.write_study(connectome={"path": "a{b}.csv"})
    assert fresh.planned("--configfile", name)["connectome"] == 1


@pytest.mark.slow
def test_a_file_of_an_unknown_study_is_refused_in_one_line(fresh):
    """The line names the study that comes nearest; Snakemake says first what it is at."""
    done = fresh.call(*fresh.command("-n", "results/demoo/sweep.nc"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        "error: study: unknown 'demoo' (did you mean 'demo'?); allowed: demo, "
    )


@pytest.mark.slow
def test_a_default_study_that_is_no_yaml_is_refused_in_one_line(fresh):
    with fresh.edited("config/config.yaml", lambda text: "study: [1\n"):
        (line,) = fresh.refusal()
    assert re.search(r"error: .*config\.yaml: not YAML in line 2: .*; allowed: ", line)


@pytest.mark.slow
def test_the_package_checks_a_study_file(fresh):
    good = fresh.module("check", fresh.write_study())
    assert (good.returncode, "8 points" in good.stdout) == (0, True)
    bad = fresh.module("check", fresh.write_study(gird={}))
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (1, "", 1)
    assert "did you mean 'grid'?" in bad.stderr


def test_the_package_checks_what_snakemake_checks(fresh):
    assert fresh.module("check", fresh.write_study(connectome={"path": "no.csv"})).returncode == 1


@pytest.mark.slow
# ------------------------------------------------------------------ layout
def test_the_adapter_does_what_the_root_snakefile_does(fresh):
    name = fresh.write_study()
    adapter = fresh.planned("-s", "workflow/Snakefile", "--configfile", name)
    assert adapter.pop("default") == 1
    root = fresh.planned("--configfile", name)
    assert root.pop("all") == 1
    assert adapter == root
    assert adapter.items() >= FIRST_SWEEP.items()


@pytest.mark.slow
def test_the_workflow_has_no_lint(fresh):
    assert "good condition" in fresh.snakemake("--lint")


def test_the_workflow_is_formatted(fresh):
    program = fresh.command()[0].removesuffix("snakemake") + "snakefmt"
    done = fresh.call(program, "--check", "Snakefile", "workflow")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_key_is_watched_by_snakemake():
    """A param that depends on input, output or resources is no reason for Snakemake to run a rule again."""
    for file in sorted((REPOSITORY / "workflow" / "rules").glob("*.smk")):
        for arguments in re.findall(r"key=lambda ([^:]*):", file.read_text(encoding="utf-8")):
            assert not re.search(r"\b(input|output|threads|resources)\b", arguments), f"{file.name}: {arguments}"


def test_no_rule_names_a_fixed_folder():
    """Paths start with <results>, <resources> or <logs>, so that users of the module can move them."""
    for file in (REPOSITORY / "Snakefile", *(REPOSITORY / "workflow" / "rules").glob("*.smk")):
        assert not re.findall(r"[\"'](?:results|resources|logs)/", file.read_text()), file.name


@pytest.mark.slow
def test_a_bundled_study_is_a_target_by_its_name(fresh):
    folder = fresh.folder / "config" / "studies"
    folder.mkdir(exist_ok=True)
    (folder / "extra.yaml").write_text(yaml.safe_dump({**STUDY, "study": "extra"}))
    try:
        planned = fresh.planned("extra")
        assert planned["shard"] >= 1
        assert planned["extra"] == 1
        assert planned["figures_extra_maps"] == 1
        assert "figures_extra_maps" not in fresh.planned()
    finally:
        (folder / "extra.yaml").unlink()


@pytest.mark.slow  # its steps are tried with kernels of two more models
def test_the_comparison_of_models_is_a_target(fresh):
    planned = fresh.planned("repertoire_quick")
    assert planned["repertoire_tables"] == 1
    assert planned["merge"] == 3


@pytest.mark.slow
def test_a_folder_within_a_study_that_cannot_be_written_is_told_in_one_line(fresh):
    """A file stands where the shards are to go; root may write anywhere else."""
    place = fresh.folder / "results" / "blocked" / "shards"
    place.parent.mkdir(parents=True)
    place.touch()
    name = fresh.write_study(study="blocked")
    done = fresh.call(*fresh.command(str(fresh.sweep("blocked")), "--configfile", name))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: results/blocked/shards/")
    assert "can't be written" in last
    assert "allowed: " in last
