"""Damaged, encrypted and hugely compressed files, and headers that claim anything, end in one line, quickly."""

import bz2
import gzip
import io
import json
import pickle
import struct
import time
import tracemalloc
import warnings
import zipfile
import zlib

import netCDF4
import numpy as np
import pytest
from scipy.io import savemat

from ngnmm_core.connectome import (
    ConnectomeSpec,
    ConnectomeWarning,
    contents,
    hdf5_formats,
    read_connectome_file,
    source_identity,
)
from ngnmm_core.connectome.contents import MOST_REGIONS
from ngnmm_core.errors import InputError

W = np.array([[0.0, 2.0, 1.0], [0.5, 0.0, 0.125], [0.25, 3.0, 0.0]])
MOST_SECONDS, MOST_MB = 5.0, 200.0


@pytest.fixture
def ends(tmp_path, refused):
    """Reads bytes as a file: refused in one line, quickly and in little memory."""

    def check(name, content, *words, **options):
        path = tmp_path / name
        path.write_bytes(content)
        tracemalloc.start()
        start = time.process_time()
        try:
            refused(lambda: read_connectome_file(path, **options), name, *words)
            assert time.process_time() - start < MOST_SECONDS
            assert tracemalloc.get_traced_memory()[1] / 1e6 < MOST_MB
        finally:
            tracemalloc.stop()

    return check


