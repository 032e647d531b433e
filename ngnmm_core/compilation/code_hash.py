"""Hashes of the code that a result depends on: the definitions that its entry points use, directly or not.

Snakemake sees neither an edit of an imported module nor which modules a script imports.  A result is therefore named
by a hash over definitions: from an entry, the names that a function, class or constant uses are followed to where they
are defined, through imports at the top of a module, within functions and at first use (PEP 562).  A method counts where
anything asks for an attribute of its name.  What a module does when it is imported counts for all that import it.  What
the text of a definition leaves out is listed in `ngnmm_core.compilation.source_text`.

Names that are looked up at run time (models, analyses, integrators) are not followed: the caller names those entries.
"""

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from ngnmm_core.compilation.definition_store import definitions, path_of, remembered
from ngnmm_core.compilation.definitions import PLAIN_BASES, Definition
from ngnmm_core.compilation.source_text import imported, read

# What carries results without changing a number: it refuses, stores, finds, names or shows what was computed
APART = {
    "ngnmm_core.analysis.contract:_check_declaration",
    "ngnmm_core.analysis.maps",
    "ngnmm_core.analysis.registry",
    "ngnmm_core.compilation.cache_folder",
    "ngnmm_core.compilation.code_hash",
    "ngnmm_core.compilation.declarations",
    "ngnmm_core.compilation.kernel_cache",
    "ngnmm_core.compilation.kernel_key",
    "ngnmm_core.compilation.own_files",
    "ngnmm_core.compilation.sealed_files",
    "ngnmm_core.errors",
    "ngnmm_core.models",
    "ngnmm_core.models._checks",
    "ngnmm_core.simulation.integrators",
    "ngnmm_core.stages.registry",
    "ngnmm_core.storage.atomic",
}


def is_apart(module: str, name: str | None = None) -> bool:
    """Whether a module, or a definition in it, carries results without changing a number."""
    return module in APART or f"{module}:{name}" in APART


# ------------------------------------------------------------------ what a name stands for
@cache
def _target(module: str, name: str) -> tuple[str, str | None]:
    """Resolve a name in a module to (module, definition), (module, None) or, of another package, ("", full name)."""
    content = definitions(module)
    if name in content["definitions"]:
        return module, name
    if name in content["imports"]:
        return _imported(*content["imports"][name])
    if name in content["lazy"]:
        return _target(f"{module}.{content['lazy'][name]}", name)
    if path_of(f"{module}.{name}"):
        return f"{module}.{name}", None
    return "", ""


def _imported(module: str, name: str | None) -> tuple[str, str | None]:
    if path_of(module) is None:
        return "", f"{module}.{name}" if name else module
    return (module, None) if name is None else _target(module, name)


def _resolve(module: str, definition: Definition, use: str) -> tuple[str, str | None]:
    """Resolve `a.b.c` to what it stands for where a definition of a module uses it."""
    first, *rest = use.split(".")
    own = definition["imports"].get(first)
    found = _imported(*own) if own else _target(module, first)
    for attribute in rest:
        if found[0] and found[1] is None:
            found = _target(found[0], attribute)
    return found


def _is_plain(module: str, definition: Definition) -> bool:
    """Whether nothing outside the package calls methods of a class by names of its own."""
    for base in definition["bases"]:
        where, name = _resolve(module, definition, base)
        above = definitions(where)["definitions"].get(name) if where and name else None
        if above is None or "methods" not in above:
            if base.rpartition(".")[2] not in PLAIN_BASES:
                return False
        elif not _is_plain(where, above):
            return False
    return True


