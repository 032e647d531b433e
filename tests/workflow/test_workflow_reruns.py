"""What edits and losses make a finished study compute again, as a dry run tells it."""

import json
import os
import re

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture
def planned(checkout, finished):
    """Says which jobs would make the sweep of the finished study again."""
    return lambda *arguments: checkout.planned_sweep("three", *arguments)


def code(text):
    """Every function computes something more before it returns."""
    return re.sub(r"^( +)return ", r"\1edited = 1\n\1return ", text, flags=re.MULTILINE)


def prose(text):
    return re.sub(r'^( *)"""(?=\S)', r'\1"""Edited: ', text, flags=re.MULTILINE) + "\n# Edited.\n"


def test_code_of_a_kernel_runs_every_shard_again(checkout, planned):
    with checkout.edited("ngnmm_core/kernels/drivers.py", code):
        assert planned() == {"warmup": 1, "shard": 3, "merge": 1}


def test_code_of_another_analysis_or_model_does_nothing(checkout, planned):
    with (
        checkout.edited("ngnmm_core/dynamics/floquet.py", code),
        checkout.edited("ngnmm_core/models/ngnmm_population.py", code),
    ):
        assert planned() == {}


def test_code_of_the_merge_merges_again(checkout, planned):
    with checkout.edited("ngnmm_core/dataset/merged_file.py", code):
        assert planned() == {"merge": 1}


def test_docstrings_comments_and_documents_do_nothing(checkout, planned):
    with (
        checkout.edited("ngnmm_core/kernels/steppers/rk4.py", prose),
        checkout.edited("ngnmm_core/kernels/drivers.py", prose),
        checkout.edited("ngnmm_core/models/ei_ngnmm.py", prose),
        checkout.edited("ngnmm_core/dataset/merged_file.py", prose),
        checkout.edited("workflow/scripts/shard.py", prose),
        checkout.edited("workflow/scripts/merge.py", prose),
        checkout.edited("workflow/rules/shards.smk", lambda text: "# Edited.\n" + text),
        checkout.edited("config/README.md", lambda text: text + "\nEdited.\n"),
        checkout.edited("config/connectomes.yaml", lambda text: text + "\n# Edited.\n"),
        checkout.edited("config/config.yaml", lambda text: text.replace("study: ", "study: other_")),
    ):
        assert planned() == {}


@pytest.mark.parametrize("folder", ["resources", ".snakemake", "logs"])
def test_a_lost_folder_runs_no_shard_again(checkout, planned, folder):
    with checkout.without(folder):
        assert set(planned()) <= {"connectome", "merge"}


def test_a_grid_grows_after_the_metadata_of_snakemake_were_lost(checkout, planned):
    """Four of twelve points are missing: one of the three shards that the study asks for."""
    with checkout.without(".snakemake"):
        assert planned("--config", "grid={G: [2, 5, 8]}") == {"shard": 1, "merge": 1}


def test_a_shrunk_grid_is_merged_after_the_metadata_of_snakemake_were_lost(checkout, planned):
    with checkout.without(".snakemake"):
        assert planned("--config", "grid={I_ext_e: [13]}") == {"merge": 1}


def test_code_of_a_kernel_is_noticed_after_the_metadata_of_snakemake_were_lost(checkout, planned):
    with checkout.without(".snakemake"), checkout.edited("ngnmm_core/kernels/drivers.py", code):
        assert planned()["shard"] == 3


def test_a_touched_connectome_of_the_user_does_nothing(checkout, planned):
    os.utime(checkout.folder / "six.csv")
    assert planned() == {}


def test_a_dry_run_lists_the_job_of_a_damaged_shard(checkout, planned):
    """The smallest of them, of two points: three of the eight points would be cut into two shards."""
    definitions = (checkout.folder / "results" / "three" / "shards" / "simulation").glob("*.json")
    shard = min(definitions, key=lambda path: len(json.loads(path.read_text())["ids"])).with_suffix(".nc")
    content = shard.read_bytes()
    shard.write_bytes(content[: len(content) // 2])
    try:
        jobs = planned()
        assert (jobs["shard"], jobs["merge"]) == (1, 1)
        assert shard.stat().st_size < len(content), "a dry run removes nothing"
    finally:
        shard.write_bytes(content)
    assert planned() == {}


def test_another_number_of_shards_computes_nothing(planned):
    assert set(planned("--config", "shards=8")) <= {"merge"}


def test_highlights_are_computed_beside_what_is_there(checkout, finished):
    highlights = ["--configfile", "three.yaml", "--config", "highlights=[{G: 5, I_ext_e: 13}]"]
    planned = checkout.planned("results/three/sweep.nc", "results/three/highlights.nc", *highlights)
    assert planned["shard"] == 1
    assert "connectome" not in planned


def test_a_checkout_that_was_moved_has_nothing_to_do(checkout, finished, tmp_path):
    assert checkout.copied_to(tmp_path / "moved").planned_sweep("three") == {}
