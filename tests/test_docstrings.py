"""Docstrings of public names say which parameters there are and which errors are raised (numpy's format)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ngnmm_core"
FILES = sorted(PACKAGE.rglob("*.py"))
HEADING = re.compile(r"^(\w[\w ]*)\n-+$", re.MULTILINE)


def sections(docstring: str) -> dict[str, str]:
    """Text of the sections of a docstring, by heading."""
    parts = HEADING.split(docstring)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def described(section: str) -> list[str]:
    """Names that a section describes: `x : type`, `x, y : type`, or a line that holds only the name."""
    lines = [line for line in section.splitlines() if line and not line.startswith(" ")]
    return [name.strip().lstrip("*") for line in lines for name in line.partition(" : ")[0].split(",")]


def public(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public classes and functions of a module, and public methods of public classes, with their names."""
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{prefix}{child.name}.")


def parameters(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """Names of the parameters of a function, or of the constructor of a class (fields of a dataclass)."""
    if isinstance(node, ast.ClassDef):
        for child in node.body:
            if isinstance(child, ast.FunctionDef) and child.name == "__init__":
                return parameters(child)
        return {child.target.id for child in node.body if isinstance(child, ast.AnnAssign)}
    a = node.args
    return {x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if x is not None}


def raises_input_error(node: ast.FunctionDef) -> bool:
    """Whether a function raises `InputError` itself."""
    raised = [child.exc for child in ast.walk(node) if isinstance(child, ast.Raise) and child.exc is not None]
    return any("InputError" in ast.unparse(exc) for exc in raised)


def missing(source: str) -> list[str]:
    """What is missing in the docstrings of a module."""
    found = []
    for name, node in public(ast.parse(source)):
        parts = sections(ast.get_docstring(node) or "")
        raising = isinstance(node, ast.FunctionDef) and raises_input_error(node)
        if raising and "InputError" not in parts.get("Raises", ""):
            found.append(f"{name}: raises InputError, and has no such section")
        unknown = set(described(parts.get("Parameters", ""))) - parameters(node)
        found += [f"{name}: describes '{x}', which is no parameter" for x in sorted(unknown)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_docstrings_name_parameters_and_errors(path):
    assert missing(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_every_room_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_what_is_missing_is_found():
    source = '''
def check(a, *, b):
    """Checks.

    Parameters
    ----------
    a, c : int
    b
    """
    if a:
        raise InputError("no")
'''
    assert missing(source) == [
        "check: raises InputError, and has no such section",
        "check: describes 'c', which is no parameter",
    ]


ADDED = {"ngnmm_core/stages/slope.py", "ngnmm_core/analysis/slope.py"}  # that a page tells to add


def is_there(dotted: str) -> bool:
    """Whether a dotted name of the package is a module, a name that one defines or imports, or an attribute of that."""
    parts = dotted.split(".")[1:]
    place = PACKAGE
    while parts and ((place / parts[0]).is_dir() or (place / f"{parts[0]}.py").is_file()):
        place = place / parts.pop(0)
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return all(re.search(rf"\b{part}\b", source.read_text(encoding="utf-8")) for part in parts)


def test_what_texts_refer_to_is_there():
    """Names and files of the package, in its own texts and in the documentation: moves leave none behind."""
    assert is_there("ngnmm_core.stages.contract.SWEEP")
    assert not is_there("ngnmm_core.stages.registry.SWEEP")
    folder = PACKAGE.parent
    pages = [
        *folder.glob("docs/*.md"),
        *folder.glob("*.md"),
        *folder.glob("config/**/*.yaml"),
        folder / "config/README.md",
    ]
    lost = []
    for path in [*FILES, *(page for page in pages if page.name != "CHANGELOG.md")]:
        text = path.read_text(encoding="utf-8")
        lost += [(path.name, name) for name in re.findall(r"`(ngnmm_core(?:\.\w+)+)`", text) if not is_there(name)]
        files = re.findall(r"ngnmm_core/[a-z_/]+\.(?:py|csv)\b", text)
        lost += [(path.name, name) for name in files if not (folder / name).exists() and name not in ADDED]
    assert lost == []
