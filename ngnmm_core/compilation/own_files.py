"""Models and analyses in files of a user's own: what they are made of, and how they are read.

A file is known by a hash of its code, of the files beside it that it imports (`from .helpers import ...`), and it names
what it uses of the package.  All that is found out by reading, without running it.  What no number depends on doesn't
count, by the same rules as in the package (`ngnmm_core.compilation.definitions`): docstrings, comments, messages,
annotations, the order of definitions, what is drawn (`maps`, `Map`, `Look`).  Editing that computes nothing anew.

A file that is run gets a name that holds its hash, so that an edited one is another module, in one process too.
"""

import ast
import hashlib
import importlib
import importlib.machinery
import os
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import decode_source
from pathlib import Path
from typing import Any

from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.compilation.declarations import declares
from ngnmm_core.compilation.definition_store import definitions
from ngnmm_core.compilation.definitions import definitions_of
from ngnmm_core.compilation.source_text import dotted
from ngnmm_core.errors import InputError

PREFIX = "ngnmm_own_"
PYTHON = "a Python file, named from the study file's folder"
PACKAGE, ROOT = "ngnmm_core", Path(__file__).parent.parent
DRAWING = "ngnmm_core.analysis.maps"  # what is drawn: no number depends on it
DRAWN, SAID = ("Map", "Look"), ("maps", "title", "doi", "check", "compares_regions")


@dataclass(frozen=True)
class OwnFile:
    """A file of a user's own that defines something.

    Attributes
    ----------
    key : str
        The key of the study that names it, such as `model.file`.
    path : Path
        From the working directory.
    source : str
        Hash of what numbers depend on in it and in the files beside it that it imports, 16 hexadecimal digits.
    text : str
        Hash of all that they say, without docstrings and comments.
    uses : tuple of str
        What it imports from the package, as `ngnmm_core.compilation.code_hash` wants it.
    """

    key: str
    path: Path
    source: str
    text: str
    uses: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The name that it has as a module."""
        folder = hashlib.blake2b(str(self.path.resolve().parent).encode(), digest_size=4).hexdigest()
        return f"{PREFIX}{folder}_{self.text}.{self.path.resolve().stem}"


# ------------------------------------------------------------------ reading
def find_file(key: str, given: str, folder: Path | None, kind: str = PYTHON) -> Path:
    """Find the file that a key names, beside the study file or else from the working directory; named from the latter.

    Raises
    ------
    InputError
        If there is none.
    """
    named = Path(given).expanduser()
    for place in filter(None, (folder, Path())):
        if is_there(place / named):
            return named if named.is_absolute() else Path(os.path.relpath(place / named))
    raise InputError(f"{key}: {given}: no such file; allowed: {kind}")


def is_there(path: Path) -> bool:
    """Whether there is a file of that name; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a zero in it
        return False


def read_file(key: str, path: Path, constant: str) -> OwnFile:
    """Find out what a file is made of, without running it.

    Raises
    ------
    InputError
        If it is no Python, does not define the constant, or imports what can't be followed; in one line.
    """
    if not path.stem.isidentifier() or path.suffix != ".py":
        raise InputError(f"{key}: {path}: can't be a module; allowed: NAME.py, of letters, digits and _")
    parts: dict[str, tuple[str, str]] = {}
    uses: set[str] = set()
    _read(key, path.resolve(), path.resolve().parent, parts, uses)
    if not declares(path, constant):
        raise InputError(f"{key}: {path}: defines no {constant}; allowed: a file with a line {constant} = ...")
    source, text = (_digest(f"{name} {parts[name][k]}" for name in sorted(parts)) for k in (0, 1))
    return OwnFile(key, path, source, text, tuple(sorted(uses)))


