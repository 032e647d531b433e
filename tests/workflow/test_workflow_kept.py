"""What exists stays until its successor is whole, and two runs of a checkout do not get in each other's way."""

import contextlib
import os
import signal
import subprocess
import time

import pytest
from checkouts import jobs, overwrite, sha256

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

HANGS = "    from ngnmm_core.dataset.assemble import assemble\n"
ASLEEP = """    if merged.match("kept/sweep.nc"):
        import time

        Path(f"{merged}.asleep").touch()
        time.sleep(1200)
"""


def start(checkout, *arguments):
    """Starts Snakemake, and goes on."""
    return subprocess.Popen(
        checkout.command(*arguments),
        cwd=checkout.folder,
        env=checkout.environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill(run):
    """Kills a run with all its processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def wait_for(condition):
    """Waits until something has happened."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def own(new_checkout):
    """A checkout with a finished study in two shards."""
    checkout = new_checkout()
    checkout.run(study="kept", shards=2)
    return checkout


@pytest.fixture
def asleep(own):
    """A merge that sleeps where it would begin: the study is computed again from its shards, and nothing ends."""
    run = None
    with own.edited("workflow/scripts/merge.py", lambda text: text.replace(HANGS, ASLEEP + HANGS)):
        target = own.folder / own.sweep("kept")
        run = start(own, str(own.sweep("kept")), "--configfile", "kept.yaml")
        wait_for(target.with_name("sweep.nc.asleep").exists)
        yield run
        kill(run)
        target.with_name("sweep.nc.asleep").unlink()


def test_a_dataset_is_there_while_it_is_merged_and_after_the_merge_was_killed(own, asleep):
    sweep = own.folder / own.sweep("kept")
    before = sha256(sweep)
    refusal = own.call(*own.command(str(own.sweep("kept")), "--configfile", "kept.yaml"))
    assert refusal.returncode == 1
    assert f"results/kept: is being computed by process {asleep.pid}" in refusal.stderr
    assert sha256(sweep) == before
    own.run(study="beside", shards=1)  # another study does not mind
    partial = jobs(own.snakemake("partial", "--configfile", "kept.yaml"))
    assert set(partial) == {"merge_partial", "partial"}
    assert asleep.poll() is None
    kill(asleep)
    assert sha256(sweep) == before
    assert list(own.folder.glob("results/kept/.lock"))


def test_the_run_after_it_goes_on(own):
    said = own.snakemake(str(own.sweep("kept")), "--configfile", "kept.yaml")
    assert set(jobs(said)) == {"merge"}
    assert "did not come to its end" in said
    assert own.planned_sweep("kept") == {}


def test_a_merge_that_is_refused_leaves_the_dataset_and_is_tried_again(own):
    sweep = own.folder / own.sweep("kept")
    before = sha256(sweep), sweep.stat().st_ino
    own.write_study(study="kept", shards=2, grid={"G": [2, 5, 6], "I_ext_e": [3, 13], "seed": [0, 1]})
    rotten = sorted(sweep.parent.glob("shards/simulation/*.nc"))[0]
    overwrite(rotten, unseen=True)
    failed = own.call(*own.command(str(own.sweep("kept")), "--configfile", "kept.yaml", "--retries", "0"))
    assert failed.returncode == 1
    assert f"{rotten.name}: damaged" in failed.stdout + failed.stderr
    assert (sha256(sweep), sweep.stat().st_ino) == before
    assert set(own.planned_sweep("kept")) == {"shard", "merge"}
    assert jobs(own.snakemake(str(own.sweep("kept")), "--configfile", "kept.yaml"))["merge"] == 1
    assert sha256(sweep) != before[0]
    assert own.planned_sweep("kept") == {}


def test_dates_in_the_future_hide_nothing_where_metadata_are_lost(own):
    sweep = own.folder / own.sweep("kept")
    before = sha256(sweep)
    for path in [*own.folder.glob("results/**/*"), *own.folder.glob("resources/**/*")]:
        os.utime(path, (2e9, 2e9))
    with own.without(".snakemake"):
        own.write_study(study="kept", shards=2, grid={"G": [2, 5, 6, 7], "I_ext_e": [3, 13], "seed": [0, 1]})
        assert set(own.planned_sweep("kept")) == {"shard", "merge"}
        own.snakemake(str(own.sweep("kept")), "--configfile", "kept.yaml")
        assert sha256(sweep) != before
        assert own.planned_sweep("kept") == {}


def test_a_figure_that_can_not_be_drawn_again_stays(own):
    figure = "results/kept/figures/connectome.svg"
    own.snakemake(figure, "--configfile", "kept.yaml")
    before = sha256(own.folder / figure)
    broken = "def draw(stem, dataset, normalization):\n    raise InterruptedError('broken')\n\n\ndef unused("
    with own.edited("ngnmm_core/plotting/connectome.py", lambda text: text.replace("def draw(", broken)):
        assert own.call(*own.command(figure, "--configfile", "kept.yaml")).returncode == 1
        assert sha256(own.folder / figure) == before
        assert set(own.planned(figure, "--configfile", "kept.yaml")) == {"figures_kept_connectome"}
    assert set(jobs(own.snakemake(figure, "--configfile", "kept.yaml"))) == {"figures_kept_connectome"}
    assert sha256(own.folder / figure) == before


def test_forced_shards_are_computed_once_more_and_the_dataset_is_whole(own):
    own.run(study="forced", shards=2)
    sweep = own.folder / own.sweep("forced")
    before = sha256(sweep)
    for words in (["--forceall"], ["--forcerun", "shard"]):
        done = jobs(own.snakemake(str(own.sweep("forced")), "--configfile", "forced.yaml", *words))
        assert (done["shard"], done["merge"]) == (2, 1)
        assert sha256(sweep) == before
    assert own.planned_sweep("forced") == {}


def test_deleting_all_output_removes_that_of_the_study_alone(own):
    def files():
        return {path for path in own.folder.glob("re*/**/*") if path.is_file()}

    own.run(study="gone", shards=2)
    before = files()
    own.snakemake(str(own.sweep("gone")), "--configfile", "gone.yaml", "--delete-all-output")
    gone = {path.relative_to(own.folder) for path in before - files()}
    assert {path.parts[:2] for path in gone} == {("results", "gone")}
    assert own.sweep("gone") in gone
    assert {path.suffix for path in gone} == {".nc", ".sha256", ""}
    assert not list(own.folder.glob("results/gone/shards/simulation/*.nc"))
