"""Snakemake without its start: a process that has imported the packages of others, and forks for every call.

Most of a dry run's time goes into importing Snakemake, pandas, xarray and numba.  Nothing of this repository is
imported before the fork: every call reads the code of its own folder, as a new process would.
"""

import contextlib
import gc
import json
import os
import select
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    *("snakemake.cli", "snakemake.api", "snakemake.script", "yte", "smart_open", "nbformat", "jsonschema", "jinja2"),
    *("numpy", "pandas", "xarray", "numba", "scipy.linalg", "scipy.sparse", "netCDF4", "networkx", "pydantic"),
    *("docutils.core", "pygments", "psutil", "requests", "yaml", "attrs", "dpath"),
)
OURS = ("ngnmm_core", "snakemake_logger_plugin_ngnmm")


class Forks:
    """The process that forks, started with the first call.

    Parameters
    ----------
    environment : dict
        That of its start; libraries read some of it when they are imported.
    """

    def __init__(self, environment: dict[str, str]):
        self.environment = dict(environment)
        self._server: subprocess.Popen | None = None

    def run(self, command: list[str], folder: Path, environment: dict[str, str], said: Path, timeout: float) -> int:
        """Runs a program of Python in a folder; what it says goes to the files `said`.out and .err.

        Raises
        ------
        subprocess.TimeoutExpired
            After `timeout` seconds; everything that was started is killed.
        """
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, __file__], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        call = {"command": command, "folder": str(folder), "environment": environment, "said": str(said)}
        self._server.stdin.write(json.dumps(call).encode() + b"\n")
        self._server.stdin.flush()
        if not select.select([self._server.stdout], [], [], timeout)[0]:
            self.close()
            raise subprocess.TimeoutExpired(command, timeout)
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """Ends it, with whatever it has started and is still there."""
        if self._server is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._server.pid, 9)
            self._server.communicate()
            self._server = None


def _serve() -> None:
    """Answers every call with the return code; returns in the processes that are forked, which go on as the program."""
    for line in sys.stdin:
        call = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(call)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    sys.exit()


def _become(call: dict) -> None:
    """Takes over folder, environment, words and outputs of a program."""
    for number, name in ((0, os.devnull), (1, call["said"] + ".out"), (2, call["said"] + ".err")):
        file = os.open(name, (os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if number else os.O_RDONLY, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = call["command"]
    sys.path[0] = str(Path(sys.argv[0]).parent)


if __name__ == "__main__":
    for package in PACKAGES:
        with contextlib.suppress(ImportError):
            __import__(package)
    assert not [name for name in sys.modules if name.partition(".")[0] in OURS]
    gc.set_threshold(50_000, 20, 50)
    gc.freeze()
    _serve()
    from snakemake.cli import main

    sys.exit(main())
