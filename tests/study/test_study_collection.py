"""Which studies an invocation of Snakemake is about, from its command line and its targets."""

from pathlib import Path

import pytest

from ngnmm_core.orchestration.studies import Studies

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def studies(config):
    """The collection that a command line gives, for a config of one study, `mini`."""
    return lambda *words: Studies(config(), ["mini.yaml"], REPOSITORY, words)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--cores", "2"], set()),
        (["--cores", "2", "seizure"], {"seizure"}),
        (["results/seizure/sweep.nc"], {"seizure"}),
        (["--target-jobs", "shard:study=paper_quick/msf2d,stage=msf,shard=0"], {"paper_quick"}),
        (["figures_paper_quick_network_maps"], {"paper_quick"}),
    ],
)
def test_studies_that_a_command_line_names(studies, words, parts):
    found = studies(*words).concerned
    assert {name.partition("/")[0] for name in found} == {"mini"} | parts


def test_a_folder_with_the_name_of_a_study_is_none(studies, tmp_path):
    folder = tmp_path / "paper"
    folder.mkdir()
    (folder / "mine.yaml").touch()
    words = ["--configfile", str(folder / "mine.yaml"), f"--directory={folder}", "-s", str(folder / "Snakefile")]
    (folder / "Snakefile").touch()
    assert set(studies(*words).concerned) == {"mini"}


def test_studies_that_targets_ask_for(studies):
    results = Path("results")
    assert studies().requested([], results) == {"mini": ""}
    assert studies().requested(["all"], results) == {"mini": ""}
    assert studies().requested(["results/mini/sweep.nc"], results) == {"mini": "sweep.nc"}
    quick = studies("paper_quick").requested(["paper_quick"], results)
    assert {"paper_quick/msf2d", "paper_quick/bif2d"} <= set(quick)
    assert set(quick.values()) == {""}
    assert studies().requested(["partial"], results) == {}
