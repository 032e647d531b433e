"""Programs of Python without their start: a process that has imported the packages of others, and forks for each.

Most of a dry run, of a small job and of a short command is the import of Snakemake, pandas, xarray and numba.  Tests
put `Forks.python` in the place of Python: a small client that hands its words, folder, environment and open files to
the process that forks, passes signals on, and ends as the program ended.  Jobs that a Snakemake starts that was itself
started so go the same way.  Nothing of this repository is imported before the fork: every program reads the code of its
own folder, as a new process would.

What a fork could not do as a new process does is left to a new one: an environment that libraries read when they are
imported and that is another one, other limits, another processor to compute for, and code on the command line.  So the
tests of interrupted and killed runs, of processors, of the soak, and one of two whole runs have processes of their own.
A benchmark file of a job that was forked tells time, not memory: it looks below the client.
"""

import atexit
import contextlib
import gc
import marshal
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

PACKAGES = (
    *("snakemake.cli", "snakemake.api", "snakemake.script", "yte", "smart_open", "nbformat", "jsonschema", "jinja2"),
    *("numpy", "pandas", "xarray", "numba", "scipy.linalg", "scipy.sparse", "netCDF4", "networkx", "pydantic"),
    *("docutils.core", "pygments", "psutil", "requests", "yaml", "attrs", "dpath", "platformdirs"),
    *("scipy.signal", "scipy.stats", "scipy.optimize", "scipy.integrate", "matplotlib.figure", "matplotlib.pyplot"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.backends.backend_pdf"),
    "seaborn",
)
OURS = ("ngnmm_core", "snakemake_logger_plugin_ngnmm")
# what libraries read when they are imported; one thread is what a job has, and Snakemake itself computes nothing
READ_AT_IMPORT = ("BLIS_", "GOTO_", "HDF5_", "LC_", "LANG", "LD_", "MKL_", "NPY_", "NUMBA_", "NUMEXPR_", "OMP_",
                  "OPENBLAS_", "PYTHON", "TZ")  # fmt: skip
THREADS = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "GOTO", "NUMBA")}
READ_AT_START = ("PYTHONPATH", "PYTHONUNBUFFERED")
SET_AT_START = ("HDF5_PLUGIN_PATH", "LC_CTYPE")  # by netCDF4 and Python
OTHER_PROCESSORS = b"x86-64-v"  # in a job, which restricts itself before numpy is imported
LIMITS = "/proc/self/limits"


