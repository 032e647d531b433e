"""How far a run is: points planned, computed and under way, and the time that is left.

The plan is written into a ledger while the workflow is planned; the progress display (`snakemake_logger_plugin_ngnmm`)
reads it in the same process.  This module imports nothing, as every process of Snakemake loads its displays.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

COUNT = re.compile(rb"point (\d+)/(\d+)")
TAIL_BYTES = 2000
FIRST_SHARE = 0.02  # of the work, before which nothing is said about the time left


@dataclass
class Piece:
    """One shard of the plan: its points, the CPU seconds it was estimated at, and the share that is done."""

    points: int
    seconds: float
    done: float = 0.0
    log: str = ""


class Ledger:
    """The shards of a run, by their files."""

    def __init__(self):
        self.pieces: dict[str, Piece] = {}

    def plan(self, path: str | Path, points: int, seconds: float) -> None:
        """Enter a shard that is to be computed."""
        self.pieces[os.path.normpath(path)] = Piece(points, max(seconds, 1e-9))

    def start(self, path: str, log: str) -> None:
        """Note that a shard is being computed, and the log in which it counts its points."""
        piece = self.pieces.setdefault(os.path.normpath(path), Piece(0, 1.0))
        piece.log, piece.done = log, 0.0

    def finish(self, path: str) -> None:
        """Note that a shard is complete."""
        if (piece := self.pieces.get(os.path.normpath(path))) is not None:
            piece.done, piece.log = 1.0, ""

    def drop(self, path: str) -> None:
        """Note that a shard has failed: it is waited for no longer."""
        if (piece := self.pieces.get(os.path.normpath(path))) is not None:
            piece.done, piece.log = 0.0, ""

    def look(self) -> None:
        """Read from their logs how far the shards are that are being computed."""
        for piece in self.pieces.values():
            if piece.log:
                piece.done = max(piece.done, share_in_log(piece.log))

    @property
    def points(self) -> tuple[int, int]:
        """Points that are done, and all that were planned."""
        pieces = self.pieces.values()
        return int(sum(p.points * p.done for p in pieces)), sum(p.points for p in pieces)

    @property
    def share(self) -> float:
        """Share of the estimated work that is done; 1 if there was none."""
        total = sum(p.seconds for p in self.pieces.values())
        return sum(p.seconds * p.done for p in self.pieces.values()) / total if total else 1.0

    def seconds_left(self, elapsed: float) -> float | None:
        """Wall time to the last point at the pace so far; None before there is a pace."""
        share = self.share
        return None if share < FIRST_SHARE else elapsed * (1.0 - share) / share


def share_in_log(path: str) -> float:
    """Read the share of its points that a shard's log says are computed; 0 if it says nothing."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - TAIL_BYTES, 0))
            counts = COUNT.findall(file.read())
    except OSError:
        return 0.0
    if not counts:
        return 0.0
    done, total = map(int, counts[-1])
    return done / total if total else 0.0


def duration_text(seconds: float) -> str:
    """Put a duration into words: `35 s`, `4 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


LEDGER = Ledger()
