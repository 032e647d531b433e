"""Hashes of the code that a result depends on: what is imported from where, without comments and docstrings.

Snakemake sees neither an edit of an imported module nor which modules a script imports.  A result is therefore named
by a hash over every `ngnmm_core` module that its entry points import, directly or not.  The syntax trees are hashed,
not the text, so that an edited docstring, comment or line break recomputes nothing.  Imports of a name that is looked
up at run time (the models, the analyses) are not followed: the caller names those modules.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = "ngnmm_core"
ROOT = Path(__file__).parent.parent


def _path(module: str) -> Path | None:
    relative = ROOT.joinpath(*module.split(".")[1:])
    for candidate in (relative.with_suffix(".py"), relative / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            if body and isinstance(body[0], ast.Expr) and isinstance(getattr(body[0], "value", None), ast.Constant):
                node.body = body[1:]
    return tree


@cache
def _module(module: str) -> tuple[str, tuple[str, ...]]:
    """Hash of one module's code, and the package's modules that it imports."""
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from package import name`: the name may be a module, and then its package's __init__ runs as well
            imported |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
            lazy = _lazy_names(node.module)
            imported |= {f"{node.module}.{lazy[alias.name]}" for alias in node.names if alias.name in lazy}
    ours = {name for name in imported if name.split(".")[0] == PACKAGE and _path(name)}
    return _digest(tree), tuple(sorted(ours))


@cache
def _lazy_names(package: str) -> dict[str, str]:
    """What a package of ours imports at first use (PEP 562): names and the submodules that hold them."""
    path = _path(package) if package.split(".")[0] == PACKAGE else None
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path else ():
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["_LAZY"]:
            return ast.literal_eval(node.value)
    return {}


def _digest(tree: ast.Module) -> str:
    return hashlib.blake2b(ast.dump(_without_docstrings(tree)).encode(), digest_size=16).hexdigest()


@cache
def script_hash(path: Path) -> str:
    """A hash of one script's code, without what it imports."""
    return _digest(ast.parse(path.read_text(encoding="utf-8")))


def modules_of(*entries: str) -> tuple[str, ...]:
    """All modules of the package that the given ones import, themselves included, in alphabetical order."""
    found: set[str] = set()
    waiting = list(entries)
    while waiting:
        module = waiting.pop()
        if module not in found:
            if _path(module) is None:
                raise ModuleNotFoundError(f"no module named '{module}' in {PACKAGE}")
            found.add(module)
            waiting.extend(_module(module)[1])
    return tuple(sorted(found))


def code_hash(entries: Iterable[str]) -> str:
    """A hash of the code of the given modules and of all that they import from the package, 16 hexadecimal digits."""
    text = "\n".join(f"{module} {_module(module)[0]}" for module in modules_of(*entries))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
