"""An on-disk cache of compiled kernels that can't be stale and that parallel jobs can share.

numba's own cache keeps a caller although a function it inlined from another file has changed, and cannot cache
functions that are made by other functions.  Here every compiled kernel is one file whose name is a hash of all that
went into it: the source of the kernels, what of the model they are made with, the argument types, the versions of numba
and llvmlite, and the processor.  Files are written under a temporary name and renamed, so that any number of processes
may fill the same directory at once.

A kernel is a pickled program: whoever writes it decides what this process does.  So a file is read only if nobody but
this user can have written it, and unpickled only if it holds what was written (`ngnmm_core.compilation.sealed_files`).
"""

import contextlib
import functools
import hashlib
import pickle
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from llvmlite import binding
from numba.core.caching import _Cache
from numba.core.runtime import _nrt_python  # type: ignore[attr-defined]

from ngnmm_core.compilation.cache_folder import cache_directory
from ngnmm_core.compilation.kernel_key import kernel_key
from ngnmm_core.compilation.sealed_files import is_trusted, private_folder, read_sealed, write_sealed

LAYOUT = 2  # of what a file holds; a number of its own for every way to write it


class KernelCache(_Cache):
    """numba's cache interface for one kernel, keyed by content.

    Parameters
    ----------
    name : str
        Readable part of the file names.
    key : callable
        Gives a hash of everything that the compiled code depends on besides its argument types and the machine.
    """

    def __init__(self, name: str, key: Callable[[], str]):
        self.name, self.key = name, key
        self._enabled = True

    @property
    def cache_path(self):
        """Folder of the files, as numba wants it."""
        return str(cache_directory())

    def enable(self):
        """Use the cache from now on."""
        self._enabled = True

    def disable(self):
        """Leaves the cache aside from now on."""
        self._enabled = False

    def flush(self):
        """Remove the files of this kernel."""
        for path in cache_directory().glob(f"{self.name}-*.kernel"):
            path.unlink(missing_ok=True)

    def _path(self, signature, codegen) -> Path:
        versions = (numba.__version__, llvmlite.__version__, sys.version_info[:2])
        parts = repr((LAYOUT, self.key(), str(signature), codegen.magic_tuple(), versions))
        return cache_directory() / f"{self.name}-{hashlib.sha256(parts.encode()).hexdigest()[:24]}.kernel"

    def load_overload(self, sig, target_context):
        """Return the compiled function, or None if it isn't there or can't be read."""
        if not self._enabled:
            return None
        try:
            content = read_sealed(self._path(sig, target_context.codegen()))
            if content is None:
                return None
            used, payload = pickle.loads(content)
            _offer(used, target_context)
            return numba.core.compiler.CompileResult._rebuild(target_context, *payload)
        except Exception:  # a damaged or foreign file: compiling again is always right
            return None

    def save_overload(self, sig, data):
        """Write the compiled function; a full or read-only disk costs a compilation, not the run."""
        if not self._enabled:
            return
        path = self._path(sig, data.codegen)
        with contextlib.suppress(OSError):
            private_folder(path.parent)
            if is_trusted(path.parent):
                write_sealed(path, numba.core.serialize.dumps((_used(data.library), data._reduce())))


def _used(library: Any) -> list[str]:
    """Name the functions that a compiled kernel calls and does not hold itself."""
    functions = library._final_module.functions
    return sorted(f.name for f in functions if f.is_declaration and not f.name.startswith("llvm."))


def _offer(names: Iterable[str], target_context: Any) -> None:
    """Make sure that functions of these names can be found, as LLVM ends the process over one that can't.

    numba's own way is to load all that it could compile with, scipy's linear algebra among it, which takes half of the
    time in which a job starts.  Kernels need little but what makes arrays of arguments.
    """
    _offer_runtime()
    if any(binding.address_of_symbol(name) is None for name in names):
        target_context.refresh()


@functools.cache
def _offer_runtime() -> None:
    """Make the functions by which kernels take arrays over from Python known to LLVM."""
    for name, address in _nrt_python.c_helpers.items():
        binding.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)


def compiled_by(make: Callable[..., Any], *arguments: Any, name: str) -> Any:
    """Give `make(*arguments)`, numba functions whose compiled code is kept in the kernel cache.

    Parameters
    ----------
    make : callable
        Makes one numba function, or a tuple of them; a function of a module, so that its code is known.
    *arguments
        All that the kernels are compiled with: functions, numbers, texts, and tuples of them.  What can't be told apart
        in another process (an object of a notebook) is compiled in each.
    name : str
        Readable part of the file names.
    """
    made, key = make(*arguments), kernel_key(make, *arguments)
    if key is None:
        return made
    if isinstance(made, tuple):
        return tuple(_cached(one, f"{name}-{one.__name__}", f"{key}-{k}") for k, one in enumerate(made))
    return _cached(made, name, key)


def _cached(dispatcher, name: str, key: str):
    """Lets a numba dispatcher keep its compiled code in the kernel cache."""
    dispatcher._cache = KernelCache(name, lambda: key)
    return dispatcher
