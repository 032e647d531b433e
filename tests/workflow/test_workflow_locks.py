"""Locks of dead and living runs, without Snakemake."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ngnmm_core.errors import InputError
from ngnmm_core.orchestration import locks, study_lock
from ngnmm_core.orchestration.study_lock import NAME, SILENCE, StudyLock

HOLD = "import sys, time; from pathlib import Path; from ngnmm_core.orchestration.study_lock import StudyLock; "
HOLD += "lock = StudyLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"


@pytest.fixture
def folder(tmp_path):
    """The folder of a study."""
    return tmp_path / "results" / "mini"


@pytest.fixture
def another(folder):
    """Another process that holds the study."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def elsewhere(folder):
    """Writes the lock of another host, with its last sign of life so many seconds ago."""

    def write(silent):
        folder.mkdir(parents=True)
        path = folder / NAME
        path.write_text(json.dumps({"host": "elsewhere", "pid": 12, "since": time.time() - 1000}))
        os.utime(path, (time.time() - silent,) * 2)

    return write


def test_a_second_run_is_refused_and_changes_nothing(folder, another, refused):
    before = (folder / NAME).read_bytes()
    refused(lambda: StudyLock(folder), "mini: is being computed by process", str(another.pid), "one run of a study")
    assert (folder / NAME).read_bytes() == before
    assert locks.unlock(folder.parent.parent, folder.parent) == [
        f"locked by a living run: {study_lock.living_holders(folder.parent)[0]}"
    ]
    assert (folder / NAME).is_file()


def test_the_lock_of_a_killed_run_is_taken_over_and_said(folder, another):
    another.send_signal(signal.SIGKILL)
    another.wait()
    assert not study_lock.living_holders(folder.parent)
    lock = StudyLock(folder)
    assert f"process {another.pid}" in lock.left_behind
    lock.release()
    assert list(folder.iterdir()) == []


def test_unlock_removes_what_a_killed_run_has_left(folder, another):
    another.send_signal(signal.SIGKILL)
    another.wait()
    (message,) = locks.unlock(folder.parent.parent, folder.parent)
    assert "removed the lock" in message
    assert not (folder / NAME).exists()


def test_other_studies_are_free(folder, another):
    lock = StudyLock(folder.with_name("other"))
    assert lock.left_behind == ""
    part = StudyLock(folder.with_name("other") / "part")
    assert len(study_lock.living_holders(folder.parent)) == 3
    lock.release()
    part.release()


def test_the_lock_of_another_host_counts_while_it_gives_signs_of_life(folder, elsewhere, refused):
    elsewhere(SILENCE / 2)
    refused(lambda: StudyLock(folder), "process 12 on elsewhere", "no sign of life for 90 s")
    assert json.loads((folder / NAME).read_text())["host"] == "elsewhere"
    assert study_lock.living_holders(folder.parent)


@pytest.mark.parametrize("silent", [SILENCE + 5, -SILENCE - 5, -1e8], ids=["past", "future", "years ahead"])
def test_the_lock_of_another_host_that_is_silent_is_taken_over(folder, elsewhere, silent):
    """Also where it was dated by a clock that was ahead: nobody dates it anew."""
    elsewhere(silent)
    assert not study_lock.living_holders(folder.parent)
    lock = StudyLock(folder)
    assert "elsewhere" in lock.left_behind
    lock.release()


def test_a_holder_gives_signs_of_life(folder, monkeypatch):
    monkeypatch.setattr(study_lock, "SIGN", 0.05)
    lock = StudyLock(folder)
    os.utime(lock.path, (1, 1))
    deadline = time.monotonic() + 10
    while lock.path.stat().st_mtime < 10 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert lock.path.stat().st_mtime > 10
    lock.release()


@pytest.mark.parametrize("content", [b"", b"\xff\x00{", b"[1]", b'{"host": "elsewhere", "since": "never"}'])
def test_a_damaged_lock_does_not_block(folder, content):
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(content)
    os.utime(folder / NAME, (1, 1))
    StudyLock(folder).release()


def test_a_folder_that_can_not_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "results").touch()
    with pytest.raises(InputError, match=r"\.lock: can't be written .*; allowed: a folder"):
        StudyLock(tmp_path / "results" / "mini")


class TestSnakemake:
    """Snakemake's own locks, which a workflow that uses this one as a module may have."""

    @pytest.fixture
    def folder(self, tmp_path):
        """A folder that Snakemake has locked."""
        lock = tmp_path / locks.LOCKS / "0.input.lock"
        lock.parent.mkdir(parents=True)
        lock.write_text("")
        return tmp_path

    @pytest.fixture
    def living(self, folder):
        """A process in the folder that looks like Snakemake."""
        program = folder / "snakemake"
        program.write_text("import time; print(flush=True); time.sleep(60)")
        with subprocess.Popen([sys.executable, str(program)], cwd=folder, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            yield process
            process.kill()

    def test_that_of_a_dead_run_goes(self, folder):
        assert "removed" in locks.remove_stale(folder, folder / "results")
        assert not list((folder / locks.LOCKS).iterdir())
        assert locks.remove_stale(folder, folder / "results") == ""

    def test_that_of_a_living_run_stays(self, folder, living):
        assert f"process {living.pid}" in locks.remove_stale(folder, folder / "results")
        assert list((folder / locks.LOCKS).iterdir())

    def test_that_of_a_run_on_another_host_stays_while_it_lives(self, folder):
        study = folder / "results" / "mini"
        study.mkdir(parents=True)
        (study / NAME).write_text(json.dumps({"host": "elsewhere", "pid": 12, "since": time.time()}))
        assert "process 12 on elsewhere" in locks.remove_stale(folder, folder / "results")
        assert list((folder / locks.LOCKS).iterdir())
