"""Names and sides of regions are taken from the files that people have."""

import gzip

import numpy as np
import pytest
from made_up_files import CENTRES, NAMES, W, same, table

from ngnmm_core.connectome import infer_hemisphere

# ------------------------------------------------------------------ files of labels
WORDS = ["Left Thalamus", "Right Thalamus", "Brain Stem", "Vermis"]
LONG = ["ctx-lh-insula", "ctx-rh-insula", "Left-Thalamus-Proper", "Right-Thalamus-Proper"]
FREESURFER = "#No. Label Name: R G B A\n\n0 Unknown 0 0 0 0\n" + "".join(
    f"{k}   {n}   {10 * k} 18 {k} 0\n" for k, n in zip((1035, 2035, 10, 49), LONG, strict=True)
)
MRTRIX = "# index short name R G B A\n0 ??? Unknown 0 0 0 0\n" + "".join(
    f"{k} X{k} {n} {10 * k} 18 {k} 255\n" for k, n in enumerate(LONG, start=1)
)


@pytest.mark.parametrize(
    ("name", "text", "labels", "centres"),
    [
        ("l.txt", "".join(f"{n}\t{x} {y} {z}\n" for n, (x, y, z) in zip(NAMES, CENTRES, strict=True)), NAMES, CENTRES),
        ("l.txt", "".join(f"{n} {x} {y} {z}\n" for n, (x, y, z) in zip(NAMES, CENTRES, strict=True)), NAMES, CENTRES),
        ("l.txt", FREESURFER, LONG, None),
        ("l.txt", MRTRIX, LONG, None),
        ("l.txt", "".join(f"X{k} {n} {2000 + k}\n" for k, n in enumerate(NAMES)), NAMES, None),
        ("l.txt", "".join(f"{k} {n}\n" for k, n in enumerate(NAMES, start=1)), NAMES, None),
        ("l.txt", "".join(f'{k} 255 {k} 0 1 1 1 "{n}"\n' for k, n in enumerate(NAMES, start=1)), NAMES, None),
        (
            "l.csv",
            "ROI Label,ROI Name,R,A,S\n"
            + "".join(f"{k},{n},{x},{y},{z}\n" for k, (n, (x, y, z)) in enumerate(zip(NAMES, CENTRES, strict=True))),
            NAMES,
            CENTRES,
        ),
        ("l.csv", "".join(f"{k},{n}\n" for k, n in enumerate(NAMES, start=1)), NAMES, None),
        ("l.tsv", "index\tname\n" + "".join(f"{k}\t{n}\n" for k, n in enumerate(NAMES, start=1)), NAMES, None),
        ("l.txt", "\n".join(WORDS), WORDS, None),
        ("l.txt", "Area 1\nArea 2\nArea 3\nArea 4\n", ["Area 1", "Area 2", "Area 3", "Area 4"], None),
    ],
    ids=range(12),
)  # fmt: skip
def test_the_names_are_taken_from_tables(read, tmp_path, name, text, labels, centres):
    (tmp_path / name).write_text(text)
    found = read("b.csv", table(), labels=tmp_path / name)
    same(found, labels=labels)
    if centres is None:
        assert found.centres is None
    else:
        np.testing.assert_array_equal(found.centres, centres)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b c\nd e f\ng h i\nj k 1\n", ["several columns", "one label per line"]),
        ("a,L,1\nb,R,2\nc,L,3\nd,R,4\n", ["without a column `label`"]),
        ("", ["the file is empty"]),
    ],
)
def test_tables_of_labels_that_say_nothing_of_names(read, tmp_path, refused, text, words):
    (tmp_path / "l.csv").write_text(text)
    refused(lambda: read("b.csv", table(), labels=tmp_path / "l.csv"), "connectome.labels", "l.csv", *words)


