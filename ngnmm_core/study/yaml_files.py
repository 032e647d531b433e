"""Reads YAML as version 1.2 does, and refuses what older readers take for another number, or what never ends.

Snakemake reads a study file before this package does, by the rules of YAML 1.1, in which `1:12` is 72 and `010` is 8.
What the two versions read as different numbers is therefore refused, whoever reads it.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from ngnmm_core.errors import InputError

MOST_BYTES = 16_000_000  # PyYAML takes minutes for more
MOST_NODES = 2_000_000  # with every alias written out
DEEPEST = 50  # levels of lists and mappings
TEMPLATES = "__use_yte__"  # the key that lets Snakemake run the code in a file, before anyone has looked at it
NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# Numbers of YAML 1.2 that 1.1 leaves as text: without a point, or without a sign in the exponent.
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)[eE][-+]?\d+")
# Numbers of YAML 1.1 that mean another one, or text, in 1.2.
_OTHERWISE = re.compile(r".*[_:].*|[-+]?0\d+|[-+]?0b[01]+", re.DOTALL)

MOST_DIGITS = 100  # of a number
_BRACKETS = re.compile(r"[\[\]{}]")


class _Loader(yaml.SafeLoader):
    """YAML in which no key may occur twice and no number may be read in two ways."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key '{key.value}' occurs twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"^(?:{_FLOAT.pattern})$"), list("-+.0123456789"))


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    """Read a number, if YAML 1.1 and 1.2 agree on it."""
    text = node.value
    if len(text) > MOST_DIGITS:
        raise yaml.constructor.ConstructorError(
            None, None, f"a number of {len(text)} digits; allowed: at most {MOST_DIGITS}", node.start_mark
        )
    if _OTHERWISE.fullmatch(text):
        raise yaml.constructor.ConstructorError(
            None,
            None,
            f"'{text}' is another number in YAML 1.1 than in 1.2; allowed: a plain decimal, or text in quotation marks",
            node.start_mark,
        )
    if _FLOAT.fullmatch(text):
        return float(text)
    plain = yaml.SafeLoader.construct_yaml_int if node.tag == NUMBER_TAGS[0] else yaml.SafeLoader.construct_yaml_float
    return plain(loader, node)


for _tag in NUMBER_TAGS:
    _Loader.add_constructor(_tag, _number)


def parse_yaml(text: str) -> Any:
    """Parse a text in YAML.

    Raises
    ------
    yaml.YAMLError
        If it is none, has a key twice, a number that YAML 1.1 and 1.2 read differently, too many levels, or aliases
        that stand for too much.
    """
    _check_brackets(text)  # PyYAML takes a minute for some thousands of them
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _written_out(node, {})
        return loader.construct_document(node)
    except RecursionError:
        raise yaml.YAMLError(f"lists and mappings nested too deeply; allowed: {DEEPEST} levels") from None
    finally:
        loader.dispose()


def _check_brackets(text: str) -> None:
    level = 0
    for bracket in _BRACKETS.findall(text):
        level += 1 if bracket in "[{" else -1
        if level > 4 * DEEPEST:  # some may stand in texts and comments
            raise yaml.YAMLError(f"lists and mappings nested too deeply; allowed: {DEEPEST} levels")


def _written_out(node: yaml.Node, known: dict[int, int], level: int = 0) -> int:
    """Count the nodes below one, with aliases written out."""
    if level > DEEPEST:
        raise yaml.YAMLError(f"lists and mappings nested too deeply; allowed: {DEEPEST} levels")
    if id(node) in known:
        if known[id(node)] < 0:
            raise yaml.YAMLError("an alias that stands for what it is part of; allowed: others")
        return known[id(node)]
    known[id(node)] = -1  # while it is looked at
    below = []
    if isinstance(node, yaml.SequenceNode):
        below = node.value
    elif isinstance(node, yaml.MappingNode):
        below = [part for pair in node.value for part in pair]
    count = 1 + sum(_written_out(part, known, level + 1) for part in below)
    if count > MOST_NODES:
        raise yaml.YAMLError(f"aliases that stand for more than {MOST_NODES} values; allowed: fewer")
    known[id(node)] = count
    return count


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read the mapping in a YAML file.

    Raises
    ------
    InputError
        If the file is missing, is not YAML in UTF-8 (`parse_yaml`), not a mapping, or asks Snakemake to run code in it.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such file; allowed: a YAML file with a study (see config/README.md)")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: {path.stat().st_size / 1e6:.0f} MB; allowed: {MOST_BYTES / 1e6:.0f} MB of YAML")
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        allowed = "" if "allowed: " in problem else "; allowed: YAML"
        raise InputError(f"{path}: not YAML{where}: {problem}{allowed}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: can't be read ({error}); allowed: YAML in UTF-8") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}, not keys; allowed: a mapping of keys of a study")
    if TEMPLATES in content:
        raise InputError(f"{path}: {TEMPLATES}: lets Snakemake run code in the file; allowed: a study without it")
    return content
