"""Locks of dead and living runs, without Snakemake."""

import json
import os
import socket
import subprocess
import sys

import pytest

from ngnmm_core.orchestration import locks


@pytest.fixture
def folder(tmp_path):
    """A folder that Snakemake has locked."""
    lock = tmp_path / locks.LOCKS / "0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    return tmp_path


@pytest.fixture
def note(folder):
    """Writes down who holds the folder."""
    return lambda **who: (folder / locks.HOLDER).write_text(json.dumps({"host": socket.gethostname(), "pid": 1, **who}))


@pytest.fixture
def living(folder):
    """A process in the folder that looks like Snakemake."""
    program = folder / "snakemake"
    program.write_text("import time; print(flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, str(program)], cwd=folder, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_without_a_lock_the_run_is_written_down(tmp_path):
    (tmp_path / ".snakemake").mkdir()
    assert locks.remove_stale(tmp_path) == ""
    assert locks.take_over(tmp_path) == ""
    assert json.loads((tmp_path / locks.HOLDER).read_text())["pid"] == os.getpid()


def test_the_lock_of_a_dead_run_goes(folder, note):
    note()
    assert "removed" in locks.take_over(folder)
    assert not locks.is_locked(folder)
    assert json.loads((folder / locks.HOLDER).read_text())["pid"] == os.getpid()


def test_the_lock_of_a_living_run_stays_and_so_does_its_name(folder, note, living):
    note(pid=living.pid)
    assert f"process {living.pid}" in locks.take_over(folder)
    assert locks.is_locked(folder)
    assert json.loads((folder / locks.HOLDER).read_text())["pid"] == living.pid


def test_the_lock_of_a_run_on_another_host_stays(folder, note):
    note(host="elsewhere", pid=12)
    assert "a run on host elsewhere (process 12)" in locks.take_over(folder)
    assert locks.is_locked(folder)
    assert json.loads((folder / locks.HOLDER).read_text())["host"] == "elsewhere"
