"""Axes of a grid: every way to write one, and coordinates that are exact decimals."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngnmm_core.errors import InputError
from ngnmm_core.section import is_multiple
from ngnmm_core.study.axes import axis_values


@pytest.mark.parametrize(
    ("written", "values"),
    [
        pytest.param([2, 5.5, 3], (2, 5.5, 3), id="list in the order given"),
        pytest.param((2, 5), (2, 5), id="tuple"),
        pytest.param(3, (3,), id="whole number"),
        pytest.param(0.25, (0.25,), id="decimal number"),
        pytest.param("3", (3,), id="text of a number"),
        pytest.param("1e-2", (0.01,), id="text with an exponent, which YAML leaves as text"),
        pytest.param(["1", "2.5"], (1, 2.5), id="list of texts"),
        pytest.param({"start": 1, "stop": 4, "step": 1}, (1, 2, 3, 4), id="step that meets the stop"),
        pytest.param({"start": 4, "stop": 1, "step": -1}, (4, 3, 2, 1), id="negative step"),
        pytest.param({"start": 0.3, "stop": -0.3, "step": -0.1}, (0.3, 0.2, 0.1, 0, -0.1, -0.2, -0.3), id="through 0"),
        pytest.param({"start": 2, "stop": 2, "step": 1}, (2,), id="start is stop"),
        pytest.param({"start": "0", "stop": "1", "step": "0.5"}, (0, 0.5, 1), id="range of texts"),
        pytest.param({"start": 0, "stop": 1, "num": 5}, (0, 0.25, 0.5, 0.75, 1), id="number of values"),
        pytest.param({"start": 1, "stop": 0, "num": "3"}, (1, 0.5, 0), id="number of values, downwards"),
        pytest.param({"start": 7, "stop": 7, "num": 1}, (7,), id="one value"),
    ],
)
def test_every_way_to_write_an_axis(written, values):
    assert axis_values("grid.G", written) == values


def test_steps_of_a_tenth_are_exact():
    values = axis_values("grid.G", {"start": 0, "stop": 1, "step": 0.1})
    assert values == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def test_number_of_values_gives_exact_tenths():
    assert axis_values("grid.G", {"start": 0, "stop": 1, "num": 11})[3] == 0.3
    assert axis_values("grid.G", {"start": 0.1, "stop": 0.7, "num": 7}) == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


decimals = st.decimals(-1000, 1000, places=3)
steps = st.decimals("0.001", 50, places=3).flatmap(lambda step: st.sampled_from([step, -step]))


@given(start=decimals, step=steps, count=st.integers(1, 300))
def test_a_range_by_step_holds_exactly_the_decimals(start, step, count):
    expected = tuple(float(start + k * step) for k in range(count))
    stop = start + (count - 1) * step
    assert axis_values("grid.x", {"start": float(start), "stop": float(stop), "step": float(step)}) == expected


@given(start=decimals, step=steps, count=st.integers(1, 300), rest=st.decimals("0.001", "0.999", places=3))
def test_a_range_by_step_that_does_not_meet_its_stop_is_refused_with_one_that_does(start, step, count, rest):
    stop = start + (count - 1) * step + rest * step
    if (stop - start) % step == 0:
        return
    spec = {"start": float(start), "stop": float(stop), "step": float(step)}
    with pytest.raises(InputError, match="allowed: a step that ends there, such as") as caught:
        axis_values("grid.x", spec)
    fits, num = re.search(r"such as (\S+), or num: (\d+)", str(caught.value)).groups()
    if len(fits) < 13:
        assert axis_values("grid.x", spec | {"step": fits})[-1] == float(stop)
    assert len(axis_values("grid.x", {"start": float(start), "stop": float(stop), "num": num})) == int(num)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"start": 0, "stop": 1, "step": 0.3}, ["grid.G.step: 0.3 ends at 0.9, before 1", "0.25, or num: 5"]),
        ({"start": 1, "stop": 4.5, "step": 1}, ["1 ends at 4, before 4.5", "num: 5"]),
        ({"start": 3, "stop": 2, "step": -5}, ["-5 ends at 3, before 2", "-1, or num: 2"]),
        ({"start": 0, "stop": 1, "num": 1}, ["grid.G.num: one value can't be both 0 and 1"]),
    ],
)
def test_ends_are_not_dropped(refused, spec, words):
    refused(lambda: axis_values("grid.G", spec), *words, "allowed: ")


@pytest.mark.parametrize("text", ["010", "0300", "1_000", "-010", "00.5"])
def test_texts_that_are_other_numbers_elsewhere(refused, text):
    refused(lambda: axis_values("grid.G", [text]), "grid.G[0]", repr(text), "plain decimal")


@given(start=decimals, stop=decimals, num=st.integers(2, 300))
def test_a_range_by_number_has_that_many_values_and_both_ends(start, stop, num):
    if start == stop:
        return
    values = axis_values("grid.x", {"start": float(start), "stop": float(stop), "num": num})
    assert len(values) == num
    assert (values[0], values[-1]) == (float(start), float(stop))
    exact = [start + (stop - start) * k / Decimal(num - 1) for k in range(num)]
    assert values == tuple(map(float, exact))


@given(start=decimals, step=steps, first=st.integers(0, 100), count=st.integers(1, 100))
def test_a_part_of_a_range_has_the_values_of_the_whole(start, step, first, count):
    whole = axis_values(
        "grid.x", {"start": float(start), "stop": float(start + (first + count) * step), "step": float(step)}
    )
    begin = start + first * step
    part = axis_values("grid.x", {"start": float(begin), "stop": float(begin + count * step), "step": float(step)})
    assert set(part) <= set(whole)


@given(unit=st.decimals("0.001", 10, places=3), count=st.integers(0, 10_000))
def test_multiples_are_decided_in_decimals(unit, count):
    assert is_multiple(float(count * unit), float(unit))


def test_what_is_no_multiple():
    assert is_multiple(0.3, 0.1)  # 0.3 % 0.1 is 0.09999999999999998 in binary
    assert not is_multiple(0.2, 0.03)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        pytest.param([], ["grid.G", "empty"], id="empty list"),
        pytest.param(None, ["grid.G", "None"], id="nothing"),
        pytest.param("", ["grid.G", "''"], id="empty text"),
        pytest.param("abc", ["grid.G", "'abc'"], id="word"),
        pytest.param(True, ["grid.G", "True"], id="yes or no"),
        pytest.param([1, False], ["grid.G[1]", "False"], id="yes or no in a list"),
        pytest.param([1, float("nan")], ["grid.G[1]", "nan", "finite"], id="NaN"),
        pytest.param([float("inf")], ["grid.G[0]", "inf", "finite"], id="infinity"),
        pytest.param("inf", ["grid.G", "inf", "finite"], id="infinity as text"),
        pytest.param([[1, 2], [3]], ["grid.G[0]", "[1, 2]"], id="list of lists"),
        pytest.param([1, 2, 1.0], ["grid.G", "1", "twice"], id="a value twice"),
        pytest.param({}, ["grid.G"], id="empty range"),
        pytest.param({"start": 1}, ["grid.G", "start", "stop"], id="start alone"),
        pytest.param({"start": 1, "stop": 2}, ["grid.G", "step", "num"], id="neither step nor num"),
        pytest.param({"start": 1, "stop": 2, "step": 1, "num": 2}, ["grid.G"], id="both step and num"),
        pytest.param({"start": 1, "step": 1, "num": 2}, ["grid.G", "stop"], id="no stop"),
        pytest.param({"start": 1, "stop": 2, "stp": 1}, ["grid.G.stp", "did you mean 'stop'?"], id="misspelt"),
        pytest.param({"start": 1, "stop": 5, "step": -1}, ["grid.G.step", "-1", "> 0"], id="step of the wrong sign"),
        pytest.param({"start": 5, "stop": 1, "step": 1}, ["grid.G.step", "1", "< 0"], id="step of the other sign"),
        pytest.param({"start": 1, "stop": 5, "step": 0}, ["grid.G.step", "0", "> 0"], id="no step"),
        pytest.param({"start": 1, "stop": 5, "step": "x"}, ["grid.G.step", "'x'"], id="step is a word"),
        pytest.param({"start": 1, "stop": "nan", "step": 1}, ["grid.G.stop", "nan"], id="stop is NaN"),
        pytest.param({"start": None, "stop": 5, "step": 1}, ["grid.G.start", "None"], id="start is nothing"),
        pytest.param({"start": 0, "stop": 1, "step": 1e-12}, ["grid.G.step", "1E-12"], id="too many values"),
        pytest.param({"start": 0, "stop": 1, "num": 0}, ["grid.G.num", "0", "from 1"], id="no values"),
        pytest.param({"start": 0, "stop": 1, "num": -3}, ["grid.G.num", "-3"], id="negative number of values"),
        pytest.param({"start": 0, "stop": 1, "num": 2.5}, ["grid.G.num", "2.5"], id="broken number of values"),
        pytest.param({"start": 0, "stop": 1, "num": 10**12}, ["grid.G.num", "1000000000000"], id="huge number"),
        pytest.param({"start": 2, "stop": 2, "num": 3}, ["grid.G", "2", "twice"], id="a point in three values"),
    ],
)
def test_bad_axes_are_refused(refused, written, words):
    refused(lambda: axis_values("grid.G", written), "allowed: ", *words)


def test_a_step_of_zero_at_one_point_is_refused_with_what_is_allowed(refused):
    line = refused(lambda: axis_values("grid.G", {"start": 5, "stop": 5, "step": 0}), "grid.G.step")
    assert not line.endswith("a step < 0")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (9007199254740993, "would be 9007199254740992"),
        ("9007199254740993", "would be 9007199254740992"),
        ("\uff11\uff12", "another number in some programs"),
        ("\u0663", "another number in some programs"),
        (b"ab", "is not a number"),
        ("9" * 5000, "is not a number"),
        (10**400, "is not finite"),
    ],
)
def test_numbers_that_would_be_others_in_silence(refused, value, words):
    refused(lambda: axis_values("grid.seed", value), "grid.seed", words)
    refused(lambda: axis_values("grid.seed", [1, value]), "grid.seed[1]", words)


def test_the_largest_whole_numbers():
    assert axis_values("grid.seed", [2**53, "9007199254740991"]) == (2.0**53, 2.0**53 - 1)
    assert axis_values("grid.G", [1e300, 10**22]) == (1e300, 1e22)
