"""Every format gives back the matrix that was written, and refuses what is not a connectome in one clear line."""

import bz2
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from ngnmm_core.connectome import ConnectomeWarning, infer_hemisphere, read_connectome_file

LABELS = ["Insula_L", "Insula_R", "Cuneus_L"]
CENTRES = np.array([[-35.0, 6.5, 3.0], [39.0, 6.0, 2.0], [-6.0, -80.0, 27.0]])
LENGTHS = np.array([[0.0, 80.5, 60.0], [80.5, 0.0, 90.25], [60.0, 90.25, 0.0]])


def write_tvb(path, network, folder="", pack=bool, hemispheres=True):
    """An archive of The Virtual Brain; `pack` says which members are compressed."""
    lines = {
        "weights": [" ".join(f"{w:.17g}" for w in row) for row in network],
        "tract_lengths": [" ".join(f"{w:.17g}" for w in row) for row in LENGTHS],
        "centres": [f"{n}\t{x} {y} {z}" for n, (x, y, z) in zip(LABELS, CENTRES, strict=True)],
    }
    if hemispheres:
        lines["hemispheres"] = ["0", "1", "0"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in lines.items():
            data = "\n".join(content).encode()
            member = f"{folder}{name}.txt"
            archive.writestr(*((f"{member}.bz2", bz2.compress(data)) if pack(name) else (member, data)))


@pytest.mark.parametrize("pack", [lambda name: False, lambda name: True, lambda name: name == "weights"])
@pytest.mark.parametrize("folder", ["", "connectivity_3/"])
def test_tvb_archive(tmp_path, network, folder, pack):
    write_tvb(tmp_path / "brain.zip", network, folder, pack)
    arrays = read_connectome_file(tmp_path / "brain.zip")
    np.testing.assert_array_equal(arrays.weights, network)
    np.testing.assert_array_equal(arrays.tract_length, LENGTHS)
    np.testing.assert_array_equal(arrays.centres, CENTRES)
    assert arrays.labels == LABELS
    assert arrays.hemisphere == ["L", "R", "L"]


@pytest.mark.parametrize("words", ["False\nTrue\nFalse", "L\nR\nL", "0.0\n1.0\n0.0", "left\nright\nleft"])
def test_hemispheres_of_tvb_archives(tmp_path, network, words):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("weights.txt", "\n".join(" ".join(map(str, row)) for row in network))
        archive.writestr("hemispheres.txt", words)
    assert read_connectome_file(tmp_path / "b.zip").hemisphere == ["L", "R", "L"]


def test_npz_with_everything(tmp_path, network):
    np.savez(tmp_path / "b.npz", weights=network, tract_lengths=LENGTHS, labels=LABELS, centres=CENTRES)
    arrays = read_connectome_file(tmp_path / "b.npz")
    np.testing.assert_array_equal(arrays.weights, network)
    np.testing.assert_array_equal(arrays.tract_length, LENGTHS)
    np.testing.assert_array_equal(arrays.centres, CENTRES)
    assert arrays.labels == LABELS
    assert arrays.hemisphere == ["L", "R", "L"]


def test_npz_with_one_square_array_of_any_name(tmp_path, network):
    np.savez(tmp_path / "b.npz", anything=network, other=np.zeros((3, 4)), vector=np.zeros(3))
    np.testing.assert_array_equal(read_connectome_file(tmp_path / "b.npz").weights, network)


def test_npy(tmp_path, network):
    np.save(tmp_path / "b.npy", np.asfortranarray(network.astype(np.float32)))
    arrays = read_connectome_file(tmp_path / "b.npy")
    np.testing.assert_array_equal(arrays.weights, network)
    assert arrays.weights.dtype == np.float64
    assert arrays.weights.flags.c_contiguous
    assert arrays.labels == ["region_1", "region_2", "region_3"]


@pytest.mark.parametrize(("header", "index"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize(("suffix", "sep"), [(".csv", ","), (".csv", ";"), (".tsv", "\t"), (".txt", " ")])
def test_tables_with_and_without_names(tmp_path, network, header, index, suffix, sep):
    frame = pd.DataFrame(network, LABELS, LABELS)
    path = tmp_path / f"b{suffix}"
    frame.to_csv(path, sep=sep, header=header, index=index, index_label="region" if sep == " " else None)
    arrays = read_connectome_file(path)
    np.testing.assert_array_equal(arrays.weights, network)
    assert arrays.labels == (LABELS if header or index else ["region_1", "region_2", "region_3"])


def test_table_with_numbers_as_names_and_an_empty_corner(tmp_path, network):
    pd.DataFrame(network).to_csv(tmp_path / "b.csv")
    arrays = read_connectome_file(tmp_path / "b.csv")
    np.testing.assert_array_equal(arrays.weights, network)
    assert arrays.labels == ["0", "1", "2"]


def test_table_as_r_writes_it_and_as_spreadsheets_do(tmp_path):
    (tmp_path / "r.txt").write_text('"a" "b"\n"a" 0 1.5\n"b" 2 0\n'.replace('"', ""))
    arrays = read_connectome_file(tmp_path / "r.txt")
    np.testing.assert_array_equal(arrays.weights, [[0, 1.5], [2, 0]])
    assert arrays.labels == ["a", "b"]
    (tmp_path / "s.csv").write_bytes('\ufeff# a comment\r\n,"a, left",b\r\n"a, left",0,1.5\r\nb,2,0\r\n\r\n'.encode())
    arrays = read_connectome_file(tmp_path / "s.csv")
    np.testing.assert_array_equal(arrays.weights, [[0, 1.5], [2, 0]])
    assert arrays.labels == ["a, left", "b"]


def test_mat(tmp_path, network):
    cells = np.array(LABELS, dtype=object)
    savemat(tmp_path / "b.mat", {"SC": network, "labels": cells, "tract_lengths": LENGTHS, "age": 31})
    arrays = read_connectome_file(tmp_path / "b.mat")
    np.testing.assert_array_equal(arrays.weights, network)
    np.testing.assert_array_equal(arrays.tract_length, LENGTHS)
    assert arrays.labels == LABELS
    savemat(tmp_path / "c.mat", {"one": network, "two": 2 * network, "region_labels": np.array(LABELS)})
    arrays = read_connectome_file(tmp_path / "c.mat", variable="two")
    np.testing.assert_array_equal(arrays.weights, 2 * network)
    assert arrays.labels == LABELS


def test_triplets(tmp_path, network):
    lines = [f"{i} {j} {network[i, j]}" for i in range(3) for j in range(3) if network[i, j]]
    (tmp_path / "b.dat").write_text("\n".join(["3", *lines, ""]))
    np.testing.assert_array_equal(read_connectome_file(tmp_path / "b.dat").weights, network)
    for mark in (" ", ","):
        np.savetxt(tmp_path / "full.dat", network, delimiter=mark)
        np.testing.assert_array_equal(read_connectome_file(tmp_path / "full.dat").weights, network)


def test_transpose(tmp_path, network):
    np.savez(tmp_path / "b.npz", weights=network.T, tract_lengths=LENGTHS)
    arrays = read_connectome_file(tmp_path / "b.npz", transpose=True)
    np.testing.assert_array_equal(arrays.weights, network)
    assert "rows and columns of the source were exchanged" in arrays.notes


def test_labels_beside_the_file_and_given(tmp_path, network):
    np.save(tmp_path / "b.npy", network)
    (tmp_path / "b_labels.txt").write_text("# names\nlh-insula\nrh-insula\n\nlh-cuneus\n")
    arrays = read_connectome_file(tmp_path / "b.npy")
    assert arrays.labels == ["lh-insula", "rh-insula", "lh-cuneus"]
    assert arrays.hemisphere == ["L", "R", "L"]
    table = "index,region,hemisphere,x,y,z\n1,A,left,-1,2,3\n2,B,right,1,2,3\n3,C,left,-4,5,6.5\n"
    (tmp_path / "given.csv").write_text(table)
    arrays = read_connectome_file(tmp_path / "b.npy", labels=tmp_path / "given.csv")
    assert arrays.labels == ["A", "B", "C"]
    assert arrays.hemisphere == ["L", "R", "L"]
    np.testing.assert_array_equal(arrays.centres, [[-1, 2, 3], [1, 2, 3], [-4, 5, 6.5]])


def test_lengths_are_missing_where_there_is_no_tract(tmp_path, network):
    network[0, 1] = 0.0
    lengths = LENGTHS.copy()
    lengths[0, 1] = 0.0
    np.savez(tmp_path / "b.npz", weights=network, tract_lengths=lengths)
    found = read_connectome_file(tmp_path / "b.npz").tract_length
    assert np.isnan(found[0, 1])
    assert np.isnan(found).sum() == 1
    assert (np.diagonal(found) == 0).all()


def test_a_diagonal_is_zeroed_and_said(tmp_path, network):
    network[1, 1] = 7.0
    np.save(tmp_path / "b.npy", network)
    with pytest.warns(ConnectomeWarning, match=r"b\.npy: 1 non-zero weights on the diagonal were set to zero"):
        arrays = read_connectome_file(tmp_path / "b.npy")
    assert arrays.weights[1, 1] == 0
    assert arrays.weights[2, 1] == network[2, 1]
    assert "1 non-zero weights on the diagonal were set to zero" in arrays.notes


def test_a_diagonal_is_told_in_one_line_once(tmp_path, network):
    network[1, 1] = 7.0
    np.save(tmp_path / "b.npy", network)
    code = (
        "from ngnmm_core.connectome import read_connectome_file as read; from ngnmm_core.errors import tell_plainly; "
    )
    code += f"tell_plainly(); path = {str(tmp_path / 'b.npy')!r}; read(path); read(path)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: connectome.path: ")
    assert line.endswith("b.npy: 1 non-zero weights on the diagonal were set to zero")


def test_labels_with_commas_are_one_per_line(tmp_path, network):
    np.save(tmp_path / "b.npy", network)
    (tmp_path / "l.csv").write_text('"a, left"\n"a, right"\nb c\n')
    assert read_connectome_file(tmp_path / "b.npy", labels=tmp_path / "l.csv").labels == ["a, left", "a, right", "b c"]


@pytest.mark.parametrize(
    ("names", "sides"),
    [
        (["Insula_L", "Insula_R", "Vermis"], ["L", "R", ""]),
        (["L.IN", "R.IN"], ["L", "R"]),
        (["lh-insula", "rh-insula"], ["L", "R"]),
        (["17Networks_LH_VisCent_1", "17Networks_RH_VisCent_1"], ["L", "R"]),
        (["ctx-lh-cuneus", "ctx-rh-cuneus", "Left-Thalamus", "Right-Thalamus"], ["L", "R", "L", "R"]),
        (["Left-Thalamus", "Right-Thalamus"], ["L", "R"]),
        (["rA1", "rA2"], None),
        (["A_L", "B_L"], None),
        (["A_L", "B_R", "c", "d", "e"], None),
    ],
)
def test_hemispheres_from_names(names, sides):
    assert infer_hemisphere(names) == sides


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w[:2], ["2 x 3", "allowed: a square matrix"]),
        (lambda w: w[0], ["weights are 3", "allowed: a square matrix"]),
        (lambda w: w[:1, :1], ["1 region", "at least 2"]),
        (lambda w: np.where(w == 2.25, np.nan, w), ["'region_1' from 'region_3'", "row 1, column 3", "nan"]),
        (lambda w: np.where(w == 0.75, np.inf, w), ["'region_3' from 'region_2'", "inf", "finite and not negative"]),
        (lambda w: np.where(w == 0.125, -0.125, w), ["row 2, column 3", "-0.125", "not negative"]),
        (lambda w: w + 0j, ["not numbers"]),
        (lambda w: w.astype(str), ["not numbers"]),
    ],
)
def test_matrices_that_are_refused(tmp_path, network, refused, change, words):
    values = change(network)
    np.save(tmp_path / "b.npy", values if values.dtype.kind != "U" else np.full((2, 2), "x"))
    refused(lambda: read_connectome_file(tmp_path / "b.npy"), "connectome.path", "b.npy", *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\nb\n", ["2 labels for 3 regions"]),
        ("a\nb\na\n", ["label 'a' occurs twice", "each name once"]),
        ("label,x\na,1\nb,2\n,3\n", ["label 3 is empty"]),
        ("a,b,c\n", ["without a column `label`", "a, b, c", "one label per line"]),
        ("code;side\na;L\nb;R\nc;L\n", ["without a column `label`", "code, side"]),
        ("label,x,y,z\na,1,2,3\nb,1,2\nc,1,2,3\n", ["rows of different length", "4 cells"]),
        ("label,x,y,z\na,1,2,3\nb,1,q,3\nc,1,2,3\n", ["row 3, column 3", "'q'", "is not a number"]),
    ],
)
def test_labels_that_are_refused(tmp_path, network, refused, text, words):
    np.save(tmp_path / "b.npy", network)
    (tmp_path / "l.csv").write_text(text)
    refused(lambda: read_connectome_file(tmp_path / "b.npy", labels=tmp_path / "l.csv"), "l.csv", *words)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("b.h5", b"x", ["not an HDF5 file", "seems to be text", ".csv, .tsv, .txt, .dat"]),
        ("b.npy", b"not an array", ["not a numpy array"]),
        ("b.npz", b"not an archive", ["not a numpy archive"]),
        ("b.mat", b"not a matlab file", ["not a MATLAB file"]),
        ("b.mat", b"MATLAB 7.3 MAT-file" + bytes(200), ["not an HDF5 file that can be read"]),
        ("b.zip", b"not a zip", ["not a zip archive"]),
        ("b.csv", b"", ["the file is empty"]),
        ("b.csv", b"\xff\xfe\x00", ["not UTF-8"]),
        ("b.csv", b"0,1\n2,0,3\n", ["rows of 2 and of 3 cells"]),
        ("b.csv", b"0,1,2\n2,0,x\n4,5,0\n", ["row 2, column 3", "'x' is not a number"]),
        ("b.csv", b"0,1,2\n2,0,\n4,5,0\n", ["row 2, column 3", "'' is not a number"]),
        ("b.csv", b",a,b\na,0,1\nc,1,0\n", ["row 2 is 'c' but column 2 is 'b'"]),
        ("b.dat", b"3\n0 1 2\n0 3 1\n", ["line 3", "indices 0 3", "allowed: whole numbers from 0 to 2"]),
        ("b.dat", b"3\n0 1 2\n0 1 1\n", ["line 3", "the pair 0 1 occurs twice"]),
        ("b.dat", b"3\n0 1\n", ["line 2", "'0 1'", "allowed: 'i j weight'"]),
        ("b.dat", b"3\n0.5 1 1\n", ["line 2", "indices 0.5 1"]),
        ("b.dat", b"3\n0 1 2\n1 0 y\n", ["line 3", "'1 0 y'"]),
        ("b.dat", b"3\n0 1 nan\n", ["'region_1' from 'region_2'", "nan"]),
        ("b.dat", b"x\n0 1 1\n", ["line 1", "'x' is not a whole number"]),
        ("b.dat", b"-4\n0 1 1\n", ["line 1", "-4 regions"]),
        ("b.dat", b"", ["the file is empty"]),
    ],
)
def test_files_that_are_refused(tmp_path, refused, name, content, words):
    (tmp_path / name).write_bytes(content)
    refused(lambda: read_connectome_file(tmp_path / name), "connectome.path", name, *words)


