"""A lock per study: what one run computes, no other computes at the same time.

Snakemake's own locks can't tell studies apart well enough: when any run ends, it removes the locks of all.  Ours is a
file in the folder of the study's results, held by `flock`, which the system gives back however a process ends.  Where
the folder is on a file server, `flock` may not reach other hosts, so the holder also gives signs of life: it touches
the file while it lives.  A lock of another host counts for as long as there are such signs.
"""

import atexit
import fcntl
import json
import os
import socket
import threading
import time
from pathlib import Path

from ngnmm_core.errors import InputError
from ngnmm_core.storage.atomic import WRITABLE

NAME = ".lock"
SIGN = 10.0  # seconds between signs of life
SILENCE = 90.0  # seconds without one after which the lock of another host counts as left behind


class StudyLock:
    """The lock of the folder of a study, taken when made.

    Parameters
    ----------
    folder : Path
        `results/<study>`; made if it is not there.

    Attributes
    ----------
    left_behind : str
        Who held the lock before and is gone without giving it back, in words; empty if nobody.

    Raises
    ------
    InputError
        If another run holds it: who, and since when.  Nothing has been changed then.
    """

    def __init__(self, folder: Path):
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._open(folder)
            before = _holder(self.path)
            self.left_behind = _words(before) if before else ""
            self._file.seek(0)
            self._file.truncate()
            self._file.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": time.time()}))
            self._file.flush()
        except OSError as error:
            raise InputError(f"{self.path}: can't be written ({error.strerror}); {WRITABLE}") from None
        self._ended = threading.Event()
        threading.Thread(target=self._live, name=f"lock of {folder}", daemon=True).start()
        atexit.register(self.release)

    def _open(self, folder: Path):
        """Open the file and hold it; again where its last holder has removed it in between."""
        while True:
            file = self.path.open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise busy(folder, self.path) from None
            if _is_same(file, self.path):
                break
            file.close()
        if is_elsewhere(self.path):
            file.close()
            raise busy(folder, self.path)
        return file

    def _live(self) -> None:
        while not self._ended.wait(SIGN):
            try:
                os.utime(self.path)
            except OSError:  # the folder has been removed: nothing is left to be held
                return

    def release(self) -> None:
        """Give the lock back."""
        if not self._ended.is_set():
            self._ended.set()
            if _is_same(self._file, self.path):
                self.path.unlink(missing_ok=True)
            self._file.close()


def living_holders(results: Path) -> list[str]:
    """Say which studies below a folder of results are being computed, and by whom."""
    return [f"{path.parent}: {_words(_holder(path))}" for path in _locks(results) if is_held(path)]


def remove_left_behind(results: Path) -> list[str]:
    """Remove the locks of runs that are not there any more; say whose they were."""
    found = []
    for path in _locks(results):
        if not is_held(path):
            found.append(f"{path.parent}: {_words(_holder(path))}")
            path.unlink(missing_ok=True)
    return found


def _locks(results: Path) -> list[Path]:
    """Find the locks of studies, and of parts of studies."""
    return sorted([*results.glob(f"*/{NAME}"), *results.glob(f"*/*/{NAME}")])


def is_held(path: Path) -> bool:
    """Whether a living process holds a lock, on this host or, by its signs of life, on another."""
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return is_elsewhere(path)


def is_elsewhere(path: Path) -> bool:
    """Whether a lock is that of another host which has given a sign of life a short time ago.

    One that is dated in the future was written by a clock that has been set back since: a living holder dates it anew.
    """
    if not is_foreign(_holder(path)):
        return False
    return abs(_now_of(path.parent) - path.stat().st_mtime) < SILENCE


def is_foreign(holder: dict) -> bool:
    """Whether a holder says that it is on another host."""
    return bool(holder) and holder.get("host") != socket.gethostname()


def _now_of(folder: Path) -> float:
    """Tell the time by the clock of the file server, which dates the signs of life."""
    mark = folder / f"{NAME}.{os.getpid()}"
    try:
        mark.touch()
        now = mark.stat().st_mtime
        mark.unlink()
        return now
    except OSError:
        return time.time()


def _holder(path: Path) -> dict:
    """Read who holds a lock; empty if nobody has said so, or it can't be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def busy(folder: Path, path: Path) -> InputError:
    """Make the error for a study that another run computes."""
    holder = _holder(path)
    silence = f"; it counts until it has given no sign of life for {SILENCE:.0f} s" if is_foreign(holder) else ""
    return InputError(
        f"{folder}: is being computed by {_words(holder)}; allowed: one run of a study at a time (wait for it, or "
        f"end it{silence})"
    )


def _words(holder: dict) -> str:
    if not holder:
        return "another run"
    try:
        since = time.strftime("%H:%M on %d %B", time.localtime(float(holder["since"])))
    except (KeyError, TypeError, ValueError, OverflowError):
        since = "unknown"
    return f"process {holder.get('pid')} on {holder.get('host')}, since {since}"


def _is_same(file, path: Path) -> bool:
    """Whether an open file is the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
