"""One object holds a connectome from the plan to the kernels: what it refuses, what identifies it, and its dataset."""

import hashlib

import numpy as np
import pytest
import xarray as xr

from ngnmm_core import get_connectome, simulate
from ngnmm_core.connectome import Connectome, ConnectomeWarning, connectome_of
from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.datasets import as_dataset, weights_hash

WEIGHTS = np.array([[0.0, 2.0, 1.0], [0.5, 0.0, 0.0], [0.25, 3.0, 0.0]])
LENGTHS = np.array([[0.0, 80.0, 60.0], [80.0, 0.0, np.nan], [60.0, 90.0, 0.0]])
KNOWN = {
    "labels": ("a_L", "b_R", "c"),
    "tract_length": LENGTHS,
    "centres": [[-1.0, 2, 3], [4, 5, 6], [7, 8, 9]],
    "hemisphere": ("L", "R", ""),
    "lobe": ("x", "x", "y"),
    "volume": [10.0, 20.0, 30.0],
}


def test_rows_are_divided_by_their_sums_and_labels_come_along():
    whole = Connectome(WEIGHTS, **KNOWN)
    rows = whole.normalised("row")
    np.testing.assert_array_equal(rows.weights, [[0, 2 / 3, 1 / 3], [1, 0, 0], [0.25 / 3.25, 3 / 3.25, 0]])
    assert rows.labels == KNOWN["labels"]
    assert rows.normalization == "row"
    assert rows.row_sum("key") == pytest.approx(1, abs=1e-15)
    np.testing.assert_array_equal(rows.tract_length, LENGTHS)
    np.testing.assert_array_equal(whole.weights, WEIGHTS)


def test_nothing_of_it_can_be_written():
    weights = WEIGHTS.copy()
    whole = Connectome(weights, tract_length=LENGTHS)
    weights[0, 1] = 9
    assert whole.weights[0, 1] == 2
    for array in (whole.weights, whole.tract_length, whole.normalised("max").weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 1] = 1
    assert whole.labels == ("0", "1", "2")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights": WEIGHTS[:2]}, ["2 x 3", "square"]),
        ({"weights": -WEIGHTS}, ["negative"]),
        ({"weights": WEIGHTS + np.inf}, ["not finite"]),
        ({"labels": ("a", "b")}, ["2 labels for 3 regions"]),
        ({"labels": ("a", "b", "a")}, ["'a' occurs twice"]),
        ({"tract_length": LENGTHS[:2]}, ["tract_length is 2 x 3", "3 x 3"]),
        ({"centres": np.zeros((3, 2))}, ["centres is 3 x 2", "3 x 3"]),
        ({"hemisphere": ("L",)}, ["1 hemisphere for 3 regions"]),
        ({"volume": [1.0]}, ["volume is 1", "allowed: 3"]),
        ({"lobe": ("L",)}, ["1 lobe for 3 regions"]),
    ],
)
def test_what_it_refuses(refused, changes, words):
    refused(lambda: Connectome(**{"weights": WEIGHTS, **KNOWN, **changes}), "connectome: ", *words, "allowed: ")


def test_the_identity_tells_everything_apart():
    changed = {
        "weights": WEIGHTS * 2,
        "labels": ("a_L", "b_R", "d"),
        "tract_length": LENGTHS + 1,
        "centres": np.zeros((3, 3)),
        "hemisphere": ("L", "R", "R"),
        "lobe": ("x", "y", "y"),
        "volume": [10.0, 20.0, 31.0],
    }
    base = {"weights": WEIGHTS, **KNOWN}
    found = [Connectome(**base), *(Connectome(**base | {name: value}) for name, value in changed.items())]
    found += [Connectome(**base | {name: None}) for name in KNOWN]
    assert len({one.identity for one in found}) == len(found)
    assert Connectome(**base).identity == found[0].identity


def test_the_hash_of_the_weights_is_that_of_their_bytes_and_of_the_names():
    expected = hashlib.sha256(WEIGHTS.astype("<f8").tobytes() + b"a\nb\nc").hexdigest()
    assert weights_hash(WEIGHTS, ["a", "b", "c"]) == expected
    assert weights_hash(WEIGHTS, ["a", "c", "b"]) != expected
    assert weights_hash(WEIGHTS + 1, ["a", "b", "c"]) != expected


def test_a_dataset_and_back():
    arrays = ConnectomeArrays(
        WEIGHTS,
        **{
            **KNOWN,
            "labels": list(KNOWN["labels"]),
            "centres": np.array(KNOWN["centres"]),
            "volume": np.array(KNOWN["volume"]),
        },
    )
    found = connectome_of(as_dataset(arrays, {"title": "three"}))
    assert found.identity == Connectome(WEIGHTS, **KNOWN).identity
    assert found.about["title"] == "three"
    turned = as_dataset(arrays, {}).transpose("source_region", "region")
    assert connectome_of(turned).identity == found.identity


def dataset(weights=WEIGHTS, **coords):
    return xr.Dataset({"weights": (("region", "source_region"), weights)}, coords)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (xr.Dataset({"W": (("region", "source_region"), WEIGHTS)}), ["without 'weights'", "W"]),
        (xr.Dataset({"weights": (("i", "j"), WEIGHTS)}), ["(i, j)", "(region, source_region)"]),
        (dataset(np.where(WEIGHTS == 3, np.nan, WEIGHTS), region=["a", "b", "c"]), ["'c' from 'b'", "nan"]),
        (dataset(-WEIGHTS), ["'region_1' from 'region_2'", "-2", "not negative"]),
        (dataset(WEIGHTS[:2]), ["2 x 3", "square"]),
        (dataset(region=["a", "b", "a"]), ["'a' occurs twice"]),
        (dataset(region=["a", "b", "c"], source_region=["a", "c", "b"]), ["source_region", "same order"]),
    ],
    ids=["no weights", "dimensions", "nan", "negative", "not square", "twice", "other order"],
)
def test_a_dataset_of_the_users_own_is_checked(given, words, refused):
    refused(lambda: get_connectome(given), "connectome: ", *words, "allowed: ")
    refused(lambda: simulate({"G": 1}, given, analyses=["rates"], duration_ms=20, transient_ms=5), *words)


def test_the_diagonal_of_a_dataset_is_set_to_zero_and_said():
    with pytest.warns(ConnectomeWarning, match="3 non-zero weights on the diagonal"):
        found = get_connectome(dataset(WEIGHTS + 5 * np.eye(3)))
    np.testing.assert_array_equal(found.weights, WEIGHTS)


@pytest.mark.parametrize(("spread", "fits"), [(0.0, True), (5e-11, True), (3e-10, False), (1e-6, False), (5e-3, False)])
def test_rows_count_as_equal_up_to_1e_10(refused, spread, fits):
    """What differs more has no homogeneous state; the bound is that of the documentation."""
    weights = np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5 + spread], [0.25, 0.75, 0.0]])
    if fits:
        assert Connectome(weights).row_sum("analyses.msf") == pytest.approx(1.0, abs=1e-10)
    else:
        refused(lambda: Connectome(weights).row_sum("analyses.msf"), "analyses.msf: ", "a spread of at most 1e-10")
