"""Tables and archives that can be read in two ways, or hold more than weights: read rightly, or refused in one line."""

import numpy as np
import pandas as pd
import pytest
from made_up_files import CENTRES, LENGTHS, NAMES, S, W, same, table
from scipy.io import savemat

from ngnmm_core import get_connectome
from ngnmm_core.connectome.arrays import ConnectomeWarning
from ngnmm_core.connectome.length_units import doubt

# as spreadsheets of German settings show numbers of streamlines
DOTTED = "\n".join(";".join(f"{1000 * x:,.0f}".replace(",", ".") for x in row) for row in W) + "\n"
WITH_SUMS = np.vstack([np.hstack([S, S.sum(axis=1)[:, None]]), [*S.sum(axis=0), S.sum()]])
COUNTS = np.array([[0, 1, 2, 3], [1, 0, 5, 6], [2, 5, 0, 13], [3, 6, 13, 0]])  # rising, as numbers of regions


def test_a_remark_of_as_many_words_as_regions_is_no_row_of_names(read, refused):
    text = "Number of regions: 4\n" + table(W, sep=" ")
    refused(lambda: read("w.txt", text), "row 1 holds 'regions:'", "# before a remark")
    same(read("w.txt", "# " + text))


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["2", "1", "4", "3"], None),  # numbers of an atlas, in no order
        (["2", "1", "4", "3"], ["1", "2", "3", "4"]),
        (["1", "2", "3a", "4"], None),  # areas of Brodmann
        (["NA", "None", "inf", "1e5"], None),
    ],
)
def test_names_beside_an_empty_corner_are_names_whatever_they_look_like(read, names, columns):
    columns = columns or names
    order = [names.index(name) for name in columns]
    same(read("b.csv", table(W[:, order], header=columns, index=names)), labels=names)


def test_numbers_of_a_corner_in_no_order(read, refused):
    ids = [2004, 1003, 1002, 2001]
    refused(lambda: read("b.csv", table(header=ids, index=ids, corner="0")), "may number the regions or be weights")
    rng = np.random.default_rng(0)
    counts = rng.permutation(36).reshape(6, 6) + 1
    counts = (counts + counts.T) * (1 - np.eye(6, dtype=int))
    same(read("b.csv", table(counts)), counts)  # whole and symmetric: weights


@pytest.mark.parametrize(
    "text",
    [
        table(WITH_SUMS),
        table(WITH_SUMS[:, :4]),
        table(WITH_SUMS[:4]),
        table(np.vstack([COUNTS, COUNTS.sum(axis=0)]), form="{:.0f}"),  # whose first row passes for numbers of regions
        table(WITH_SUMS, header=[*NAMES, "Total"], index=[*NAMES, "Total"]),
        table(WITH_SUMS * [1, 1, 1, 1, 0], header=[*NAMES, "Sum"], index=[*NAMES, "Sum"]),
    ],
)
def test_sums_are_no_region(read, refused, text):
    refused(lambda: read("b.csv", text), "is the sum of the others", "allowed: a table without sums")


def test_sums_of_frames_and_arrays_are_no_region(read, refused, tmp_path):
    names = [*NAMES, "Total"]
    refused(lambda: get_connectome(pd.DataFrame(WITH_SUMS, index=names, columns=names)), "the last row is the sum")
    np.save(tmp_path / "b.npy", WITH_SUMS)
    refused(lambda: read("b.npy", lambda path: None), "the last row is the sum", "allowed: a matrix without sums")


@pytest.mark.parametrize("kind", ["M8[s]", "m8[s]"])
def test_times_are_no_weights(refused, kind):
    refused(lambda: get_connectome((8 * S).astype(int).astype(kind)), "the weights are not numbers")


@pytest.mark.parametrize(("unit", "says"), [(1e-3, "the longest tract is 0.1"), (100.0, "the longest tract is 1.4")])
def test_lengths_in_metres_are_doubted(read, tmp_path, unit, says):
    (tmp_path / "lengths.csv").write_text(table(LENGTHS * unit))
    with pytest.warns(ConnectomeWarning, match=says):
        found = read("b.csv", table(S), lengths=tmp_path / "lengths.csv")
    np.testing.assert_array_equal(found.tract_length, LENGTHS * unit * (1 - np.eye(4)))  # as they are, and said


@pytest.mark.parametrize(("unit", "doubted"), [(0.1, True), (1.0, False), (5.0, True)])
def test_lengths_are_compared_with_the_distances_of_centres(unit, doubted):
    centres = np.array(CENTRES)
    lengths = 1.4 * unit * np.linalg.norm(centres[:, None] - centres, axis=-1)
    assert ("as long as their ends are apart" in doubt(lengths, S, centres)) == doubted
    assert doubt(lengths, S, None) == ""


def test_regions_that_add_up_are_regions(read):
    """The last row is the sum of the others but for the diagonal; or nothing is on its way to anywhere."""
    weights = W.copy()
    weights[3, :3] = weights[:3, :3].sum(axis=0)
    same(read("b.csv", table(weights)), weights)
    uniform = np.ones((4, 4)) - np.eye(4)
    same(read("b.csv", table(uniform)), uniform)


def test_points_that_may_mark_thousands(read, refused):
    refused(lambda: read("b.csv", DOTTED), "'1.500' may have a decimal point, or one that marks thousands")
    same(read("b.csv", table(S * 1.001, form="{:.3f}")), np.round(S * 1.001, 3))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0 1 0.5\n1 3 0.7\n3 0 0.25\n", "three"),
        ("1 2 0.5 30\n2 3 0.7 20\n1 3 0.1 10\n4 1 0.3 5\n", "four"),
    ],
)
def test_as_many_edges_as_columns(read, refused, text, number):
    refused(lambda: read("b.txt", text), f"a matrix or a list of {number} edges", "allowed: a list with titles")


def test_lengths_alone_are_no_weights(read, refused, tmp_path):
    for name in ("distance", "tract_lengths"):
        np.savez(tmp_path / "b.npz", **{name: LENGTHS})
        refused(lambda: read("b.npz", lambda path: None), f"{name}: lengths of tracts", "'variable'")
        same(read("b.npz", lambda path: None, variable=name), LENGTHS * (1 - np.eye(4)))


def test_the_note_names_other_matrices_of_an_archive(read):
    found = read("b.mat", lambda path: savemat(path, {"SC": S, "W": W, "tract_lengths": LENGTHS}))
    same(found, S)
    assert "weights are the variable SC; other square matrices: W" in found.notes


def test_entries_that_occur_twice_in_a_matrix_market_file(read, refused):
    text = "%%MatrixMarket matrix coordinate real general\n3 3 3\n2 1 1.5\n2 1 2\n3 2 3\n"
    refused(lambda: read("b.mtx", text), "the pair 2 1 occurs twice")
