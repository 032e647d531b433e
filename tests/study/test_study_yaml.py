"""Study files mean the same to every reader of YAML, and end quickly if they are made to never end."""

import time
import tracemalloc

import pytest
import yaml

from ngnmm_core.study.load import override
from ngnmm_core.study.yaml_files import MOST_BYTES, parse_yaml, read_yaml


@pytest.fixture
def reads(tmp_path):
    """What a study file with some text holds."""

    def read(text):
        (tmp_path / "study.yaml").write_text(text)
        return read_yaml(tmp_path / "study.yaml")

    return read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("-2.5e+2", -250.0),
        (".5e1", 5.0),
        ("+7", 7),
        ("0", 0),
        ("0.05", 0.05),
        ("1.", 1.0),
        ("0x10", 16),
        ("'010'", "010"),
        ("10 ms", "10 ms"),
        ("e3", "e3"),
        ("1e", "1e"),
        ("true", True),
    ],
)
def test_plain_values(reads, text, value):
    found = reads(f"G: {text}\n")["G"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["1:12", "1:30.5", "010", "-0300", "1_000", "1_000.5", "0b101", "+012", "190:20:30"])
def test_numbers_that_yaml_1_1_reads_as_others_are_refused(reads, refused, text):
    assert isinstance(yaml.safe_load(text), int | float)  # by the rules of 1.1
    refused(lambda: reads(f"grid:\n  G: [1, {text}]\n"), "study.yaml", "in line 2", f"'{text}'", "plain decimal")
    refused(lambda: override({}, {"grid": f"{{G: {text}}}"}), f"'{text}'", "plain decimal")


def test_what_old_and_new_readers_agree_on_is_read_alike(reads):
    """PyYAML's own reader of 1.1 and this one give the same for every study that comes along."""
    from pathlib import Path

    for path in (Path(__file__).parents[2] / "config").rglob("*.yaml"):
        if path.name != "connectomes.yaml":
            assert read_yaml(path) == yaml.safe_load(path.read_text())


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
OF_MAPPINGS = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{new}: &{new} {{x: *{old}, y: *{old}}}\n"
    for old, new in zip("abcdefghijklmnopqrstuvw", "bcdefghijklmnopqrstuvwx", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, ["aliases that stand for more than"]),
        (OF_MAPPINGS, ["aliases that stand for more than"]),
        ("a: &a [*a]\n", ["an alias that stands for what it is part of"]),
        ("a: &a {b: *a}\n", ["an alias that stands for what it is part of"]),
        ("a: " + "[" * 5000 + "]" * 5000, ["nested too deeply"]),
        ("a: " + "[" * 60 + "]" * 60, ["nested too deeply", "50 levels"]),
        ("a: " + "{a: " * 5000 + "1" + "}" * 5000, ["nested too deeply"]),
        ("__use_yte__: true\n?if True:\n  a: 1\n", ["__use_yte__", "run code in the file"]),
        ("__use_yte__: false\na: 1\n", ["__use_yte__"]),
        ("a: !!python/object/apply:os.system [echo]\n", ["not YAML in line 1"]),
        ("a: 1\na: 2\n", ["the key 'a' occurs twice"]),
        ("a: " + "9" * 5000 + "\n", ["a number of 5000 digits"]),
        ("a: 1." + "9" * 5000 + "\n", ["a number of 5002 digits"]),
        ("[1]\n", ["holds list"]),
        ("", ["holds NoneType"]),
    ],
    ids=range(15),
)
def test_files_that_are_refused_quickly(reads, refused, text, words):
    start = time.process_time()
    tracemalloc.start()
    try:
        refused(lambda: reads(text), "study.yaml", *words, "allowed: ")
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 5.0


def test_a_few_aliases_are_fine():
    assert parse_yaml("a: &a [1, 2]\nb: *a\nc: {<<: {d: 1}, e: *a}\n") == {
        "a": [1, 2],
        "b": [1, 2],
        "c": {"d": 1, "e": [1, 2]},
    }


def test_a_huge_file_is_not_read(tmp_path, refused):
    with open(tmp_path / "study.yaml", "wb") as file:
        file.truncate(MOST_BYTES + 1)
    refused(lambda: read_yaml(tmp_path / "study.yaml"), "16 MB of YAML")


@pytest.mark.parametrize("grid", [
    {"G": {"start": 0, "stop": 9_999_999, "step": 1}, "I_ext_e": [1, 2, 3, 4]},
    {"G": {"start": 0, "stop": 1, "num": 9_000_000}},
    {"G": {"start": 0, "stop": 1, "num": 20_000}, "Delta": {"start": 1, "stop": 2000, "step": 1}},
])  # fmt: skip
def test_too_many_points_are_counted_before_they_are_made(config, refused, grid):
    from ngnmm_core.study.load import load_studies

    tracemalloc.start()
    start = time.process_time()
    try:
        refused(lambda: load_studies(config(grid=grid)), "grid: ", "points can't be planned", "5e+06")
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 1.0
