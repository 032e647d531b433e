"""What the text of a definition keeps and what it leaves out, edit by edit."""

import pytest

from ngnmm_core.compilation.definitions import definitions_of

HEAD = "import logging\nimport warnings\nfrom ngnmm_core.errors import InputError, unknown\n"
SAME = {
    "comment": ("def f(x):\n    return x\n", "# One.\ndef f(x):  # two\n\n    return x  # three\n"),
    "docstring": ("def f(x):\n    return x\n", 'def f(x):\n    """The same."""\n    return x\n'),
    "annotations": ("def f(x):\n    y = x\n    return y\n", "def f(x: int) -> int:\n    y: int = x\n    return y\n"),
    "a type-only import": ("A = 1\n", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\nA = 1\n"),
    "text of a refusal": (
        "def f(x):\n    if x:\n        raise InputError(f'{x}: bad; allowed: {list(x)}')\n",
        "def f(x):\n    if x:\n        raise InputError('no')\n",
    ),
    "text of a refusal by name": (
        "def f(x):\n    raise unknown('key', x, A)\n",
        "def f(x):\n    raise unknown('other', x, B)\n",
    ),
    "text of another error": (
        "def f(x):\n    raise ValueError('a')\n",
        "def f(x):\n    raise ValueError('b %s' % x)\n",
    ),
    "a text that only an error has": (
        "def f(x):\n    text = f'{x}'\n    raise InputError(text)\n",
        "def f(x):\n    text = f'{x} and'\n    raise InputError(text)\n",
    ),
    "text of a warning": (
        "def f():\n    warnings.warn('a', UserWarning)\n",
        "def f():\n    warnings.warn('b', UserWarning)\n",
    ),
    "no warning": ("def f():\n    warnings.warn('a', UserWarning)\n", "def f():\n    pass\n"),
    "a log line": (
        "def f(x):\n    return x\n",
        "def f(x):\n    logging.info('%d of %d', len(x), x.size)\n    return x\n",
    ),
    "text of an assertion": ("def f(x):\n    assert x, 'a'\n", "def f(x):\n    assert x, 'b'\n"),
    "names of what is exported": ("__all__ = ['f']\n", "__all__ = ['f', 'g']\n"),
    "annotation of a field of a dataclass": (
        "@dataclass\nclass A:\n    x: int = 1\n",
        "@dataclass\nclass A:\n    x: 'np.integer' = 1\n",
    ),
    "description of a key": (
        "class A(Section):\n    x: int = Field(1, ge=0, description='a')\n",
        "class A(Section):\n    x: int = Field(1, ge=0, description='b')\n",
    ),
}
OTHER = {
    "a number": ("def f(x):\n    return 1\n", "def f(x):\n    return 2\n"),
    "kind of a number": ("A = 1\n", "A = 1.0\n"),
    "operator": ("def f(x):\n    return x + 1\n", "def f(x):\n    return x - 1\n"),
    "default": ("def f(x=1):\n    return x\n", "def f(x=2):\n    return x\n"),
    "decorator": ("def f(x):\n    return x\n", "@cache\ndef f(x):\n    return x\n"),
    "kind of an error": ("def f(x):\n    raise ValueError('a')\n", "def f(x):\n    raise KeyError('a')\n"),
    "what an error carries": ("def f(x):\n    raise Stop('a', x)\n", "def f(x):\n    raise Stop('a', -x)\n"),
    "a condition of a refusal": (
        "def f(x):\n    if x > 0:\n        raise InputError('a')\n",
        "def f(x):\n    if x < 0:\n        raise InputError('a')\n",
    ),
    "a text that is used as well": (
        "def f(x):\n    text = 'a'\n    logging.info(text)\n    return text\n",
        "def f(x):\n    text = 'b'\n    logging.info(text)\n    return text\n",
    ),
    "a text that another used text is made of": (
        "def f(x):\n    text = 'a'\n    more = f'{text}c'\n    return more\n",
        "def f(x):\n    text = 'b'\n    more = f'{text}c'\n    return more\n",
    ),
    "something done for a log line": (
        "def f(x):\n    logging.info('%s', x)\n    return x\n",
        "def f(x):\n    logging.info('%s', x.pop())\n    return x\n",
    ),
    "what runs where types are not checked": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    A = 1\nelse:\n    A = 2\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    A = 1\nelse:\n    A = 3\n",
    ),
    "limit of a key": (
        "class A(Section):\n    x: int = Field(1, ge=0)\n",
        "class A(Section):\n    x: int = Field(1, ge=1)\n",
    ),
    "kind of a key": ("class A(Section):\n    x: int = 1\n", "class A(Section):\n    x: float = 1\n"),
    "a field that belongs to the class": (
        "@dataclass\nclass A:\n    x: int = 1\n",
        "@dataclass\nclass A:\n    x: ClassVar[int] = 1\n",
    ),
    "a field's default": ("@dataclass\nclass A:\n    x: int = 1\n", "@dataclass\nclass A:\n    x: int = 2\n"),
    "a field without a default": ("@dataclass\nclass A:\n    x: int = None\n", "@dataclass\nclass A:\n    x: int\n"),
    "something done at import": ("A = 1\n", "A = 1\nregister(A)\n"),
    "what a name stands for": (
        "import numpy as np\ndef f():\n    return np\n",
        "import scipy as np\ndef f():\n    return np\n",
    ),
}


