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
ASLEEP = """    if merged.match("three/sweep.nc"):
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
def own(finished_copy):
    """A checkout with a finished study in three shards, three.yaml."""
    return finished_copy()


@pytest.fixture(scope="module")
def beside(own):
    """Another study in it, in two shards; its dataset."""
    return own.run(study="beside", shards=2) / "sweep.nc"


@pytest.fixture
def asleep(own):
    """A merge that sleeps where it would begin: the study is computed again from its shards, and nothing ends."""
    run = None
    with own.edited("workflow/scripts/merge.py", lambda text: text.replace(HANGS, ASLEEP + HANGS)):
        target = own.folder / own.sweep("three")
        run = start(own, str(own.sweep("three")), "--configfile", "three.yaml")
        wait_for(target.with_name("sweep.nc.asleep").exists)
        yield run
        kill(run)
        target.with_name("sweep.nc.asleep").unlink()


def test_a_dataset_is_there_while_it_is_merged_and_after_the_merge_was_killed(own, asleep, request):
    sweep = own.folder / own.sweep("three")
    before = sha256(sweep)
    refusal = own.call(*own.command(str(own.sweep("three")), "--configfile", "three.yaml"))
    assert refusal.returncode == 1
    assert f"results/three: is being computed by process {asleep.pid}" in refusal.stderr
    assert sha256(sweep) == before
    request.getfixturevalue("beside")  # another study does not mind
    partial = jobs(own.snakemake("partial", "--configfile", "three.yaml"))
    assert set(partial) == {"merge_partial", "partial"}
    assert asleep.poll() is None
    kill(asleep)
    assert sha256(sweep) == before
    assert list(own.folder.glob("results/three/.lock"))


def test_the_run_after_it_goes_on(own):
    said = own.snakemake(str(own.sweep("three")), "--configfile", "three.yaml")
    assert set(jobs(said)) == {"merge"}
    assert "did not come to its end" in said
    assert own.planned_sweep("three") == {}


def test_a_merge_that_is_refused_leaves_the_dataset_and_is_tried_again(own):
    sweep = own.folder / own.sweep("three")
    before = sha256(sweep), sweep.stat().st_ino
    own.write_study(study="three", shards=3, grid={"G": [2, 5, 6], "I_ext_e": [3, 13], "seed": [0, 1]})
    rotten = sorted(sweep.parent.glob("shards/simulation/*.nc"))[0]
    overwrite(rotten, unseen=True)
    failed = own.call(*own.command(str(own.sweep("three")), "--configfile", "three.yaml", "--retries", "0"))
    assert failed.returncode == 1
    assert f"{rotten.name}: damaged" in failed.stdout + failed.stderr
    assert (sha256(sweep), sweep.stat().st_ino) == before
    assert set(own.planned_sweep("three")) == {"shard", "merge"}
    assert jobs(own.snakemake(str(own.sweep("three")), "--configfile", "three.yaml"))["merge"] == 1
    assert sha256(sweep) != before[0]
    assert own.planned_sweep("three") == {}


def test_dates_in_the_future_hide_nothing_where_metadata_are_lost(own):
    sweep = own.folder / own.sweep("three")
    before = sha256(sweep)
    for path in [*own.folder.glob("results/**/*"), *own.folder.glob("resources/**/*")]:
        os.utime(path, (2e9, 2e9))
    with own.without(".snakemake"):
        own.write_study(study="three", shards=3, grid={"G": [2, 5, 6, 7], "I_ext_e": [3, 13], "seed": [0, 1]})
        assert set(own.planned_sweep("three")) == {"shard", "merge"}
        own.snakemake(str(own.sweep("three")), "--configfile", "three.yaml")
        assert sha256(sweep) != before
        assert own.planned_sweep("three") == {}


def test_a_figure_that_can_not_be_drawn_again_stays(own):
    figure = "results/three/figures/connectome.svg"
    own.snakemake(figure, "--configfile", "three.yaml")
    before = sha256(own.folder / figure)
    broken = "def draw(stem, dataset, normalization):\n    raise InterruptedError('broken')\n\n\ndef unused("
    with own.edited("ngnmm_core/plotting/connectome.py", lambda text: text.replace("def draw(", broken)):
        assert own.call(*own.command(figure, "--configfile", "three.yaml", "--retries", "0")).returncode == 1
        assert sha256(own.folder / figure) == before
        assert set(own.planned(figure, "--configfile", "three.yaml")) == {"figures_three_connectome"}
    assert set(jobs(own.snakemake(figure, "--configfile", "three.yaml"))) == {"figures_three_connectome"}
    assert sha256(own.folder / figure) == before


def test_forced_shards_are_computed_once_more_and_the_dataset_is_whole(own, beside):
    before = sha256(beside)
    for words in (["--forceall"], ["--forcerun", "shard"]):
        done = jobs(own.snakemake(str(own.sweep("beside")), "--configfile", "beside.yaml", *words))
        assert (done["shard"], done["merge"]) == (2, 1)
        assert sha256(beside) == before
    assert own.planned_sweep("beside") == {}


def test_deleting_all_output_removes_that_of_the_study_alone(own, beside):
    def files():
        return {path for path in own.folder.glob("re*/**/*") if path.is_file()}

    before = files()
    own.snakemake(str(own.sweep("beside")), "--configfile", "beside.yaml", "--delete-all-output")
    gone = {path.relative_to(own.folder) for path in before - files()}
    assert {path.parts[:2] for path in gone} == {("results", "beside")}
    assert own.sweep("beside") in gone
    assert {path.suffix for path in gone} == {".nc", ".sha256", ""}
    assert not list(own.folder.glob("results/beside/shards/simulation/*.nc"))
