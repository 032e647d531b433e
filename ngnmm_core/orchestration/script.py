"""Lets the scripts of the workflow run from Snakemake and from the command line alike.

A script defines one function with typed, named arguments and ends with `run(function, globals())`.  From Snakemake, the
arguments are taken from the rule's input, output, params and wildcards of the same names; from the command line, they
are options.
"""

import argparse
import errno
import inspect
import logging
import os
import resource as rlimit
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin

from ngnmm_core.compilation.cpu_target import NATIVE, restrict
from ngnmm_core.errors import InputError, tell_plainly
from ngnmm_core.orchestration.garbage import look_seldom
from ngnmm_core.storage.records import write_record

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
LEAST_ROOM = 2**20  # bytes


def run(function: Callable[..., None], namespace: dict[str, Any]) -> None:
    """Call `function` with the arguments of the rule, or of the command line if there is no rule."""
    snakemake = namespace.get("snakemake")
    if snakemake is None and namespace.get("__name__") != "__main__":
        return
    look_seldom()
    tell_plainly()
    if snakemake is None:
        arguments = _from_command_line(function, namespace.get("__doc__"))
        _log_to(None)
    else:
        arguments = _from_rule(function, snakemake)
        _set_threads(snakemake.threads)
        target = restrict(snakemake.params.get("cpu_target", NATIVE))
        _log_to(snakemake.log[0] if snakemake.log else None)
        settings = "".join(f"{name}={shlex.quote(value)} " for name, value in target.items())
        logging.info("to repeat: %spython %s %s", settings, _script_path(namespace), _as_options(arguments))
    start = time.perf_counter()
    try:
        function(**arguments)
        _record(snakemake)
    except InputError as error:
        _give_up(str(error))
    except (OSError, RuntimeError) as error:
        place = str(snakemake.output[0]) if snakemake is not None else "."
        reason = _no_room(error, place)
        if not reason:
            raise
        _give_up(f"{place}: {reason}; allowed: a disk with room that can be written (run the workflow again then)")
    except KeyboardInterrupt:
        _stop()
    logging.info("done in %.1f s", time.perf_counter() - start)


def _record(snakemake) -> None:
    """Note down what a job with a recipe has made of it."""
    if snakemake is not None and hasattr(snakemake.input, "recipe"):
        write_record(Path(snakemake.input.recipe), [Path(file) for file in snakemake.output])


def _no_room(error: Exception, place: str) -> str:
    """Return what the system says if an error comes from a full or read-only disk; empty if it does not."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return error.strerror
    existing = next(p for p in map(os.path.abspath, (place, os.path.dirname(place) or ".", ".")) if os.path.exists(p))
    if shutil.disk_usage(existing).free < LEAST_ROOM:  # netCDF says "HDF error", whatever the reason
        return os.strerror(errno.ENOSPC)
    if rlimit.getrlimit(rlimit.RLIMIT_FSIZE)[0] != rlimit.RLIM_INFINITY:  # netCDF does not say which limit it met
        return f"{os.strerror(errno.EFBIG)} for the limit of this shell (ulimit -f)"
    return ""


def _give_up(message: str) -> None:
    """End the job with one line on what to mend, in its log and for the user."""
    logging.error("%s", message)
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)


def _stop() -> None:
    """End the job as Ctrl-C ends programs, without a traceback: nothing has gone wrong."""
    logging.info("stopped by Ctrl-C")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _from_rule(function, snakemake) -> dict[str, Any]:
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        for source in (snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards):
            if hasattr(source, name) and not callable(getattr(source, name)):
                value = getattr(source, name)
                arguments[name] = _convert(value, parameter.annotation)
                break
        else:
            if parameter.default is inspect.Parameter.empty:
                raise TypeError(f"the rule {snakemake.rule} has nothing named '{name}'")
    return arguments


def _convert(value: Any, kind: Any) -> Any:
    if get_origin(kind) is list:
        values = [value] if isinstance(value, str) else list(value)
        return [get_args(kind)[0](v) for v in values]
    return value if kind is Any or kind is inspect.Parameter.empty else kind(value)


def _from_command_line(function, doc: str | None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, parameter in inspect.signature(function).parameters.items():
        required = parameter.default is inspect.Parameter.empty
        options: dict[str, Any] = {"required": required, "default": None if required else parameter.default}
        kind = parameter.annotation
        if get_origin(kind) is list:
            parser.add_argument(f"--{name}", nargs="*", type=get_args(kind)[0], **options)
        elif kind is bool:
            parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, **options)
        else:
            parser.add_argument(f"--{name}", type=kind, **options)
    return vars(parser.parse_args())


def _as_options(arguments: dict[str, Any]) -> str:
    words = []
    for name, value in arguments.items():
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        else:
            values = value if isinstance(value, list) else [value]
            words += [f"--{name}", *(shlex.quote(str(v)) for v in values)]
    return " ".join(words)


def _script_path(namespace) -> str:
    """Where the script is, from the working directory; Snakemake runs a copy and sets `__file__` to the source."""
    return os.path.relpath(namespace["__file__"])


def _set_threads(threads: int) -> None:
    for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)


def _log_to(path: str | None) -> None:
    logging.basicConfig(
        filename=path, filemode="w" if path else "a", level=logging.INFO, force=True,
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S",
    )  # fmt: skip
