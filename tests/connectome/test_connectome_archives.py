"""Archives of The Virtual Brain, of numpy and MATLAB, and frames of pandas."""

import bz2
import io
import zipfile

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from made_up_files import CENTRES, LENGTHS, NAMES, S, W, same, table
from scipy.io import mmwrite, savemat

from ngnmm_core import get_connectome
from ngnmm_core.connectome import read_connectome_file


# ------------------------------------------------------------------ archives of The Virtual Brain
def tvb(changes=(), extra=(), weights=W):
    """The members of an archive as The Virtual Brain's own come: bz2, and files that are not for us."""
    members = {
        "weights.txt": table(weights, " "),
        "tract_lengths.txt": table(LENGTHS, " "),
        "centres.txt": "".join(f"{n}\t{x} {y} {z}\n" for n, (x, y, z) in zip(NAMES, CENTRES, strict=True)),
        "hemispheres.txt": "0\n1\n0\n1\n",
        "areas.txt": "1\n2\n3\n4\n",
        "average_orientations.txt": "0 0 1\n" * 4,
        "cortical.txt": "1\n1\n1\n0\n",
        "info.txt": "a note, with commas",
    }
    members |= dict(changes)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            if text is not None:
                archive.writestr(f"{name}.bz2", bz2.compress(text.encode()))
        for name, text in dict(extra).items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_an_archive_as_it_is_shipped(read):
    found = read("connectivity_4.zip", tvb(extra={"__MACOSX/._weights.txt": b"\0\1", "._centres.txt": b"\0"}))
    same(found, labels=NAMES)
    assert found.hemisphere == ["L", "R", "L", "R"]
    np.testing.assert_array_equal(found.tract_length, LENGTHS * (1 - np.eye(4)))
    np.testing.assert_array_equal(found.centres, CENTRES)


def centres_txt(names, between="\t", after=""):
    rows = zip(names, CENTRES, strict=True)
    return "".join(f"{n}{between}{between.join(map(str, place))}{after}\n" for n, place in rows)


@pytest.mark.parametrize(
    ("centres", "labels"),
    [
        (centres_txt(NAMES, " ", " 0.5 1"), NAMES),
        (centres_txt(["a,left", "a,right", "b,left", "b,right"], " "), ["a,left", "a,right", "b,left", "b,right"]),
        (centres_txt(["a, left", "a, right", "b, left", "b, right"]), ["a, left", "a, right", "b, left", "b, right"]),
        (centres_txt(["a left", "a right", "b left", "b right"], "  "), ["a left", "a right", "b left", "b right"]),
        (centres_txt(NAMES, ","), NAMES),
        (centres_txt(["V1", "V1", "M1", "M1"]), ["V1_L", "V1_R", "M1_L", "M1_R"]),
        (centres_txt(["V1", "V1", "V1", "M1"]), ["V1_L_1", "V1_R", "V1_L_2", "M1"]),
    ],
)
def test_centres_of_archives(read, centres, labels):
    found = read("b.zip", tvb({"centres.txt": centres}))
    same(found, labels=labels)
    np.testing.assert_array_equal(found.centres, CENTRES)


@pytest.mark.parametrize("lengths", ["", "\n", table(np.zeros((4, 4)), " ")])
def test_empty_tract_lengths_are_none(read, lengths):
    found = read("b.zip", tvb({"tract_lengths.txt": lengths}))
    same(found)
    assert found.tract_length is None
    assert "tract_lengths of the source is empty" in found.notes


@pytest.mark.parametrize("second", ["other/weights.txt", "weights.txt", "centers.txt", "tract_length.txt.bz2"])
def test_two_files_of_one_kind_are_refused(read, refused, second):
    content = bz2.compress(b"x") if second.endswith("bz2") else b"0 1\n1 0\n"
    refused(lambda: read("b.zip", tvb(extra={second: content})), "both", second, "one file of")