class Forks:
    """The process that forks, started with the first call.

    Parameters
    ----------
    environment : dict
        That of its start; libraries read some of it when they are imported.
    """

    def __init__(self, environment: dict[str, str]):
        self.environment = dict(environment)
        self._place = Path(tempfile.mkdtemp(prefix="forks-"))
        self._server: subprocess.Popen | None = None

    @property
    def python(self) -> Path:
        """The program to start in the place of Python; Python itself where the system is not Linux."""
        if not hasattr(os, "pidfd_open"):
            return Path(sys.executable)
        if self._server is None:
            client = Path(__file__).with_name("forks_client.py")
            program = self._program("python", sys.executable, "-IS", str(client), str(self._place / "socket"))
            self._server = subprocess.Popen(
                [sys.executable, __file__, str(self._place / "socket"), str(program)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, env=self.environment | THREADS, start_new_session=True,
            )  # fmt: skip
            assert self._server.stdout.readline() == b"ready\n"
        return self._place / "python"

    def commands(self, *names: str) -> Path:
        """A folder to put in front of a path, with the commands of this environment that are to be forked."""
        for name in names:
            self._program(name, str(self.python), str(Path(sys.executable).with_name(name)))
        return self._place

    def _program(self, name: str, *words: str) -> Path:
        program = self._place / name
        program.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
        program.chmod(0o755)
        return program

    def close(self) -> None:
        """Ends it, with whatever it has started and is still there."""
        if self._server is not None:
            self._server.communicate()
            self._server = None
        shutil.rmtree(self._place, ignore_errors=True)


# ------------------------------------------------------------------ the process that forks
class _Server:
    def __init__(self, path: str):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._running: dict[socket.socket, tuple[int, int]] = {}  # the process, and a file that tells its end
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(0, selectors.EVENT_READ)
        self._limits = Path(LIMITS).read_text()
        self._environment = _read_at_import(os.environ)

    def serve(self) -> tuple:
        """Answers every call with the return code; returns in the processes that are forked, with what to become."""
        print("ready", flush=True)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    if call := self._accept():
                        return call
                elif key.fileobj == 0:  # whoever started this is gone
                    self._end()
                elif key.data is None:
                    self._hear(key.fileobj)
                else:
                    self._tell(key.data)

    def _accept(self) -> tuple | None:
        connection, _ = self._listener.accept()
        size, files, _, _ = socket.recv_fds(connection, 8, 3)
        with connection.makefile("rb") as stream:
            words, folder, environment, limits = marshal.loads(stream.read(int.from_bytes(size, "big")))
        process = None
        if limits == self._limits and self._serves(words, folder, environment):
            process = os.fork()
            if process == 0:
                self._leave(connection)
                return words, folder, environment, files
            with contextlib.suppress(OSError):
                os.setpgid(process, process)  # here too: a signal may come before the fork runs
            self._running[connection] = process, os.pidfd_open(process)
            self._selector.register(connection, selectors.EVENT_READ)
            self._selector.register(self._running[connection][1], selectors.EVENT_READ, connection)
        for file in files:
            os.close(file)
        if process is None:
            connection.sendall(b"no")
            connection.close()
        return None

    def _serves(self, words: list[str], folder: str, environment: dict[str, str]) -> bool:
        """Whether a fork does what a new process would."""
        if _read_at_import(environment) != self._environment or not words:
            return False
        if words[0] == "-m":
            return len(words) > 1
        program = Path(folder, words[0])
        return not words[0].startswith("-") and program.is_file() and OTHER_PROCESSORS not in program.read_bytes()

    def _leave(self, connection: socket.socket) -> None:
        """Closes in a fork what belongs to the server."""
        os.setpgid(0, 0)
        self._selector.close()
        for file in (self._listener, connection, *self._running):
            file.close()
        for _, end in self._running.values():
            os.close(end)

    def _hear(self, connection: socket.socket) -> None:
        """A signal for the program, or its client is gone."""
        process, _ = self._running[connection]
        with contextlib.suppress(OSError):
            numbers = connection.recv(16)
            if not numbers:
                self._selector.unregister(connection)
            for number in numbers or [signal.SIGKILL]:
                os.killpg(process, number)

    def _tell(self, connection: socket.socket) -> None:
        process, end = self._running.pop(connection)
        self._selector.unregister(end)
        os.close(end)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection)
        with contextlib.suppress(OSError):
            connection.sendall(str(code).encode())
        connection.close()

    def _end(self) -> None:
        for process, _ in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
        os._exit(0)


def _read_at_import(environment) -> dict[str, str]:
    found = {
        k: v for k, v in environment.items() if k.startswith(READ_AT_IMPORT) and k not in READ_AT_START + SET_AT_START
    }
    return THREADS | found


def _become(words: list[str], folder: str, environment: dict[str, str], files: list[int]) -> None:
    """Takes over folder, environment, words and open files of a program, and runs it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    found = {name: os.environ[name] for name in SET_AT_START if name in os.environ}
    os.environ.clear()
    os.environ.update(found | environment)
    named = words[0] == "-m"
    sys.argv = words[1:] if named else words
    first = folder if named else str(Path(folder, words[0]).resolve().parent)
    if backend := environment.get("MPLBACKEND"):
        sys.modules["matplotlib"].use(backend)
    sys.path[:1] = [first, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    code: object = 0
    try:
        if named:
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        code = end.code
    _leave_as_it_is(int(code or 0))


def _leave_as_it_is(code: int) -> None:
    """Ends as Python does, without taking apart what was imported, all of which would have to be copied for it."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _import_packages() -> None:
    for package in PACKAGES:
        with contextlib.suppress(ImportError):
            __import__(package)
    assert not [name for name in sys.modules if name.partition(".")[0] in OURS]
    gc.set_threshold(50_000, 20, 50)
    gc.freeze()


if __name__ == "__main__":
    _import_packages()
    sys.executable = sys.argv[2]
    _become(*_Server(sys.argv[1]).serve())
