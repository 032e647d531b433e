"""How far a run is, and what its display writes to a file, from made-up events of Snakemake."""

import io
import logging
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from ngnmm_core.progress import Ledger, duration_text
from snakemake_logger_plugin_ngnmm import LogHandler, display


@pytest.fixture
def ledger(tmp_path):
    """Three shards: ten points of a second each, ten of three, and one under way that has counted 4 of 8."""
    found = Ledger()
    found.plan("results/a.nc", 10, 10.0)
    found.plan("./results/b.nc", 10, 30.0)
    found.plan("results/c.nc", 8, 40.0)
    log = tmp_path / "c.log"
    log.write_text("08:19:48 simulation: 8 points\n08:19:55 point 2/8, about 7 s left\n08:20:02 point 4/8\n")
    found.start("results/c.nc", str(log))
    return found


def test_the_share_counts_work_and_the_points_count_points(ledger):
    ledger.finish("results/a.nc")
    assert ledger.share == pytest.approx(10 / 80)
    ledger.look()
    assert ledger.share == pytest.approx((10 + 20) / 80)
    assert ledger.points == (14, 28)


def test_the_time_left_follows_from_the_pace(ledger):
    assert ledger.seconds_left(5.0) is None
    ledger.finish("results/b.nc")
    assert ledger.seconds_left(60.0) == pytest.approx(60.0 * 50 / 30)


def test_a_failed_shard_counts_for_nothing(ledger):
    ledger.look()
    ledger.drop("results/c.nc")
    ledger.look()
    assert ledger.points == (0, 28)


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (35, "35 s"), (240, "4 min"), (7800, "2 h 10 min")])
def test_durations_in_words(seconds, text):
    assert duration_text(seconds) == text


@pytest.fixture
def shown(ledger, monkeypatch):
    """`shown(event, **fields)`: hands an event to the display; `shown.text()` is what it has written."""
    stream = io.StringIO()
    monkeypatch.setattr("ngnmm_core.progress.LEDGER", ledger)
    monkeypatch.setattr(display, "LEAST_S", 0.0)
    monkeypatch.setattr(display.sys, "stderr", stream)
    handler = LogHandler(SimpleNamespace(stdout=False), None)
    handler.setFormatter(logging.Formatter("%(message)s"))

    def emit(event=None, level=logging.INFO, message=None, **fields):
        record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
        record.__dict__.update(fields, event=event)
        handler.emit(record)

    emit.text = stream.getvalue
    yield emit
    handler.close()


def start(shown, jobid, rule, message, output="x", log="x.log"):
    shown(LogEvent.JOB_INFO, jobid=jobid, rule_name=rule, rule_msg=message, output=[output], log=[log])


def test_a_file_gets_a_line_per_tenth_and_one_per_kind_of_job(shown):
    shown(message="Building DAG of jobs...")
    shown(LogEvent.RUN_INFO, message="Job stats: ...")
    for k in range(3):
        start(shown, k, f"figures_demo_{k}", f"Drawing {k}")
    start(shown, 7, "shard", "Computing", "results/a.nc (update)")  # as Snakemake writes it
    shown(LogEvent.JOB_FINISHED, job_id=7)
    shown(LogEvent.PROGRESS, done=1, total=9)
    shown(LogEvent.PROGRESS, done=2, total=9)
    lines = shown.text().splitlines()
    assert lines[0] == "Drawing the figures"
    assert lines[1].startswith(" 38 %, 14 of 28 points, about ")
    assert lines[1].endswith("; 1 of 9 jobs")
    assert len(lines) == 2


def test_failures_and_errors_are_told(shown):
    start(shown, 7, "shard", "Computing demo, shard b", "results/b.nc", "logs/b.log")
    shown(LogEvent.JOB_ERROR, jobid=7, rule_name="shard", rule_msg="Computing demo, shard b", log=["logs/b.log"])
    shown(LogEvent.ERROR, logging.ERROR, "a rule failed")
    shown(None, logging.WARNING, "the disk is slow")
    shown(message="Nothing to be done (all requested files are present and up to date).")
    assert shown.text().splitlines() == [
        "failed: Computing demo, shard b (its log: logs/b.log)",
        "a rule failed",
        "the disk is slow",
        "Nothing to be done (all requested files are present and up to date).",
    ]


def test_what_follows_from_an_interrupt_is_one_line(shown):
    """In the order in which Snakemake tells it, of two jobs."""
    died = "RuleException: CalledProcessError in file 'shards.smk': Command 'x' died with <Signals.SIGINT: 2>."
    for jobid, shard in enumerate(("a", "b")):
        start(shown, jobid, "shard", f"Computing {shard}", f"results/{shard}.nc", f"logs/{shard}.log")
    for jobid in range(2):
        shown(LogEvent.ERROR, logging.ERROR, died)
        shown(LogEvent.JOB_ERROR, jobid=jobid, rule_name="shard", rule_msg="Computing", log=["logs/x.log"])
    shown(LogEvent.ERROR, logging.ERROR, "WorkflowError: At least one job did not complete successfully.")
    assert shown.text().splitlines() == [display.STOPPED]


def test_an_interrupted_job_ends_as_programs_do_without_a_traceback():
    script = """
import time
from ngnmm_core.orchestration.script import run

def main():
    print("begun", flush=True)
    time.sleep(60)

run(main, globals())
"""
    job = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert job.stdout.readline() == "begun\n"
    job.send_signal(signal.SIGINT)
    _, said = job.communicate(timeout=30)
    assert job.returncode == -signal.SIGINT
    assert "Traceback" not in said
    assert "stopped by Ctrl-C" in said
