"""Turns Snakemake's events into a bar, or into a few lines."""

import logging
import re
import shutil
import sys
import threading
import time

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


def _progress():
    """Import what is shared with the workflow, late.

    Snakemake loads this plugin before the Snakefile chooses the checkout that the package comes from: an import at the
    top would bind every job to the installed package, and edits of the checkout would go unnoticed.
    """
    from ngnmm_core import progress

    return progress


REFRESH_S = 1.0
STEP = 0.1  # of the work, between lines in a file
LEAST_S = 5.0  # between lines in a file
BAR = 24
KEPT = ("Nothing to be done", "Unlocking", "Terminating", "Will exit")  # of messages that are no warnings
REMARK = re.compile(r" \((?:update|temp|pipe|service|cached)[^()]*\)$")  # that Snakemake puts behind names of files
INTERRUPTED = "died with <Signals.SIGINT"  # what is said of a job that Ctrl-C has ended
STOPPED = "Stopped by Ctrl-C; the same command goes on where this run was"
SHARDS, FIGURES, KERNELS = "shard", "figures_", "warmup"


class LogHandler(LogHandlerBase):
    """Shows how far a run is."""

    writes_to_stream, writes_to_file = True, False
    has_filter, has_formatter, needs_rulegraph = True, False, False  # errors in Snakemake's own words

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.live = bool(getattr(self.stream, "isatty", bool)())
        self._jobs: dict[int, dict] = {}
        self._told: set[str] = set()
        self._steps, self._failed, self._stopped = (0, 0), 0, False
        self._begin, self._last, self._next = None, 0.0, STEP
        self._drawn, self._lock, self._stop = 0, threading.Lock(), threading.Event()
        if self.live:
            threading.Thread(target=self._refresh, daemon=True).start()

    def close(self) -> None:
        """Wipe the bar."""
        self._stop.set()
        with self._lock:
            self._wipe()
        super().close()

    # ------------------------------------------------------------------ events
    def emit(self, record: logging.LogRecord) -> None:
        """Take one event of Snakemake."""
        known = {
            LogEvent.JOB_INFO: self._job_starts,
            LogEvent.JOB_FINISHED: self._job_ends,
            LogEvent.JOB_ERROR: self._job_fails,
            LogEvent.PROGRESS: self._progress,
        }
        silent = (LogEvent.RUN_INFO, LogEvent.WORKFLOW_STARTED, LogEvent.RESOURCES_INFO, LogEvent.JOB_STARTED)
        event = getattr(record, "event", None)
        try:
            with self._lock:
                if event in known:
                    known[event](record)
                elif event not in silent and self._matters(record, event):
                    self._tell(self.format(record))
        except Exception:  # a display must never end a run
            self.handleError(record)

    def _matters(self, record: logging.LogRecord, event) -> bool:
        """Whether a message is for the user: warnings, errors, and what says that there is nothing to do."""
        told = event == LogEvent.ERROR or record.levelno >= logging.WARNING
        return told or (event is None and record.getMessage().startswith(KEPT))

    def _tell(self, text: str) -> None:
        """Show a message; all that follows from Ctrl-C is one line."""
        if INTERRUPTED in text and not self._stopped:
            self._stopped = True
            self._say(STOPPED)
        elif not self._stopped:
            self._say(text)

    def _job_starts(self, record: logging.LogRecord) -> None:
        self._begin = self._begin or time.monotonic()
        outputs = [REMARK.sub("", path) for path in record.output or ()]
        job = {"rule": record.rule_name, "output": outputs, "log": list(record.log or ())}
        self._jobs[record.jobid] = job
        if job["rule"] == SHARDS:
            _progress().LEDGER.start(job["output"][0], job["log"][0])
        elif not self.live:
            self._tell_once(job["rule"], record.rule_msg)

    def _tell_once(self, rule: str, message: str | None) -> None:
        """Say what is begun, once for rules that have many jobs."""
        kind, text = rule, message
        if rule.startswith(FIGURES):
            kind, text = FIGURES, "Drawing the figures"
        elif rule == KERNELS:
            text = "Compiling the kernels (kept for later runs)"
        if text and kind not in self._told:
            self._told.add(kind)
            self._say(text)

    def _job_ends(self, record: logging.LogRecord) -> None:
        job = self._jobs.pop(record.job_id, None)
        if job and job["rule"] == SHARDS:
            _progress().LEDGER.finish(job["output"][0])

    def _job_fails(self, record: logging.LogRecord) -> None:
        job = self._jobs.pop(record.jobid, None)
        if job and job["rule"] == SHARDS:
            _progress().LEDGER.drop(job["output"][0])
        if self._stopped:
            return
        self._failed += 1
        logs = ", ".join(record.log or ())
        self._say(f"failed: {record.rule_msg or record.rule_name}" + (f" (its log: {logs})" if logs else ""))

    def _progress(self, record: logging.LogRecord) -> None:
        self._steps = (record.done, record.total)
        if self.live:
            self._draw()
            return
        _progress().LEDGER.look()
        share, now = _progress().LEDGER.share, time.monotonic()
        if _progress().LEDGER.pieces and share >= min(self._next, 1.0) and (share >= 1.0 or now - self._last > LEAST_S):
            self._next, self._last = max(share + STEP, STEP), now
            if share < 1.0 or "all" not in self._told:
                self._told |= {"all"} if share >= 1.0 else set()
                self._say(self._line())

    # ------------------------------------------------------------------ what is shown
    def _line(self) -> str:
        """Points, time left, steps and failures in words."""
        done, total = _progress().LEDGER.points
        parts = []
        if total:
            elapsed = time.monotonic() - (self._begin or time.monotonic())
            left = _progress().LEDGER.seconds_left(elapsed)
            wait = f", about {_progress().duration_text(left)} left" if left is not None and done < total else ""
            parts.append(f"{100 * _progress().LEDGER.share:3.0f} %, {done} of {total} points{wait}")
        if self._steps[1]:
            parts.append(f"{self._steps[0]} of {self._steps[1]} jobs")
        if self._failed:
            parts.append(f"{self._failed} failed")
        return "; ".join(parts)

    def _refresh(self) -> None:
        while not self._stop.wait(REFRESH_S):
            with self._lock:
                if self._jobs:
                    _progress().LEDGER.look()
                    self._draw()

    def _draw(self) -> None:
        """Replace the bar by a new one."""
        share = _progress().LEDGER.share if _progress().LEDGER.pieces else self._steps[0] / max(self._steps[1], 1)
        filled = round(BAR * share)
        rules = ", ".join(sorted({job["rule"] for job in self._jobs.values()}))
        text = f"[{'#' * filled}{'-' * (BAR - filled)}] {self._line()}; {rules}"
        width = shutil.get_terminal_size().columns - 1
        self._wipe()
        self.stream.write(text[:width])
        self._drawn = min(len(text), width)
        self.stream.flush()

    def _wipe(self) -> None:
        if self._drawn:
            self.stream.write("\r" + " " * self._drawn + "\r")
            self._drawn = 0

    def _say(self, text: str) -> None:
        self._wipe()
        if text and text.strip() and text != "None":
            self.stream.write(text.rstrip() + "\n")
        self.stream.flush()