# ------------------------------------------------------------------ the walk
class _Walk:
    """From entries to all definitions that they use."""

    def __init__(self, without: frozenset[str] = frozenset()):
        self.found: dict[str, tuple[str, Definition]] = {}  # by identity: the module, and the definition
        self._without = without
        self._waiting: list[tuple[str, str, Definition]] = []
        self._loaded: set[str] = set()
        self._defined: set[tuple[str, frozenset[str]]] = set()
        self._asked: set[str] = set()  # attributes that something asks for
        self._offered: defaultdict[str, list] = defaultdict(list)  # what has an attribute that nothing asks for yet

    def enter(self, entry: str) -> None:
        """Start from `module`, `module:name`, `module:class.method` or `module:name.keyword`."""
        module, _, name = entry.partition(":")
        name, _, part = name.partition(".")
        content = definitions(module)["definitions"]
        if name and name not in content:
            raise ModuleNotFoundError(f"no '{name}' in module '{module}'")
        self._load(module)
        if part:
            found = content[name].get("keywords", {}) | content[name].get("methods", {})
            if part in found:  # a keyword that isn't given says nothing
                self._waiting.append((f"{module}:{name}.{part}", module, found[part]))
        else:
            for each in (name,) if name else content:
                self._define(module, each, self._without if name else frozenset())
        self._follow()

    def _follow(self) -> None:
        while self._waiting:
            identity, module, definition = self._waiting.pop()
            if identity not in self.found:
                self.found[identity] = module, definition
                for use in (*definition["uses"], *definition.get("held", ())):
                    self._reach(*_resolve(module, definition, use))
                for where, _ in definition["imports"].values():
                    self._load(where)
                for attribute in definition["attributes"]:
                    self._ask(attribute)

    @property
    def modules(self) -> set[str]:
        """All modules that were read."""
        return self._loaded | {module for module, _ in self.found.values()}

    def _reach(self, module: str, name: str | None) -> None:
        if is_apart(module, name):
            return
        if module and name:
            self._load(module)
            self._define(module, name)
        elif module:  # a module as an object: what is asked of it can be anything that has one of the names asked for
            self._load(module)
            for each in definitions(module)["definitions"]:
                self._offer(each, (f"{module}:{each}", module, None))

    def _define(self, module: str, name: str, without: frozenset[str] = frozenset()) -> None:
        definition, identity = definitions(module)["definitions"][name], f"{module}:{name}"
        if (identity, without) in self._defined:
            return
        self._defined.add((identity, without))
        self._waiting.append((identity, module, definition))
        for keyword, part in definition.get("keywords", {}).items():
            if keyword not in without:
                self._waiting.append((f"{identity}.{keyword}", module, part))
        methods = definition.get("methods", {})
        plain = bool(methods) and _is_plain(module, definition)
        for method, part in methods.items():
            item = (f"{identity}.{method}", module, part)
            if plain:
                self._offer(method, item)
            else:
                self._waiting.append(item)

    def _offer(self, attribute: str, item: tuple) -> None:
        if attribute in self._asked:
            self._accept(item)
        else:
            self._offered[attribute].append(item)

    def _ask(self, attribute: str) -> None:
        if attribute not in self._asked:
            self._asked.add(attribute)
            for item in self._offered.pop(attribute, ()):
                self._accept(item)

    def _accept(self, item: tuple) -> None:
        identity, module, definition = item
        if definition is None:
            self._define(module, identity.partition(":")[2])
        else:
            self._waiting.append(item)

    def _load(self, module: str) -> None:
        """Include what a module, those that it imports and the packages that it is in do when they are imported."""
        if module in self._loaded or path_of(module) is None:
            return
        self._loaded.add(module)
        if is_apart(module):
            return
        content = definitions(module)
        for number, effect in enumerate(content["effects"]):
            self._waiting.append((f"{module}:!{number}", module, effect))
        self._load(module.rpartition(".")[0])
        for where, name in content["imports"].values():
            self._load(where)
            self._load(f"{where}.{name}")

    def lines(self) -> Iterator[str]:
        """Every definition with what its names stand for."""
        for identity, (module, definition) in sorted(self.found.items()):
            targets = (_resolve(module, definition, use) for use in definition["uses"])
            names = (":".join(filter(None, target)) for target in targets)
            yield f"{identity} {definition['text']} {' '.join(filter(None, names))}"


# ------------------------------------------------------------------ what others ask
@cache
def _walk(entries: tuple[str, ...], without: frozenset[str]) -> _Walk:
    walk = _Walk(without)
    for entry in entries:
        walk.enter(entry)
    return walk


def definitions_used(entries: Iterable[str], without: Iterable[str] = ()) -> tuple[str, ...]:
    """All definitions that entries use, as `module:name` and `module:class.method`, in alphabetical order.

    Parameters
    ----------
    entries : iterable of str
        `module` (all of it), `module:name`, `module:class.method`, or `module:name.keyword` for one keyword of a
        declaration.
    without : iterable of str
        Keywords that don't count in the declarations that entries name, such as those that a figure reads.

    Raises
    ------
    ModuleNotFoundError
        For an entry that isn't there.
    """
    return tuple(sorted(_walk(tuple(sorted(set(entries))), frozenset(without)).found))


@cache
def _hash(entries: tuple[str, ...], without: frozenset[str]) -> str:
    def find():
        walk = _walk(entries, without)
        return hashlib.blake2b("\n".join(walk.lines()).encode(), digest_size=8).hexdigest(), walk.modules

    return remembered(f"{' '.join(entries)} - {' '.join(sorted(without))}", find)


def code_hash(entries: Iterable[str], without: Iterable[str] = ()) -> str:
    """Hash all definitions that entries use, to 16 hexadecimal digits; arguments as for `definitions_used`."""
    return _hash(tuple(sorted(set(entries))), frozenset(without))


@cache
def script_hash(path: Path) -> str:
    """Hash the code of one script, without what it imports."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    imports = {
        k: v for node in body if isinstance(node, ast.Import | ast.ImportFrom) for k, v in imported(node).items()
    }
    reading = read(body, imports)
    text = f"{sorted(reading.imports.items())}\n{reading.text}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