def test_missing_file_and_directory(tmp_path, refused):
    refused(lambda: read_connectome_file(tmp_path / "no.csv"), "connectome.path", "no.csv", "no such file")
    refused(lambda: read_connectome_file(tmp_path), "a folder without weights.txt")
    np.save(tmp_path / "b.npy", np.ones((2, 2)) - np.eye(2))
    refused(lambda: read_connectome_file(tmp_path / "b.npy", labels=tmp_path / "l.txt"), "connectome.labels", "l.txt")


def test_archives_without_what_is_needed(tmp_path, network, refused):
    np.savez(tmp_path / "b.npz", one=network, two=network)
    refused(lambda: read_connectome_file(tmp_path / "b.npz"), "2 square matrices (one, two)", "'variable'")
    refused(lambda: read_connectome_file(tmp_path / "b.npz", variable="too"), "unknown 'too'", "did you mean 'two'?")
    np.savez(tmp_path / "c.npz", objects=np.array([{}], dtype=object), table=np.zeros((3, 2)))
    refused(lambda: read_connectome_file(tmp_path / "c.npz"), "no square matrix of numbers")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("centres.txt", "A 1 2 3\n")
    refused(lambda: read_connectome_file(tmp_path / "t.zip"), "no weights.txt", "centres")
    with zipfile.ZipFile(tmp_path / "u.zip", "w") as archive:
        archive.writestr("weights.txt", "0 1\n1 0\n")
        archive.writestr("centres.txt", "A 1 2\nB 1 2\n")
    refused(lambda: read_connectome_file(tmp_path / "u.zip"), "centres.txt", "name x y z")
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr("weights.txt", "0 1\n1\n")
    refused(lambda: read_connectome_file(tmp_path / "v.zip"), "weights.txt is not a table of numbers")


def test_lengths_and_centres_of_another_shape(tmp_path, network, refused):
    np.savez(tmp_path / "b.npz", weights=network, tract_lengths=np.zeros((2, 2)))
    refused(lambda: read_connectome_file(tmp_path / "b.npz"), "tract lengths are 2 x 2", "allowed: 3 x 3")
    np.savez(tmp_path / "b.npz", weights=network, tract_lengths=-LENGTHS)
    refused(lambda: read_connectome_file(tmp_path / "b.npz"), "tract length of 'region_1' from 'region_2'", "-80.5")
    np.savez(tmp_path / "b.npz", weights=network, centres=np.zeros((3, 2)))
    refused(lambda: read_connectome_file(tmp_path / "b.npz"), "centres are 3 x 2", "allowed: 3 x 3")
    np.savez(tmp_path / "b.npz", weights=network, centres=np.full((3, 3), np.nan))
    refused(lambda: read_connectome_file(tmp_path / "b.npz"), "centres have values that are not finite")
    np.savez(tmp_path / "b.npz", weights=network, hemisphere=[0, 1])
    refused(lambda: read_connectome_file(tmp_path / "b.npz"), "2 hemispheres for 3 regions")