def numpy_header(shape, dtype="<f8"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + bytes(64)


def packed(members, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, **options)
    return buffer.getvalue()


ZEROS = bytes(3_000_000)


def test_headers_that_claim_terabytes(ends):
    ends("b.npy", numpy_header((10**6, 10**6)), "header claims 8e+12 bytes")
    ends("b.npy", numpy_header((MOST_REGIONS + 1,) * 2), "header claims")
    ends("b.npz", packed({"weights.npy": numpy_header((10**6, 10**6))}), "header claims")
    ends("b.dat", b"100000\n0 1 2\n", "100000 regions")
    ends("b.dat", b"20000\n0 1 2\n", "20000 regions", "allowed: 2 to 1000 with 1 lines")
    ends("b.dat", b"9" * 5000 + b"\n0 1 2\n", "is not a whole number")
    ends("b.mtx", b"%%MatrixMarket matrix coordinate real general\n900000 900000 1\n1 2 1.5\n", "900000 regions")
    ends("b.mtx", b"%%MatrixMarket matrix coordinate real general\n19000 19000 1\n1 2 1.5\n", "claimed by")
    sparse = {"format": b"csr", "shape": (10**6, 10**6), "data": [1.0], "indices": [0], "indptr": [0, 1]}
    buffer = io.BytesIO()
    np.savez(buffer, **sparse)
    ends("b.npz", buffer.getvalue(), "1000000 regions")


def test_hdf5_that_claims_terabytes(tmp_path, ends):
    path = tmp_path / "made.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 2_000_000)
        file.createVariable("weights", "f8", ("n", "n"), chunksizes=(1000, 1000), zlib=True)
    ends("b.h5", path.read_bytes(), "2000000 regions")
    ends("b.h5", path.read_bytes()[:3000], "not an HDF5 file that can be read")


def test_mat_that_claims_terabytes(tmp_path, ends):
    path = tmp_path / "made.mat"
    savemat(path, {"SC": W})
    content = path.read_bytes()
    place = content.index(struct.pack("<ii", 3, 3))
    ends("b.mat", content[:place] + struct.pack("<ii", 10**6, 10**6) + content[place + 8 :], "1000000 regions")
    ends("b.mat", content[:-40], "can't be read", "whole file")
    ends("b.mat", content[:150], "not a MATLAB file")


def test_archives_that_unpack_to_much_more(tmp_path, ends, monkeypatch):
    monkeypatch.setattr(contents, "SMALL_BYTES", 1_000_000)
    ends("b.zip", packed({"weights.txt": ZEROS}), "weights.txt unpacks to 3 MB", "at most 1 MB")
    ends("b.zip", packed({"weights.txt.bz2": bz2.compress(ZEROS)}), "bz2 that unpacks to more than 1 MB")
    ends("b.npz", packed({"weights.npy": ZEROS}), "weights.npy unpacks to 3 MB")
    ends("b.csv.gz", gzip.compress(ZEROS), "gzip that unpacks to more than 1 MB")
    ends("b.csv.gz", gzip.compress(gzip.compress(ZEROS)), "gzip that unpacks to more than 1 MB")
    ends("b.csv.bz2", bz2.compress(ZEROS), "bz2 that unpacks to more than 1 MB")
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    body = zlib.compress(struct.pack("<II", 14, len(ZEROS)) + ZEROS)
    ends("b.mat", head + struct.pack("<II", 15, len(body)) + body, "unpacks to more than 1 MB")


def test_encrypted_and_damaged_archives(ends):
    whole = packed({"weights.txt": "0 1\n1 0\n", "centres.txt": "a 1 2 3\nb 1 2 3\n"})
    locked = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = locked.find(mark)
        while place >= 0:
            locked[place + offset] |= 1
            place = locked.find(mark, place + 4)
    ends("b.zip", bytes(locked), "is encrypted", "without a password")
    ends("b.zip", whole[:-30], "not a zip archive")
    flipped = bytearray(whole)
    flipped[45] ^= 0xFF
    ends("b.zip", bytes(flipped), "weights.txt can't be unpacked")
    strange = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = strange.find(mark)
        while place >= 0:
            strange[place + offset] = 99  # a method of compression that there is not
            place = strange.find(mark, place + 4)
    ends("b.zip", bytes(strange), "can't be unpacked")
    ends("b.csv.gz", gzip.compress(b"0,1\n1,0\n", mtime=0)[:-6], "gzip that is damaged or cut off")
    ends("b.csv.bz2", bz2.compress(b"0,1\n1,0\n")[:-6], "bz2 that is damaged or cut off")
    ends("b.npz", packed({"weights.npy": b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16}), "not a numpy array")


def complaint(path):
    """What is said of a file that is refused; empty for one that is read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read_connectome_file(path)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("seed", range(40))
def test_flipped_and_cut_files_are_read_or_refused_in_one_line(tmp_path, seed):
    """A hundred and more damaged files of every binary kind: none ends in another error than ours."""
    rng = np.random.default_rng(seed)
    np.savez(tmp_path / "b.npz", weights=W, labels=["a", "b", "c"])
    np.savez_compressed(tmp_path / "c.npz", weights=W)
    content = {"SC": W, "labels": np.array(["a", "b", "c"], dtype=object)}
    savemat(tmp_path / "b.mat", content, do_compression=bool(seed % 2))
    (tmp_path / "b.zip").write_bytes(packed({"weights.txt": "0 1\n1 0\n", "hemispheres.txt": "0\n1\n"}))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"a,b\n0,1\n1,0\n", mtime=0))
    for path in sorted(tmp_path.iterdir()):
        content = bytearray(path.read_bytes())
        for _ in range(3):
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(content[: rng.integers(1, len(content) + 1)] if rng.random() < 0.3 else content)
        line = complaint(path)
        assert "\n" not in line
        assert not line or "allowed: " in line


@pytest.mark.parametrize(
    ("name", "content", "seems"),
    [
        ("b.xlsx", packed({"xl/workbook.xml": "x"}), "an Excel workbook"),
        ("b.csv", packed({"xl/workbook.xml": "x"}), "an Excel workbook"),
        ("b.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an old Excel or Word file"),
        ("b.ods", packed({"mimetype": "x", "content.xml": "x"}), "an OpenDocument"),
        ("b.pdf", b"%PDF-1.7\n", "a PDF document"),
        ("b.png", b"\x89PNG\r\n", "a PNG image"),
        ("b.rds", gzip.compress(b"X\n\x00\x00\x00\x03", mtime=0), "an R object"),
        ("b.RData", gzip.compress(b"RDX3\nX\n", mtime=0), "an R workspace"),
        ("b.pkl", pickle.dumps([[0, 1], [1, 0]]), "a Python pickle"),
        ("b.nii", bytes(344) + b"n+1\0" + bytes(99), "an image (NIfTI"),
        ("b.tck", b"mrtrix tracks\ncount: 3\n", "a tractogram"),
        ("b.json", b"[[0, 1], [1, 0]]", "a JSON file"),
        ("b.csv", b"<!DOCTYPE html><html>", "a web page"),
        ("b.csv", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        ("b.gml", b"graph [\n  directed 1\n", "a GML graph"),
        ("b.tar", bytes(257) + b"ustar" + bytes(200), "a tar archive"),
        ("b.npy", b"0,1\n1,0\n", "text"),
        ("b.mat", b"0 1\n1 0\n", "text"),
        ("b.bin", bytes(range(256)), "a binary file"),
        ("b.csv", b"\xff\xfe\x00", "not UTF-8"),
        ("b.csv", b'0,"1\n1,0\n', "allowed: "),
        ("b.csv", b'a,b\n"' + b"1," * 100_000, "allowed: "),
    ],
)
def test_what_is_refused_is_named_for_what_it_seems_to_be(ends, name, content, seems):
    ends(name, content, seems)


def test_graphs_that_expand_without_end(ends):
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa">]><graphml>&a;</graphml>'
    ends("b.graphml", bomb, "declares a document type")
    ends("b.graphml", b"<graphml><graph><node", "not GraphML that can be read")


# ------------------------------------------------------------------ HDF5
def write_hdf5(path, variables, matlab=False):
    """Arrays in HDF5, by netCDF4; as MATLAB writes them if asked: axes in reverse, after a block of its own."""
    with netCDF4.Dataset(path, "w") as file:
        for name, values in variables.items():
            array = np.asarray(values)
            if matlab and array.dtype.kind in "US":
                width = max(map(len, array))
                array = np.array([[ord(c) for c in text.ljust(width)] for text in array], dtype=np.uint16)
            array = array.T if matlab else array
            dims = [f"{name}_{k}" for k in range(array.ndim)]
            for dim, size in zip(dims, array.shape, strict=True):
                file.createDimension(dim, size)
            kind = str if array.dtype.kind == "U" else array.dtype
            variable = file.createVariable(name, kind, dims)
            variable[...] = array.astype(object) if kind is str else array
            if matlab:
                variable.MATLAB_class = "char" if np.asarray(values).dtype.kind == "U" else "double"
    if matlab:
        head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(116) + bytes(8) + b"\x00\x02IM"
        path.write_bytes(head.ljust(512, b"\0") + path.read_bytes())


EVERYTHING = {
    "weights": W,
    "tract_lengths": 10 * (W + np.eye(3)),
    "region_labels": ["a_L", "b_R", "c_L"],
    "hemispheres": np.array([0, 1, 0], dtype="i1"),
    "centres": np.arange(9.0).reshape(3, 3),
}


@pytest.mark.parametrize("matlab", [False, True])
def test_hdf5_of_the_virtual_brain_and_of_matlab(tmp_path, matlab):
    path = tmp_path / ("b.mat" if matlab else "b.h5")
    write_hdf5(path, EVERYTHING, matlab)
    found = read_connectome_file(path)
    np.testing.assert_array_equal(found.weights, W)
    np.testing.assert_array_equal(found.tract_length, 10 * W)
    np.testing.assert_array_equal(found.centres, EVERYTHING["centres"])
    assert found.labels == EVERYTHING["region_labels"]
    assert found.hemisphere == ["L", "R", "L"]


def test_sparse_matrices_of_matlab_7_3(tmp_path):
    path = tmp_path / "b.mat"
    with netCDF4.Dataset(path, "w") as file:
        group = file.createGroup("SC")
        group.MATLAB_sparse = np.uint64(3)
        by_column = np.argwhere(W.T)  # (column, row)
        parts = {
            "data": [W[i, j] for j, i in by_column],
            "ir": by_column[:, 1].astype("u8"),
            "jc": np.array([0, 2, 4, 6], dtype="u8"),
        }
        for name, values in parts.items():
            group.createDimension(name, len(values))
            group.createVariable(name, np.asarray(values).dtype, (name,))[:] = values
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + path.read_bytes())
    np.testing.assert_array_equal(read_connectome_file(path).weights, W)


def test_cells_of_matlab_7_3_are_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5_formats, "REFERENCES", "refs")  # netCDF can read, not write, what MATLAB calls it
    path = tmp_path / "b.mat"
    with netCDF4.Dataset(tmp_path / "c.nc", "w") as file:
        file.createGroup("refs")
        file.createDimension("n", 3)
        file.createVariable("SC", "f8", ("n", "n"))[...] = W.T
    content = (tmp_path / "c.nc").read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + content)
    with pytest.warns(ConnectomeWarning, match="cells, which may hold labels"):
        found = read_connectome_file(path)
    np.testing.assert_array_equal(found.weights, W)


# ------------------------------------------------------------------ identity of files and folders
def test_the_identity_follows_everything_that_is_read(tmp_path):
    path, lengths = tmp_path / "b_relmat.tsv", tmp_path / "l.csv"
    path.write_text("0\t1\n2\t0\n")
    lengths.write_text("0,5\n5,0\n")
    seen = [source_identity(ConnectomeSpec(path=str(path)))]
    seen.append(source_identity(ConnectomeSpec(path=str(path), directed=True)))
    seen.append(source_identity(ConnectomeSpec(path=str(path), lengths=str(lengths))))
    lengths.write_text("0,6\n6,0\n")
    seen.append(source_identity(ConnectomeSpec(path=str(path), lengths=str(lengths))))
    (tmp_path / "nodes.tsv").write_text("name\na\nb\n")
    (tmp_path / "b_relmat.json").write_text(json.dumps({"NodeFiles": "nodes.tsv"}))
    seen.append(source_identity(ConnectomeSpec(path=str(path))))
    (tmp_path / "nodes.tsv").write_text("name\na\nc\n")
    seen.append(source_identity(ConnectomeSpec(path=str(path))))
    assert len(set(seen)) == len(seen)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "weights.txt").write_text("0 1\n1 0\n")
    first = source_identity(ConnectomeSpec(path=str(folder)))
    (folder / "readme.md").write_text("nothing that is read")
    assert source_identity(ConnectomeSpec(path=str(folder))) == first
    (folder / "hemispheres.txt").write_text("0\n1\n")
    assert source_identity(ConnectomeSpec(path=str(folder))) != first


def test_a_line_of_millions_of_cells_is_not_taken_to_pieces(ends):
    for mark in ",;\t":
        ends("wide.csv", ("0" + f"{mark}1" * 3_000_000 + "\n").encode(), "regions; allowed: at most 20000")


def test_digits_of_other_scripts_are_no_numbers(ends):
    ends("digits.csv", "0,\u0663,2\n3,0,4\n5,6,0\n".encode(), "row 1, column 2", "is not a number")


@pytest.mark.parametrize("letter", ["\x1b[2J", "\x07", "\u2028", "\x85"])
def test_names_that_would_act_on_a_terminal(ends, letter):
    names = ["a", f"b{letter}c", "d"]
    rows = "\n".join(f"{name},{k},{k + 1},{k + 2}" for k, name in enumerate(names))
    ends("names.csv", f",{','.join(names)}\n{rows}\n".encode(), "label 2 is ", "without control characters")


def test_weights_of_graphml_that_only_python_reads(ends):
    text = """<graphml><key id="w" for="edge" attr.name="weight" attr.type="string"/><graph edgedefault="directed">
    <node id="a"/><node id="b"/><edge source="a" target="b"><data key="w">1_000</data></edge></graph></graphml>"""
    ends("g.graphml", text.encode(), "'1_000' is not a number")
