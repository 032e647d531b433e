"""Tables as other people's programs write them give the matrix that was meant, or are refused."""

import bz2
import gzip

import numpy as np
import pytest
from made_up_files import LENGTHS, NAMES, S, W, same, table

from ngnmm_core.connectome import ConnectomeWarning


# ------------------------------------------------------------------ tables
@pytest.mark.parametrize("end", ["", ",", " ", ",  "])
@pytest.mark.parametrize("header", [None, NAMES])
@pytest.mark.parametrize("index", [None, NAMES])
def test_marks_at_the_ends_of_lines(read, end, header, index):
    same(read("b.csv", table(header=header, index=index, end=end)), labels=NAMES if header or index else None)


@pytest.mark.parametrize("sep", ["\t", " ", "   ", ";", ", "])
def test_marks_between_cells_whatever_the_ending_says(read, sep):
    for name in ("b.csv", "b.tsv", "b.txt", "b.edge", "b"):
        same(read(name, table(sep=sep)))


def test_decimal_commas(read, refused):
    european = table(sep=";").replace(".", ",")
    same(read("b.csv", european))
    same(read("b.txt", table(sep="\t", index=NAMES, header=NAMES).replace(".", ",")), labels=NAMES)
    same(read("b.txt", table(sep=" ").replace(".", ",")))
    refused(lambda: read("b.csv", "0;1,250\n2,125;0\n"), "'1,250' may have a decimal comma", "decimal points")
    refused(lambda: read("b.csv", "0;1,25\n2.5;0\n"), "'1,25' may have a decimal comma")


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotation_marks_around_names_and_numbers(read, quote):
    def q(x):
        return f"{quote}{x}{quote}"

    names = [q(n) for n in NAMES]
    same(read("b.csv", table(header=names, index=names, corner=q(""))), labels=NAMES)
    same(read("b.csv", table(header=names, form=quote + "{:.17g}" + quote)), labels=NAMES)
    # write.table of R: no cell above the names of rows
    text = " ".join(names) + "\n" + table(sep=" ", index=names)
    same(read("r.txt", text), labels=NAMES)
    spaced = [n.replace("_", " ") for n in NAMES]
    text = " ".join(map(q, spaced)) + "\n" + table(sep=" ", index=list(map(q, spaced)))
    same(read("r.txt", text), labels=spaced)


def test_apostrophes_and_commas_within_names(read):
    names = ["Heschl's gyrus, left", "Heschl's gyrus, right", "V1, left", "V1, right"]
    quoted = [f'"{n}"' for n in names]
    same(read("b.csv", table(header=quoted, index=quoted)), labels=names)


@pytest.mark.parametrize("word", ["NaN", "nan", "NA", "-1", "inf", "Inf", "", "n/a"])
def test_what_files_put_on_the_diagonal(read, word):
    cells = [[f"{x:.17g}" for x in row] for row in W]
    for k in range(4):
        cells[k][k] = word
    text = "\n".join(",".join(row) for row in cells) + "\n"
    with pytest.warns(ConnectomeWarning, match="4 non-zero weights on the diagonal"):
        same(read("b.csv", text))
    named = "\n".join(",".join([n, *row]) for n, row in zip(["", *NAMES], [NAMES, *cells], strict=True)) + "\n"
    with pytest.warns(ConnectomeWarning, match="4 non-zero"):
        same(read("b.csv", named), labels=NAMES)


@pytest.mark.parametrize(("word", "shown"), [("NaN", "nan"), ("-1", "-1"), ("inf", "inf"), ("NA", "'NA'"), ("", "''")])
def test_the_same_elsewhere_is_refused(read, refused, word, shown):
    cells = [[f"{x:.17g}" for x in row] for row in W]
    cells[1][2] = word
    text = "\n".join(",".join(row) for row in cells) + "\n"
    refused(lambda: read("b.csv", text), "row 2, column 3", shown, "allowed: ")


def test_numbers_of_regions_in_the_first_row_and_column(read, refused):
    ids = [1, 2, 3, 4]
    for corner in ("0", "", "x", "NaN", "4"):
        found = read("b.csv", table(header=ids, index=ids, corner=corner))
        same(found, labels=["1", "2", "3", "4"])
    freesurfer = [1001, 1002, 1003, 1005, 2001, 2002, 2003]
    large = np.random.default_rng(0).integers(1, 900, (7, 7)) * (1 - np.eye(7))
    same(read("b.txt", table(large, " ", freesurfer, freesurfer, "0")), large, map(str, freesurfer))
    same(read("b.txt", table(large, " ", freesurfer)), large, map(str, freesurfer))
    same(read("b.txt", table(large, " ", None, freesurfer)), large, map(str, freesurfer))
    same(read("b.csv", table(header=NAMES, index=[0, 1, 2, 3])), labels=NAMES)
    # write.csv of R: names in quotation marks above, numbers from 1 beside
    same(
        read("b.csv", table(header=[f'"{n}"' for n in NAMES], index=['"1"', '"2"', '"3"', '"4"'], corner='""')),
        labels=NAMES,
    )
    same(read("b.csv", table(header=[0, 1, 2, 3], index=NAMES)), labels=NAMES)
    chain = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    refused(lambda: read("b.csv", table(chain)), "first row and column", "may number the regions", "empty first cell")
    product = np.outer(np.arange(1, 8), np.arange(1, 8))
    refused(lambda: read("b.csv", table(product)), "may number the regions")
    small = S[:3, :3] * 8
    same(read("b.csv", table(small)), small)


