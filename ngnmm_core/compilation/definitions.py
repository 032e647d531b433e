"""The definitions of a module: functions, classes and constants, and what each of them uses.

A class is its head (bases, fields, special methods) and its other methods, which count where something asks for an
attribute of their name.  A constant that is declared by a call, such as `ANALYSIS = Analysis(name=..., map=...)`, is
its keywords, so that a reader can leave out those that have no part in what it reads.  Statements that do something
when the module is imported are effects: they count for all that import the module.
"""

import ast
import hashlib
from typing import Any

from ngnmm_core.compilation.source_text import FUNCTIONS, dotted, imported, is_type_checking, read

# Decorators that leave no trace but the name that they define
PURE = {
    "abstractmethod", "cache", "cached_property", "classmethod", "contextmanager", "dataclass", "intrinsic", "kernel",
    "lazy_njit", "lru_cache", "njit", "property", "runtime_checkable", "staticmethod", "themed", "total_ordering",
    "wraps",
}  # fmt: skip
# Bases that never call a method by a name of their own choice
PLAIN_BASES = {"BaseModel", "Enum", "Exception", "Generic", "NamedTuple", "Protocol", "ValueError", "object"}
Definition = dict[str, Any]


def definitions_of(source: str) -> dict[str, Any]:
    """Extract the definitions of a module, in a form that JSON can hold.

    Returns
    -------
    dict
        `definitions` by name, `effects`, `imports` (name to [module, name in it or None]), and `lazy`: names that a
        package imports at first use (PEP 562), with the submodules that hold them.
    """
    found = _Module()
    for node in ast.parse(source).body:
        found.add(node)
    return {
        "definitions": {name: found.definition(nodes) for name, nodes in found.nodes.items()},
        "effects": [found.simple(node) for node in found.effects],
        "imports": found.imports,
        "lazy": found.lazy,
    }


class _Module:
    def __init__(self):
        self.nodes: dict[str, list[ast.AST]] = {}
        self.effects: list[ast.AST] = []
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.lazy: dict[str, str] = {}

    def add(self, node: ast.stmt) -> None:
        """Sorts one statement of the module."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.imports |= imported(node)
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            self._define(node.name, node)
            if not all(_decorator(d) in PURE for d in node.decorator_list):
                self.effects.append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            self._assign(node)
        elif is_type_checking(node):
            for inner in node.orelse:  # type: ignore[attr-defined]
                self.add(inner)
        elif not (isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))):
            self._act(node)

    def _define(self, name: str, node: Any) -> None:
        self.nodes.setdefault(name, []).append(node)

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names: list[Any] = [n for t in targets for n in (t.elts if isinstance(t, ast.Tuple) else [t])]
        if not all(isinstance(n, ast.Name) for n in names):
            self._act(node)
        elif [n.id for n in names] == ["_LAZY"]:
            self.lazy = ast.literal_eval(node.value)
        elif [n.id for n in names] != ["__all__"]:
            for name in names:
                self._define(name.id, node)

    def _act(self, node: ast.stmt) -> None:
        """Record a statement with an effect, which also defines the names that it binds on the way."""
        self.effects.append(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self._define(inner.id, node)
            elif isinstance(inner, ast.Import | ast.ImportFrom):
                self.imports |= imported(inner)

    # ------------------------------------------------------------------ written down
    def definition(self, nodes: list[Any]) -> Definition:
        """One name, by all statements that define it."""
        if len(nodes) == 1 and isinstance(nodes[0], ast.ClassDef):
            return self._class(nodes[0])
        if len(nodes) == 1 and isinstance(getattr(nodes[0], "value", None), ast.Call) and nodes[0].value.keywords:
            return self._declaration(nodes[0].value)
        return self.simple(*nodes)

    def simple(self, *nodes: ast.AST) -> Definition:
        """Write down a definition without parts."""
        reading = read(nodes, self.imports)
        return {
            "text": hashlib.blake2b(reading.text.encode(), digest_size=8).hexdigest(),
            "uses": sorted(reading.uses),
            "attributes": sorted(reading.attributes),
            "imports": reading.imports,
        }

    def _declaration(self, call: ast.Call) -> Definition:
        keywords = {k.arg or f"**{number}": self.simple(k.value) for number, k in enumerate(call.keywords)}
        return self.simple(call.func, *call.args) | {"keywords": keywords}

    def _class(self, node: ast.ClassDef) -> Definition:
        fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
        methods = [n for n in node.body if isinstance(n, FUNCTIONS) and _is_called_by_name(n)]
        rest = [n for n in node.body if n not in fields and n not in methods]
        bases = [dotted(base) for base in node.bases]
        plain = "NamedTuple" in bases or any(_decorator(d) == "dataclass" for d in node.decorator_list)
        annotations = [f.annotation for f in fields]
        shown: list[Any] = [ast.Assign([f.target], f.value) if f.value else f.target for f in fields]
        # elsewhere they are what a section of the config is checked by
        shown += [a for a in annotations if not plain or any(word in ast.dump(a) for word in ("ClassVar", "InitVar"))]
        shown = [*node.decorator_list, *node.bases, *node.keywords, *shown, *rest]
        # what fields hold is used by whoever uses the class, whether or not the text of the annotation counts
        held = sorted(read([part for a in annotations for part in _held(a)], self.imports).uses)
        parts = {"bases": bases, "held": held, "methods": {m.name: self.simple(m) for m in methods}}
        return self.simple(*shown) | parts


def _held(annotation: ast.AST) -> list[ast.AST]:
    """Return the parts of an annotation that say what is held, leaving out what a function takes and gives."""
    if not isinstance(annotation, ast.Subscript | ast.BinOp | ast.Tuple):
        return [annotation]
    if isinstance(annotation, ast.Subscript) and dotted(annotation.value).rpartition(".")[2] == "Callable":
        return []
    return [part for child in ast.iter_child_nodes(annotation) for part in _held(child)]


def _decorator(node: ast.AST) -> str:
    return dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]


def _is_called_by_name(node: Any) -> bool:
    special = node.name.startswith("__") and node.name.endswith("__")
    return not special and all(_decorator(d) in PURE for d in node.decorator_list)