def _digest(lines: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def _read(key: str, path: Path, folder: Path, parts: dict[str, tuple[str, str]], uses: set[str]) -> None:
    """Add a file, and those beside it that it imports, to `parts`: their names and what they say."""
    name = path.relative_to(folder).as_posix()
    if name in parts:
        return
    try:
        text = path.read_bytes()
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(f"{key}: {path.name}: not Python{line} ({reason}); allowed: a Python file") from None
    except OSError as error:
        raise InputError(f"{key}: {path}: can't be read ({error.strerror}); allowed: a readable file") from None
    for beside in [*_imports(key, tree, path, uses)]:
        parts.setdefault(name, ("", ""))
        _read(key, beside, folder, parts, uses)
    parts[name] = _texts(text, tree)


def _imports(key: str, tree: ast.Module, path: Path, uses: set[str]) -> Iterator[Path]:
    """Yield the files beside a file that it imports, and add to `uses` what it takes from the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            if node.level > 1:
                raise InputError(f"{key}: {path.name}: imports from a folder above its own; allowed: files beside it")
            yield from filter(None, _beside(path.parent, node))
        elif isinstance(node, ast.ImportFrom) and node.module:
            _check_absolute(key, node.module, path)
            uses |= {_entry(key, path, node.module, alias.name) for alias in node.names} - {""}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                _check_absolute(key, alias.name, path)
                uses |= {_of_package(key, path, alias.name)} - {""}


def _check_absolute(key: str, module: str, path: Path) -> None:
    first = module.split(".")[0]
    if (path.parent / f"{first}.py").is_file() and first not in sys.stdlib_module_names:
        raise InputError(f"{key}: {path.name}: imports {first}.py beside it; allowed: from .{first} import ...")


def _entry(key: str, path: Path, module: str, name: str) -> str:
    """Tell what `from module import name` takes from the package, as `code_hash` wants it; empty if nothing counts."""
    if found := _of_package(key, path, f"{module}.{name}"):
        return found
    found = _of_package(key, path, module)
    if found == DRAWING:
        return ""
    return f"{found}:{name}" if found and name in definitions(found)["definitions"] else found


def _of_package(key: str, path: Path, module: str) -> str:
    """Return the name of a module of the package; empty for any other module, or for a name within a module."""
    package, *parts = module.split(".")
    if package != PACKAGE:
        return ""
    place = ROOT.joinpath(*parts)
    if place.with_suffix(".py").is_file() or (place / "__init__.py").is_file():
        return module
    if not place.parent.is_dir() and not place.parent.with_suffix(".py").is_file():
        raise InputError(f"{key}: {path.name}: there is no {module}; allowed: what is in the package {PACKAGE}")
    return ""


def _beside(folder: Path, node: ast.ImportFrom) -> Iterator[Path | None]:
    names = [node.module] if node.module else [alias.name for alias in node.names]
    for name in names:
        place = folder.joinpath(*name.split("."))
        found = [p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()]
        yield found[0] if found else None
        if node.module and (place / "__init__.py").is_file():
            yield from (p for alias in node.names if (p := place / f"{alias.name}.py").is_file())


def _texts(source: bytes, tree: ast.Module) -> tuple[str, str]:
    """Reduce a file to what numbers can depend on, and to all that it does: without docstrings and comments."""
    found, drawn = definitions_of(decode_source(source)), {name for node in tree.body for name in _drawn(node)}
    parts = {f"!{number}": effect for number, effect in enumerate(found["effects"])}
    for name, definition in found["definitions"].items():
        if name not in drawn:
            inner = {**definition.get("keywords", {}), **definition.get("methods", {})}
            parts |= {name: definition, **{f"{name}.{key}": part for key, part in inner.items() if key not in SAID}}
    lines = []
    for name, part in sorted(parts.items()):
        known = found["imports"] | part["imports"]
        taken = sorted((use, known[root]) for use in part["uses"] if (root := use.partition(".")[0]) in known)
        lines.append(f"{name} {part['text']} {taken}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return "\n".join(lines), ast.dump(tree)


def _drawn(node: ast.stmt) -> list[str]:
    """List the names that a statement defines only for what is drawn."""
    if isinstance(node, ast.FunctionDef):
        return [node.name] if node.name == "maps" else []
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(value, ast.Call):
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [t.id for t in targets if isinstance(t, ast.Name)] if dotted(value.func) in DRAWN else []


# ------------------------------------------------------------------ running
class _Loader(importlib.machinery.SourceFileLoader):
    """Reads source, never bytecode: what Python keeps of a file is told apart by its time in seconds only."""

    def path_stats(self, path: Any) -> Any:
        """Nothing is known of the file's age."""
        raise OSError


class _Finder:
    """Finds the modules of the folders that own files are in."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: Any = None) -> Any:
        """Where a module is."""
        if not name.startswith(PREFIX) or path is None:
            return None
        found = (importlib.machinery.FileFinder(p, (_Loader, [".py"])).find_spec(name) for p in path)
        return next(filter(None, found), None)


_known: dict[str, OwnFile] = {}  # those that have been run, by the package that holds them


@cache
def run_file(file: OwnFile, constant: str) -> Any:
    """Run a file, and return what it defines as a constant.

    Raises
    ------
    InputError
        If it fails; in one line.
    """
    package = file.module.rpartition(".")[0]
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    if package not in sys.modules:
        holder = types.ModuleType(package)
        holder.__path__ = [str(file.path.resolve().parent)]
        sys.modules[package] = holder
    _known[package] = file
    try:
        return getattr(importlib.import_module(file.module), constant)
    except InputError as error:
        raise InputError(f"{file.key}: {file.path}: {error}") from None
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{file.key}: {file.path}: fails when it runs ({reason}); allowed: a file that runs") from None


def own_file_of(module: str) -> OwnFile | None:
    """Find the own file that a module belongs to, or None for a module of the package, a notebook or anything else."""
    return _known.get(module.partition(".")[0])


def equations_code(module: str, *kernels: str) -> str | None:
    """Hash the code of kernels and of the module that equations are in; None for equations of a notebook."""
    own = own_file_of(module)
    if own is not None:
        return f"{own.source}-{code_hash([*kernels, *own.uses])}"
    return code_hash([*kernels, module]) if module.startswith(f"{PACKAGE}.") else None
