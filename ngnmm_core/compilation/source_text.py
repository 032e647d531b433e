"""Python source reduced to what results can depend on, and the names that it uses.

Left out: comments and layout, docstrings, annotations of functions and variables, `if TYPE_CHECKING`, texts of raised
errors and warnings, log lines, variables that nothing but such texts reads, and descriptions of fields.  Two sources
with the same reduced text compute the same.  The text does not depend on the version of Python that parses it.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
ERRORS = "ngnmm_core.errors"  # what is raised from there ends a job: nothing reads more of it than its text
SKIPPED = {"ctx", "kind", "type_comment", "type_params", "returns", "annotation", "decorator_list"}
# Calls that a log line may make without leaving anything behind
HARMLESS = {"abs", "float", "int", "len", "list", "max", "min", "repr", "round", "sorted", "str", "sum", "tuple"}


@dataclass
class Reading:
    """What a piece of source says: its text, and the names that it takes from elsewhere.

    Attributes
    ----------
    uses : set of str
        Names that are not its own, with the attributes asked of them: `layout.pack_weights`.
    attributes : set of str
        All attributes that are asked of anything, and all texts that could be the name of one.
    imports : dict
        What it imports itself: name to (module, name in it or None).
    """

    text: str = ""
    uses: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)


def read(nodes: Iterable[ast.AST], imports: dict[str, tuple[str, str | None]]) -> Reading:
    """Read statements or expressions of a module.

    Parameters
    ----------
    nodes : iterable of nodes
    imports : dict
        What the module imports: name to (module, name in it or None).
    """
    reader = _Reader(imports)
    parts = [reader.dump(node, ()) for node in nodes]
    return reader.finished("\n".join(part for part in parts if part))


def is_type_checking(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING`."""
    return isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING"


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a name and the attributes asked of it, else an empty text."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def imported(node: ast.Import | ast.ImportFrom) -> dict[str, tuple[str, str | None]]:
    """Return the names that an import statement binds: name to (module, name in it or None)."""
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name: (node.module or "", alias.name) for alias in node.names}
    named: dict[str, tuple[str, str | None]] = {
        alias.asname: (alias.name, None) for alias in node.names if alias.asname
    }
    roots = (alias.name.partition(".")[0] for alias in node.names if not alias.asname)
    return named | {root: (root, None) for root in roots}


def is_text(node: ast.AST) -> bool:
    """Whether an expression is plainly a text."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod) and is_text(node.left)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _bound(nodes: Iterable[ast.AST]) -> set[str]:
    """Find the names local to a function with this body, by Python's rule: whatever the order of the statements."""
    found, elsewhere, waiting = set(), set(), list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, COMPREHENSIONS):
            found |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
        elif isinstance(node, ast.Global):
            elsewhere |= set(node.names)
        elif not isinstance(node, ast.Lambda | ast.Import | ast.ImportFrom):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                found.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                found.add(node.rest)
            waiting.extend(ast.iter_child_nodes(node))
    return found - elsewhere


