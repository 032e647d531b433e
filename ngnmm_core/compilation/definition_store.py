"""What is known of the package's source, kept for all processes: the definitions of modules, and hashes made of them.

Taking a hundred modules apart takes a second, and every job would do it again.  What was found is kept in the folder of
the compiled kernels, by the content of the files that it was found in, so that it can't be stale; a store that can't be
read or written costs that second.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any

from ngnmm_core.compilation.cache_folder import cache_directory
from ngnmm_core.compilation.definitions import definitions_of
from ngnmm_core.storage.atomic import write_bytes

PACKAGE = "ngnmm_core"
ROOT = Path(__file__).parent.parent
READERS = ("source_text.py", "definitions.py", "code_hash.py")  # another reader makes what was read before worthless
MOST = 400  # entries of a store; the oldest go


@cache
def path_of(module: str) -> Path | None:
    """Return the file of a module of the package, or None if there is none."""
    package, *parts = module.split(".")
    if package != PACKAGE:
        return None
    relative = ROOT.joinpath(*parts)
    for candidate in (relative.with_suffix(".py"), relative / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def source_of(module: str) -> bytes:
    """Read the source of a module.

    Raises
    ------
    ModuleNotFoundError
        If the package has no such module.
    """
    path = path_of(module)
    if path is None:
        raise ModuleNotFoundError(f"no module named '{module}' in {PACKAGE}")
    return path.read_bytes()


@cache
def _digest_of(module: str) -> str:
    return _digest(source_of(module)) if path_of(module) else ""


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@cache
def _readers() -> str:
    return _digest(b"".join((Path(__file__).parent / name).read_bytes() for name in READERS) + str(ROOT).encode())


class _Store:
    """Entries by key in a file under a checksum."""

    def __init__(self, name: str):
        self._name = name
        self._known: dict[str, Any] | None = None  # what the file holds, once it is read
        self._new: dict[str, Any] = {}

    @property
    def _path(self) -> Path:
        return cache_directory() / f"{self._name}-{_readers()[:16]}.json"

    def _load(self) -> dict[str, Any]:
        try:
            check, _, body = self._path.read_bytes().partition(b"\n")
            return json.loads(body) if check.decode() == _digest(body) else {}
        except (OSError, ValueError):
            return {}

    def get(self, key: str) -> Any:
        """Return an entry, or None if there is none."""
        if self._known is None:
            self._known = self._load()
        return self._new.get(key, self._known.get(key))

    def put(self, key: str, entry: Any) -> None:
        """Add an entry, for this process only until `save`."""
        self._new[key] = entry

    def save(self) -> None:
        """Keep what is new for other processes, if possible."""
        if self._new:
            self._known = dict(list(({**self._load(), **self._new}).items())[-MOST:])
            body = json.dumps(self._known, separators=(",", ":")).encode()
            with contextlib.suppress(OSError):
                write_bytes(self._path, _digest(body).encode() + b"\n" + body, durable=False)
            self._new = {}


_modules, _answers = _Store("definitions"), _Store("hashes")


@cache
def definitions(module: str) -> dict[str, Any]:
    """Return the definitions of a module, as `ngnmm_core.compilation.definitions.definitions_of` gives them.

    Raises
    ------
    ModuleNotFoundError
        If the package has no such module.
    """
    source = source_of(module)
    held = _modules.get(module)
    if held is None or held["source"] != _digest_of(module):
        held = {"source": _digest_of(module), **definitions_of(source.decode())}
        _modules.put(module, held)
    return held


def remembered(question: str, find: Callable[[], tuple[str, Collection[str]]]) -> str:
    """Return an answer that follows from the source of some modules, found anew only if one of them has changed.

    `find` gives the answer and the modules that it has read.
    """
    held = _answers.get(question)
    if held is not None and held["sources"] == _sources(held["modules"].split()):
        return held["answer"]
    answer, modules = find()
    modules = sorted(modules)
    _answers.put(question, {"answer": answer, "modules": " ".join(modules), "sources": _sources(modules)})
    _answers.save()
    _modules.save()
    return answer


def _sources(modules: Collection[str]) -> str:
    return _digest("".join(map(_digest_of, modules)).encode())