def told(source):
    """All that is known of a module that counts: texts and imports."""
    found = definitions_of(HEAD + source)
    imports = {k: v for k, v in found["imports"].items() if any(k in str(d) for d in found["definitions"].values())}
    return {**found, "imports": imports}


@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=SAME)
def test_what_changes_no_number_leaves_the_text_alone(before, after):
    before, after = told(before), told(after)
    assert set(before["definitions"]) == set(after["definitions"])
    for name, definition in before["definitions"].items():
        assert definition | {"held": []} == after["definitions"][name] | {"held": []}
    assert before["effects"] == after["effects"]


@pytest.mark.parametrize(("before", "after"), OTHER.values(), ids=OTHER)
def test_what_may_change_a_number_changes_the_text(before, after):
    assert told(before) != told(after)


def uses(body, imports=""):
    """The names from elsewhere that a function uses."""
    source = imports + "def f(a, *b, c=D, **e):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    return set(definitions_of(source)["definitions"]["f"]["uses"]) - {"D"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a + b + c + e + x", {"x"}),
        ("y = 1\nreturn y + x", {"x"}),
        ("return [y for y in x]", {"x"}),
        ("[y for y in x]\nreturn y", {"x", "y"}),
        ("return lambda y: y + x", {"x"}),
        ("def g(y):\n    return y + a + z\nz = x\nreturn g", {"x"}),
        ("global y\ny = x", {"x", "y"}),
        ("if (y := x): return y", {"x"}),
        ("return [y for z in x if (y := z)], y", {"x"}),
        ("return layout.pack(x.y.z)", {"layout.pack", "x.y.z"}),
        ("try:\n    pass\nexcept Stop as y:\n    return y", {"Stop"}),
        ("match a:\n    case {'k': y, **z}:\n        return y + z", set()),
    ],
)
def test_names_of_other_places_are_told_from_local_ones(body, expected):
    assert uses(body) == expected


def test_imports_within_a_function_are_its_own():
    found = definitions_of("def f():\n    from ngnmm_core.kernels import lanes as l\n    return l.aligned\n")
    definition = found["definitions"]["f"]
    assert definition["imports"] == {"l": ("ngnmm_core.kernels", "lanes")}
    assert definition["uses"] == ["l.aligned"]
    assert not found["imports"]


def test_a_declaration_is_its_keywords():
    found = definitions_of("A = Analysis(name='a', maps=[draw], reducer=reduce)\n")["definitions"]["A"]
    assert found["uses"] == ["Analysis"]
    assert {k: v["uses"] for k, v in found["keywords"].items()} == {"name": [], "maps": ["draw"], "reducer": ["reduce"]}


def test_what_fields_hold_is_told_from_what_their_functions_take():
    source = (
        "@dataclass\nclass A:\n    x: B | None\n    y: tuple[C, ...]\n    z: Callable[[D], E]\n    w: dict[str, F]\n"
    )
    held = definitions_of(source)["definitions"]["A"]["held"]
    assert set(held) == {"B", "C", "F", "tuple", "dict", "str"}


def test_a_class_is_its_head_and_its_methods():
    found = definitions_of(
        "class A:\n    def __init__(self):\n        g()\n    def h(self):\n        k()\n"
        "    @validator\n    def v(self):\n        m()\n"
    )["definitions"]["A"]
    assert {"g", "m"} <= set(found["uses"])
    assert found["methods"].keys() == {"h"}
    assert found["methods"]["h"]["uses"] == ["k"]
