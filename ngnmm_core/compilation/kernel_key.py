"""What a compiled kernel depends on: the code of what makes it, and every argument that it is made with.

Functions of the package are known by the definitions that they use (`ngnmm_core.compilation.code_hash`), all others,
such as those that a declaration holds, that a notebook or a file of the user's own defines, by their bytecode, their
defaults, and what they find in closures and globals.  So a model whose declaration differs in anything that its kernel
was made with has another kernel, whatever file it is declared in.
"""

import builtins
import functools
import hashlib
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.compilation.versions import LIBRARIES, library_versions

PACKAGE = "ngnmm_core."
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


class _UnknownError(Exception):
    """Something that can't be told from its likes in another process."""


def kernel_key(make: Callable[..., Any], *arguments: Any) -> str | None:
    """Give a hash of a maker and what it is called with; None if something in it can't be known in another process."""
    try:
        return hashlib.sha256(_text((make, arguments), ()).encode()).hexdigest()[:32]
    except _UnknownError:
        return None


def _text(value: Any, above: tuple[int, ...]) -> str:
    """Describe a value in words; `above` are the functions that it was found in, which may call themselves."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, tuple | list | frozenset):
        items = [_text(item, above) for item in value]
        return f"{type(value).__name__}({', '.join(sorted(items) if isinstance(value, frozenset) else items)})"
    if isinstance(value, functools.partial):
        return f"partial({_text((value.func, value.args, tuple(sorted(value.keywords.items()))), above)})"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    library = (getattr(value, "__module__", None) or type(value).__module__).partition(".")[0]
    if library in LIBRARIES and hasattr(value, "__name__"):
        return f"{library} {library_versions()[library]} {value.__name__}"
    if isinstance(value, types.BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    function = getattr(value, "py_func", value)  # of numba's dispatchers
    if isinstance(function, types.FunctionType):
        return "itself" if id(function) in above else _function(function, (*above, id(function)))
    raise _UnknownError(type(value).__name__)


def _function(function: types.FunctionType, above: tuple[int, ...]) -> str:
    if entry := _definition(function):
        return f"code {entry} {code_hash([entry])}"
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    used = sorted(_names(function.__code__) & function.__globals__.keys())
    found = [(name, function.__globals__[name]) for name in used if not hasattr(builtins, name)]
    defaults = (function.__defaults__, tuple(sorted((function.__kwdefaults__ or {}).items())))
    return f"{_code(function.__code__, function.__doc__)} {_text((cells, defaults, found), above)}"


def _definition(function: types.FunctionType) -> str:
    """`module:name` of a function that a module of the package defines; empty for others."""
    module, name = function.__module__ or "", function.__qualname__
    if not module.startswith(PACKAGE) or not name.isidentifier():
        return ""
    found = getattr(sys.modules.get(module), name, None)
    same = function in (found, getattr(found, "py_func", None), getattr(found, "__wrapped__", None))
    return f"{module}:{name}" if same else ""


def _names(code: types.CodeType) -> set[str]:
    inner = (c for c in code.co_consts if inspect.iscode(c))
    return set(code.co_names).union(*map(_names, inner))


def _code(code: types.CodeType, doc: str | None = None) -> str:
    constants = [_code(c) if inspect.iscode(c) else repr(c) for c in code.co_consts if doc is None or c != doc]
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return repr((code.co_code.hex(), constants, code.co_names, code.co_freevars, code.co_cellvars, counts))
