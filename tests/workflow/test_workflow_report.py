"""`ngnmm report`: what it needs is made first, whatever was there before."""

import zipfile

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
UNPACK = "unpack it and open report.html"


@pytest.fixture(scope="module")
def checkout(finished_copy):
    """A copy with a finished study, three.yaml."""
    return finished_copy()


@pytest.fixture(scope="module")
def merged_only(checkout):
    """The results of a run that merged `sweep.nc`, and made no figures and no explorer."""
    results = checkout.folder / "results" / "three"
    assert (results / "sweep.nc").is_file()
    assert not (results / "index.html").exists()
    assert not (results / "figures").exists()
    return results


def report(checkout, name):
    """Makes a report; what was said, and the names of the files in it."""
    done = checkout.module("report", "three.yaml", "--cores", "2", "-o", name)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(checkout.folder / name) as packed:
        return done.stderr, packed.namelist()


def test_after_a_run_without_figures_and_after_a_whole_one(checkout, merged_only):
    shards = {p.name: p.stat().st_mtime_ns for p in merged_only.glob("shards/*/*.nc")}
    said, first = report(checkout, "first.zip")
    assert "Drawing the figures" in said
    assert (merged_only / "index.html").is_file()
    before = checkout.state("results/three")
    said, second = report(checkout, "second.zip")
    assert "Nothing to be done" in said
    assert checkout.state("results/three") == before
    assert said.count("three (simulation): ") == 1  # costs and warnings are told once
    lines = said.splitlines()
    assert len(lines) <= 12, said
    assert lines[-1] == f"second.zip: {(checkout.folder / 'second.zip').stat().st_size / 1e6:.1f} MB; " + UNPACK
    drawn = {p.name for p in merged_only.glob("figures/*.svg")}
    assert drawn
    for names in (first, second):
        assert {name.rpartition("/")[2] for name in names if name.endswith(".svg")} >= drawn
        assert any(name.endswith("index.html") for name in names)
    assert {p.name: p.stat().st_mtime_ns for p in merged_only.glob("shards/*/*.nc")} == shards