def test_an_unpacked_archive(tmp_path, refused):
    folder = tmp_path / "connectivity_4"
    with zipfile.ZipFile(io.BytesIO(tvb())) as archive:
        archive.extractall(folder)
    found = read_connectome_file(folder)
    same(found, labels=NAMES)
    assert found.hemisphere == ["L", "R", "L", "R"]
    (folder / "weights.csv").write_text("0,1\n1,0\n")
    refused(lambda: read_connectome_file(folder), "both weights.csv and weights.txt.bz2")


# ------------------------------------------------------------------ numpy and MATLAB
@pytest.mark.parametrize("kind", ["U", "S", object])
def test_labels_within_archives(read, kind):
    for name in ("labels", "region_labels", "names", "ROI_names"):
        found = read("b.npz", lambda path, name=name: np.savez(path, W, **{name: np.array(NAMES, dtype=kind)}))
        same(found, labels=NAMES)


def test_pickled_objects_are_never_loaded(read, refused, tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    def write(path):
        np.savez(path, weights=W, labels=np.array([Harm()], dtype=object))

    refused(lambda: read("b.npz", write), "labels", "pickled objects, which are not loaded")
    assert not (tmp_path / "harm").exists()


def test_labels_spelt_by_the_codes_of_their_letters(read):
    """As DSI Studio writes them: one array of numbers for all names, a line each."""
    codes = np.frombuffer(("\n".join(NAMES) + "\n").encode(), dtype=np.uint8)
    same(read("b.mat", lambda path: savemat(path, {"connectivity": W, "name": codes})), labels=NAMES)


def test_labels_of_a_pipeline(read):
    content = {"atlas_region_labels": np.array(NAMES, dtype=object), "atlas_sift_connectivity": W, "atlas_count": S}
    found = read("b.mat", lambda path: savemat(path, content), variable="atlas_sift_connectivity")
    same(found, labels=NAMES)
    content = {"SC": W, "names": np.array(NAMES), "coords": np.array(CENTRES).T}
    same(read("c.mat", lambda path: savemat(path, content)), labels=NAMES)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia"])
def test_sparse_matrices(read, form):
    matrix = scipy.sparse.coo_array(W).asformat(form)
    same(read("b.npz", lambda path: scipy.sparse.save_npz(path, matrix)))
    if form in ("csc", "coo"):
        same(read("b.mat", lambda path: savemat(path, {"SC": scipy.sparse.csc_matrix(W), "labels": NAMES})))
        same(read("b.mtx", lambda path: mmwrite(path, matrix)))


def test_a_sparse_matrix_that_points_beyond_itself(read, refused):
    parts = {"format": b"csr", "shape": (4, 4), "data": np.ones(4), "indptr": np.arange(5)}
    refused(
        lambda: read("b.npz", lambda path: np.savez(path, indices=np.array([0, 1, 2, 10**6]), **parts)),
        "not a sparse matrix",
    )


def test_frames(refused):
    found = get_connectome(pd.DataFrame(W, NAMES, NAMES))
    np.testing.assert_array_equal(found.weights, W)
    assert list(found.region.values) == NAMES
    order = [1, 3, 0, 2]
    turned = pd.DataFrame(W, NAMES, NAMES).iloc[:, order]
    np.testing.assert_array_equal(get_connectome(turned).weights, W)
    np.testing.assert_array_equal(get_connectome(pd.DataFrame(W)).weights, W)
    assert list(get_connectome(pd.DataFrame(W, columns=NAMES)).region.values) == NAMES
    refused(lambda: get_connectome(pd.DataFrame(W, NAMES, list("abcd"))), "row 1 is 'Insula_L' but column 1 is 'a'")
    refused(lambda: get_connectome(pd.DataFrame(W).astype(str).replace("0.0", "x")), "not numbers")


def test_masked_values_are_refused(refused):
    refused(lambda: get_connectome(np.ma.masked_equal(W, 1.5)), "masked")
