"""A results folder that can't be written or is full, and two users of one folder of compiled kernels.

No job of these goes through SLURM; they are here because they need root.
"""

import os
import shutil
import subprocess
import sys

import pytest
from checkouts import REPOSITORY, sha256

NOBODY = 65534
READ_ALL = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


@pytest.fixture
def small_disk(checkout):
    """`results` of the checkout on a disk of its own; `mount(options)` mounts it."""
    folder = checkout.folder / "results"
    aside = folder.with_name("results-aside")
    shutil.move(folder, aside)
    folder.mkdir()
    mounted = []

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting is not allowed here")
        mounted.append(folder)
        return folder

    yield mount
    for each in mounted:
        subprocess.run(["umount", str(each)], check=True)
    shutil.rmtree(folder)
    shutil.move(aside, folder)


@pytest.mark.usefixtures("local")
def test_a_results_folder_that_cannot_be_written(checkout, small_disk):
    small_disk("ro")
    name = checkout.write_study(study="nowhere")
    done = checkout.call(*checkout.command("results/nowhere/sweep.nc", "--configfile", name))
    assert done.returncode != 0
    said = done.stderr.splitlines()
    assert said[-1].startswith("error: results: can't be written (Read-only file system); allowed: ")
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("local")
def test_a_disk_that_is_too_small_is_told_before_the_run(checkout, small_disk):
    small_disk("size=1m")
    grid = {"G": {"start": 0, "stop": 16, "num": 200}, "I_ext_e": {"start": 0, "stop": 30, "num": 200}}
    name = checkout.write_study(study="large", grid=grid)
    (line,) = checkout.refusal("results/large/sweep.nc", "--configfile", name)
    assert line.startswith("error: grid: 40000 points need about")
    assert "allowed: at most 1.05 MB" in line


def test_a_disk_that_fills_up_during_the_run(checkout, small_disk, local):
    """The job says so in one line; nothing half-written is left, and the next run completes."""
    expected = sha256(local.parents[2] / "results-aside" / "local" / "sweep.nc")
    folder = small_disk("size=1m")
    name = checkout.write_study(study="full", shards=4)
    filler = folder / "filler"
    filler.write_bytes(bytes(900_000))
    done = checkout.call(*checkout.command("results/full/sweep.nc", "--configfile", name))
    assert done.returncode != 0
    assert "error: " in done.stderr + done.stdout
    assert "No space left on device" in done.stderr + done.stdout
    left = [p for p in (folder / "full").rglob("*") if p.suffix == ".part" or p.name == "sweep.nc"]
    assert not left
    filler.unlink()
    checkout.snakemake("results/full/sweep.nc", "--configfile", name)
    assert sha256(folder / "full" / "sweep.nc") == expected


COMPILE = """
import numpy as np
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run
from ngnmm_core.models import get_model
model = get_model("ei_ngnmm")
W = np.full((3, 3), 1 / 3)
parameters = {name: np.full(2, value) for name, value in model.resolve({"G": 5.0}).items()}
start = np.broadcast_to([s.initial for s in model.states], (2, 3, len(model.states)))
run = Run(Engine(model, W), parameters, start)
run.advance(0.01, 10, 5)
print(run.states.tobytes().hex())
"""


def test_two_users_of_one_cache_at_the_same_time(tmp_path):
    """A kernel is a program: nobody loads one that another user could have written, and both get the same numbers."""
    kernels = tmp_path / "kernels"
    kernels.mkdir()
    for folder in (kernels, *list(tmp_path.parents)[:3]):
        folder.chmod(0o777)
    environment = os.environ | {"NGNMM_CACHE_DIR": str(kernels), "PYTHONPATH": str(REPOSITORY)}

    def start(user):
        # the other user may read everything, as Python may be in root's home, but write only where anybody may
        other = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *READ_ALL] if user else []
        command = [*other, sys.executable, "-c", COMPILE]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )

    def outcome(*users):
        said = [process.communicate(timeout=600) for process in [start(user) for user in users]]
        assert len({numbers for numbers, _ in said}) == 1, said
        assert said[0][0]
        return [warnings for _, warnings in said]

    ours, theirs = outcome(0, NOBODY)
    assert "can be written to by other users" in ours
    assert "belongs to another user (0)" in theirs
    assert not list(kernels.glob("*.kernel*"))
    kernels.chmod(0o755)
    assert "warning" not in outcome(0)[0]
    made = {path.name: path.stat().st_mtime_ns for path in kernels.glob("*.kernel*")}
    assert made
    ours, theirs = outcome(0, NOBODY)
    assert "warning" not in ours
    assert "belongs to another user (0)" in theirs
    assert {path.name: path.stat().st_mtime_ns for path in kernels.glob("*.kernel*")} == made, (
        "compiled again, or left over"
    )