@pytest.mark.parametrize("regions", [2, 3, 4, 10])
def test_titles_that_r_makes_up_are_not_those_of_edges(read, regions):
    """`write.csv(W)` and `write.table(W)` of a matrix without names: V1 and V2 are titles of lists of edges as well."""
    weights = np.arange(1.0, 1.0 + regions**2).reshape(regions, regions) / 8.0
    np.fill_diagonal(weights, 0.0)
    names = [f"V{k + 1}" for k in range(regions)]
    body = ["{sep}".join(f"{w:g}" for w in row) for row in weights]
    numbered = ["{sep}".join([f'"{k + 1}"', row]) for k, row in enumerate(body)]
    head = "{sep}".join(f'"{name}"' for name in names)
    for file, lines in {
        "a.csv": [head, *body],
        "b.csv": ['""{sep}' + head, *numbered],
        "c.txt": [head, *numbered],
    }.items():
        text = "\n".join(lines).format(sep="," if file.endswith("csv") else " ")
        same(read(file, text + "\n"), weights, names)
    letters = "ghij"[-min(regions, 4) :]
    if regions == 4:  # regions that are called i and j
        same(read("d.csv", "\n".join([",".join(letters), *body]).format(sep=",")), weights, list(letters))


def test_a_list_with_the_titles_of_r_stays_a_list(read):
    found = read("b.csv", "V1,V2,V3\n1,2,0.5\n2,1,0.25\n2,3,0.125\n3,2,1\n1,3,2\n3,1,3\n")
    same(found, np.array([[0, 0.5, 2], [0.25, 0, 0.125], [3, 1, 0]]))
    with pytest.warns(ConnectomeWarning, match="each pair of regions is listed once"):
        three = read("b.csv", "V1,V2,V3\n1,2,0.5\n1,3,0.25\n3,2,0.125\n")
    assert three.weights[0, 1] == 0.5
    assert "a list of edges; the first region receives" in three.notes


def test_columns_in_another_order_than_rows(read, refused):
    order = [2, 0, 3, 1]
    text = table(W[:, order], header=[NAMES[k] for k in order], index=NAMES)
    found = read("b.csv", text)
    same(found, labels=NAMES)
    assert "columns were put into the order of the rows" in found.notes
    refused(lambda: read("b.csv", text.replace("Cuneus_R", "Other", 1)), "the same names in both")


def test_one_triangle_is_filled_up_and_said(read):
    for half in (np.triu(S), np.tril(S)):
        with pytest.warns(ConnectomeWarning, match="only one triangle of the weights is filled"):
            found = read("b.csv", table(half))
        same(found, S)
        assert any("filled up from it" in note for note in found.notes)
        same(read("b.csv", table(half), directed=True), half)
        blank = table(np.where(half, half, np.nan)).replace("nan", "")
        with pytest.warns(ConnectomeWarning):
            same(read("b.csv", blank), S)
    np.testing.assert_array_equal(read("b.csv", table(np.roll(np.eye(4), 1, 1))).weights, np.roll(np.eye(4), 1, 1))


def test_triangles_of_lengths_are_filled_up_too(read):
    def write(path):
        np.savez(path, weights=W, tract_lengths=np.triu(LENGTHS))

    np.testing.assert_array_equal(read("b.npz", write).tract_length, LENGTHS * (1 - np.eye(4)))


def test_the_note_says_how_an_asymmetric_matrix_is_read(read):
    notes = read("b.csv", table()).notes
    assert any("row i, column j was read as what region i receives from region j" in note for note in notes)
    assert not any("not symmetric" in note for note in read("b.csv", table(S)).notes)


def test_lengths_are_turned_with_the_weights(read, tmp_path):
    uneven = LENGTHS + np.triu(np.ones((4, 4)))
    (tmp_path / "lengths.csv").write_text(table(uneven))
    found = read("b.csv", table(W.T), lengths=tmp_path / "lengths.csv", transpose=True)
    same(found)
    np.testing.assert_array_equal(found.tract_length, uneven.T * (1 - np.eye(4)))


def test_lengths_in_a_file_of_their_own(read, tmp_path, refused):
    order = [3, 1, 0, 2]
    names = [NAMES[k] for k in order]
    (tmp_path / "l.csv").write_text(table(LENGTHS[np.ix_(order, order)], header=names, index=names))
    found = read("b.csv", table(header=NAMES), lengths=tmp_path / "l.csv")
    np.testing.assert_array_equal(found.tract_length, LENGTHS * (1 - np.eye(4)))
    (tmp_path / "l.csv").write_text(table(LENGTHS, header=["a", "b", "c", "d"]))
    refused(
        lambda: read("b.csv", table(header=NAMES), lengths=tmp_path / "l.csv"), "connectome.lengths", "other regions"
    )
    refused(lambda: read("b.csv", table(), lengths=tmp_path / "no.csv"), "connectome.lengths", "no such file")


def test_sums_that_overflow_are_refused(read, refused):
    refused(lambda: read("b.csv", table(np.where(W, 1e308, 0.0), header=NAMES)), "'Insula_L' sum to more than 1.8e308")


def test_other_encodings_and_line_ends(read):
    text = table(header=NAMES, index=NAMES)
    same(read("b.txt", text.replace(",", "\t").encode("utf-16")), labels=NAMES)  # "Unicode text" of Excel
    same(read("b.csv", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()), labels=NAMES)
    same(read("b.csv", text.replace("\n", "\r").encode()), labels=NAMES)
    same(read("b.csv", "# command_history: tck2connectome\n% a comment\n\n" + text), labels=NAMES)
    same(read("b.csv.gz", gzip.compress(text.encode())), labels=NAMES)
    same(read("b.csv.bz2", bz2.compress(text.encode())), labels=NAMES)