def test_a_file_of_labels_in_another_order_than_the_header(read, tmp_path, refused):
    order = [2, 3, 1, 0]
    rows = "".join(f"{NAMES[k]},{CENTRES[k][0]},{CENTRES[k][1]},{CENTRES[k][2]}\n" for k in order)
    (tmp_path / "l.csv").write_text("name,x,y,z\n" + rows)
    found = read("b.csv", table(header=NAMES), labels=tmp_path / "l.csv")
    same(found, labels=NAMES)
    np.testing.assert_array_equal(found.centres, CENTRES)
    assert any("brought into the order of the matrix" in note for note in found.notes)
    (tmp_path / "l.csv").write_text("Insula_R\nInsula_L\nother\nanother\n")
    refused(lambda: read("b.csv", table(header=NAMES), labels=tmp_path / "l.csv"), "'Insula_R' is region 2", "line 1")
    (tmp_path / "l.csv").write_text("a\nb\nc\nd\n")
    same(read("b.csv", table(header=NAMES), labels=tmp_path / "l.csv"), labels="abcd")


def test_numbers_of_regions_are_looked_up(read, tmp_path):
    (tmp_path / "lut.txt").write_text(FREESURFER)
    ids = [49, 10, 1035, 2035]
    found = read("b.csv", table(header=ids, index=ids, corner="id"), labels=tmp_path / "lut.txt")
    same(found, labels=[LONG[3], LONG[2], LONG[0], LONG[1]])
    assert found.hemisphere == ["R", "L", "L", "R"]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_node_table_of_a_bids_matrix(read, tmp_path, suffix, refused):
    text = table(sep="\t").encode()
    nodes = "index\tname\themisphere\n" + "".join(f"{k}\t{n}\t{n[-1]}\n" for k, n in enumerate(NAMES, start=1))
    (tmp_path / "sub-1_atlas-X_nodes.tsv").write_text(nodes)
    content = gzip.compress(text) if suffix else text
    same(read(f"sub-1_atlas-X_relmat.tsv{suffix}", content), labels=NAMES)
    (tmp_path / "sub-1_atlas-X_nodes.tsv").rename(tmp_path / "atlas.tsv")
    (tmp_path / "sub-1_atlas-X_relmat.json").write_text('{"NodeFiles": ["bids::atlas.tsv"]}')
    same(read(f"sub-1_atlas-X_relmat.tsv{suffix}", content), labels=NAMES)
    shuffled = "matrix_index\tname\n3\tCuneus_R\n0\tInsula_L\n2\tCuneus_L\n1\tInsula_R\n"
    (tmp_path / "atlas.tsv").write_text(shuffled)
    same(read(f"sub-1_atlas-X_relmat.tsv{suffix}", content), labels=NAMES)
    (tmp_path / "sub-1_atlas-X_relmat.json").write_text('{"NodeFiles": "bids::no.tsv"}')
    refused(lambda: read(f"sub-1_atlas-X_relmat.tsv{suffix}", content), "NodeFiles", "no.tsv", "no such file")


# ------------------------------------------------------------------ hemispheres
@pytest.mark.parametrize(
    ("names", "sides"),
    [
        (["Lthal", "Rthal", "Lput", "Rput"], "LRLR"),
        (["r_x", "l_x", "r_y", "l_y"], "RLRL"),
        (["x_l", "x_r"], "LR"),
        (["SFG_L_7_1", "SFG_R_7_1", "MFG_L_7_2"], "LRL"),
        (["Insula (L)", "Insula (R)"], "LR"),
        (["rA1", "lA1", "rA2", "lA2"], "RLRL"),
        (["LeftThalamus", "RightThalamus"], "LR"),
        (["ThalamusLeft", "ThalamusRight"], "LR"),
        (["lhInsula", "rhInsula"], "LR"),
        (["lh.L_V1_ROI", "rh.R_V1_ROI"], "LR"),
        (["L_V1_ROI", "R_V1_ROI"], "LR"),
        (["ctx_lh_G_and_S", "ctx_rh_G_and_S", "Left-Putamen", "Right-Putamen", "Brain-Stem"], ["L", "R", "L", "R", ""]),
        (["Thal_VL_L", "Thal_VL_R"], "LR"),
        (["Lingual", "Rectus", "Lobule", "Rolandic"], None),
    ],
)
def test_sides_from_names(names, sides):
    assert infer_hemisphere(names) == (None if sides is None else list(sides))


def test_sides_that_are_not_known_are_refused(read, refused):
    def write(path):
        np.savez(path, weights=W, hemisphere=[1, 2, 1, 2])

    refused(lambda: read("b.npz", write), "hemisphere '2'", "0 (left) and 1 (right)")