def _arguments(arguments: ast.arguments) -> set[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {a.arg for a in every if a is not None}


class _Reader:
    """Writes nodes down; `scopes` are the local names of the functions that a node is in."""

    def __init__(self, imports: dict[str, tuple[str, str | None]]):
        self.imports = imports
        self.found, self.loaded = Reading(), set()
        self.texts: list[tuple[str, str, _Reader]] = []  # variables that hold a text: kept only if something reads them

    def finished(self, text: str) -> Reading:
        """Return what was found, with the variables whose texts are read by more than messages."""
        waiting = self.texts
        while kept := [item for item in waiting if item[0] in self.loaded]:
            waiting = [item for item in waiting if item[0] not in self.loaded]
            for _, part, inner in kept:
                text += "\n" + part
                self._take(inner)
        self.found.text = text
        return self.found

    def _take(self, inner: "_Reader") -> None:
        self.found.uses |= inner.found.uses
        self.found.attributes |= inner.found.attributes
        self.found.imports |= inner.found.imports
        self.loaded |= inner.loaded

    def dump(self, node, scopes: tuple[set[str], ...]) -> str:
        """Reduce a node to its text."""
        special = getattr(self, f"_{type(node).__name__.lower()}", None)
        return special(node, scopes) if special else self._plain(node, scopes)

    def _plain(self, node: ast.AST, scopes, *left_out: str) -> str:
        parts = []
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or name in SKIPPED or name in left_out:
                continue
            if isinstance(value, list):
                value = ",".join(filter(None, (self._value(item, scopes) for item in value)))
            else:
                value = self._value(value, scopes)
            if value:
                parts.append(f"{name}={value}")
        return f"{type(node).__name__}({' '.join(parts)})"

    def _value(self, value, scopes) -> str:
        return self.dump(value, scopes) if isinstance(value, ast.AST) else "None" if value is None else repr(value)

    def _all(self, nodes, scopes) -> str:
        return ";".join(filter(None, (self.dump(node, scopes) for node in nodes)))

    # ------------------------------------------------------------------ names
    def _name(self, node, scopes) -> str:
        if isinstance(node.ctx, ast.Load):
            self.loaded.add(node.id)
            if not any(node.id in scope for scope in scopes):
                self.found.uses.add(node.id)
        return node.id

    def _global(self, node, scopes) -> str:
        self.found.uses |= set(node.names)
        return f"global {node.names}"

    def _attribute(self, node, scopes) -> str:
        self.found.attributes.add(node.attr)
        chain = dotted(node)
        if chain and not any(chain.partition(".")[0] in scope for scope in scopes):
            self.found.uses.add(chain)
            self.found.attributes |= set(chain.split(".")[1:])
            self.loaded.add(chain.partition(".")[0])
            return chain
        return f"{self.dump(node.value, scopes)}.{node.attr}"

    def _constant(self, node, scopes) -> str:
        if isinstance(node.value, str) and node.value.isidentifier():
            self.found.attributes.add(node.value)
        return repr(node.value)

    def _call(self, node, scopes) -> str:
        if dotted(node.func).rpartition(".")[2] != "Field":
            return self._plain(node, scopes)
        said = [k for k in node.keywords if k.arg in ("description", "title", "examples")]  # documentation
        return self._plain(ast.Call(node.func, node.args, [k for k in node.keywords if k not in said]), scopes)

    def _import(self, node, scopes) -> str:
        self.found.imports |= imported(node)
        return ""

    _importfrom = _import

    # ------------------------------------------------------------------ scopes
    def _functiondef(self, node, scopes) -> str:
        inner = (*scopes, _arguments(node.args) | _bound(node.body))
        outside = [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        return f"def {node.name} {self._names(node.args)} {self._all(outside, scopes)}:{self._all(node.body, inner)}"

    _asyncfunctiondef = _functiondef

    def _lambda(self, node, scopes) -> str:
        inner = (*scopes, _arguments(node.args) | _bound([node.body]))
        outside = [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        return f"lambda {self._names(node.args)} {self._all(outside, scopes)}:{self.dump(node.body, inner)}"

    @staticmethod
    def _names(args: ast.arguments) -> str:
        kinds = (args.posonlyargs, args.args, [args.vararg], args.kwonlyargs, [args.kwarg])
        defaults = (len(args.defaults), [d is not None for d in args.kw_defaults])
        return f"{[[a.arg for a in kind if a] for kind in kinds]}{defaults}"

    def _comprehension_of(self, node, scopes) -> str:
        return self._plain(node, (*scopes, _bound(g.target for g in node.generators)))

    _listcomp = _setcomp = _dictcomp = _generatorexp = _comprehension_of

    def _classdef(self, node, scopes) -> str:
        parts = [*node.decorator_list, *node.bases, *node.keywords]
        body = [self._field(n, scopes) if isinstance(n, ast.AnnAssign) else self.dump(n, scopes) for n in node.body]
        return f"class {node.name} {self._all(parts, scopes)}:{';'.join(filter(None, body))}"

    def _field(self, node: ast.AnnAssign, scopes) -> str:
        """Reduce a field of a class within a function to its text, with the annotation, as it may be what counts."""
        return f"{self.dump(node.annotation, scopes)} {self._plain(node, scopes)}"

    # ------------------------------------------------------------------ what is left out
    def _annassign(self, node, scopes) -> str:
        if node.value is None:
            return ""
        return self._assign(ast.Assign([node.target], node.value), scopes)

    def _assign(self, node, scopes) -> str:
        if scopes and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and is_text(node.value):
            inner = _Reader(self.imports)
            self.texts.append((node.targets[0].id, inner._plain(node, scopes), inner))
            return ""
        return self._plain(node, scopes)

    def _pass(self, node, scopes) -> str:
        return ""

    def _if(self, node, scopes) -> str:
        return self._all(node.orelse, scopes) if is_type_checking(node) else self._plain(node, scopes)

    def _assert(self, node, scopes) -> str:
        return self._plain(node, scopes, "msg")

    def _raise(self, node, scopes) -> str:
        if not isinstance(node.exc, ast.Call):
            return self._plain(node, scopes)
        raised = dotted(node.exc.func)
        if self.imports.get(raised.partition(".")[0], ("",))[0] == ERRORS:
            return f"raise {raised}"
        kept = [a for a in (*node.exc.args, *(k.value for k in node.exc.keywords)) if not is_text(a)]
        return f"raise {self.dump(node.exc.func, scopes)} {self._all(kept, scopes)}"

    def _expr(self, node, scopes) -> str:
        call = node.value
        if isinstance(call, ast.Constant):
            return ""
        if isinstance(call, ast.Call) and self._is_told(dotted(call.func)):
            kept = [n for a in (*call.args, *(k.value for k in call.keywords)) for n in _calls(a)]
            return self._all(kept, scopes)
        return self.dump(call, scopes)

    def _is_told(self, called: str) -> bool:
        """Whether a call tells the user something and does nothing else."""
        root = self.imports.get(called.partition(".")[0], ("",))[0]
        return called == "print" or root == "logging" or (root == "warnings" and called.endswith("warn"))


def _calls(node: ast.AST) -> list[ast.Call]:
    """Find the outermost calls in an expression that may do more than put a text together."""
    if isinstance(node, ast.Call):
        joins = isinstance(node.func, ast.Attribute) and is_text(node.func.value)
        if dotted(node.func) not in HARMLESS and not joins:
            return [node]
    return [call for child in ast.iter_child_nodes(node) for call in _calls(child)]
