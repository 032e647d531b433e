"""Recordings from files: formats, regions by label, and everything that is refused or dropped."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from made_up_recordings import LABELS, mixed
from scipy.io import savemat

from ngnmm_core.recordings import Empirical, find_targets, load_recordings
from ngnmm_core.recordings.bids import series_files
from ngnmm_core.recordings.files import read_recording
from ngnmm_core.recordings.recordings import checked

SERIES = mixed()


def table(path, series=SERIES, labels=LABELS, mark=","):
    rows = [mark.join(labels), *(mark.join(f"{v:.17g}" for v in row) for row in series.T)]
    path.write_text("\n".join(rows) + "\n")
    return path


def read(path, **keys):
    return load_recordings(Empirical(path=str(path), tr_s=2.0, **keys))


def test_tables_and_archives_hold_the_same(tmp_path):
    table(tmp_path / "one.csv")
    table(tmp_path / "one.tsv", mark="\t")
    np.savez(tmp_path / "one.npz", bold=SERIES.T, labels=LABELS, tr_s=2.0)
    savemat(tmp_path / "one.mat", {"tc": SERIES.T, "labels": np.array(LABELS, dtype=object)})
    for ending in ("csv", "tsv", "npz", "mat"):
        found = read(tmp_path / f"one.{ending}")
        assert (found.labels, found.subjects, found.tr_s) == (LABELS, ("one",), 2.0)
        assert (found.runs[0][0] == SERIES).all(), ending


def test_subjects_in_files_of_their_own_are_put_together_by_label(tmp_path):
    table(tmp_path / "sub-01_bold.csv")
    table(tmp_path / "sub-02_bold.csv", SERIES[::-1], LABELS[::-1])
    found = read(tmp_path / "sub-*.csv")
    assert found.subjects == ("sub-01", "sub-02")
    assert (found.runs[0][0] == found.runs[1][0]).all()


def test_several_subjects_in_one_archive(tmp_path):
    both = np.stack([SERIES.T, mixed(seed=4).T])
    np.savez(tmp_path / "all.npz", bold=both, labels=LABELS, subjects=["x", "y"])
    found = read(tmp_path / "all.npz")
    assert found.subjects == ("x", "y")
    assert (found.runs[1][0] == both[1].T).all()


def test_rows_that_are_regions(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "\n".join(",".join([n, *map(repr, map(float, row))]) for n, row in zip(LABELS, SERIES, strict=True))
    )
    assert (read(path, transpose=True).runs[0][0] == SERIES).all()


def test_regions_are_found_by_label_in_the_order_of_the_connectome(tmp_path, refused):
    table(tmp_path / "one.csv")
    settings = Empirical(path=str(tmp_path / "one.csv"), tr_s=2.0)
    found = load_recordings(settings, labels=["d", "a"])
    assert (found.runs[0][0] == SERIES[[3, 0]]).all()
    assert "3 recorded regions" in found.notes[-1]
    refused(lambda: load_recordings(settings, labels=["a", "f"]), "empirical.path", "no region 'f'", "allowed")


def test_connectivity_of_a_group_alone(tmp_path, refused):
    fc = np.corrcoef(SERIES)
    rows = [
        ",".join(["", *LABELS]),
        *(",".join([n, *map(repr, map(float, r))]) for n, r in zip(LABELS, fc, strict=True)),
    ]
    (tmp_path / "fc.csv").write_text("\n".join(rows))
    np.savez(tmp_path / "fc.npz", fc=fc, labels=LABELS)
    for name in ("fc.csv", "fc.npz"):
        found = read(tmp_path / name)
        assert found.subjects == ()
        np.testing.assert_allclose(found.group_fc, fc, atol=1e-15)
        target = find_targets(found)
        assert np.isnan(target.gsr_fc).all()
        assert np.isnan(target.fcd).all()
    fc[0, 1] = 0.0
    np.savez(tmp_path / "fc.npz", fc=fc, labels=LABELS)
    refused(lambda: read(tmp_path / "fc.npz"), "'a' and 'b'", "mirror image", "allowed: a symmetric matrix")
    np.savez(tmp_path / "fc.npz", fc=np.ones((5, 5)), labels=LABELS)
    refused(lambda: read(tmp_path / "fc.npz"), "is not below 1")


@pytest.mark.parametrize(
    ("turned", "words"),
    [
        pytest.param(lambda fc: 0.5 * fc, ("'a' with itself is 0.5", "covariance"), id="covariance"),
        pytest.param(lambda fc: np.arctanh(0.5 * (fc - np.eye(5)) + np.eye(5)), ("is inf", "Fisher's z"), id="Fisher"),
        pytest.param(lambda fc: fc - np.diag([0, 1, 0, 0, 0]), ("'b' with itself is 0",), id="some are missing"),
        pytest.param(lambda fc: fc - np.eye(5), (), id="zeros"),
        pytest.param(lambda fc: np.where(np.eye(5) > 0, np.nan, fc), (), id="nothing"),
        pytest.param(lambda fc: fc.round(4), (), id="rounded"),
    ],
)
def test_an_fc_is_told_from_covariances_by_its_diagonal(tmp_path, refused, turned, words):
    fc = np.corrcoef(np.random.default_rng(4).normal(size=(5, 40)))
    with np.errstate(divide="ignore"):
        np.savez(tmp_path / "fc.npz", fc=turned(fc), labels=LABELS)
    if words:
        refused(lambda: read(tmp_path / "fc.npz"), *words, "allowed: correlations")
    else:
        np.testing.assert_allclose(read(tmp_path / "fc.npz").group_fc, fc, atol=1e-4)


def test_bids_derivatives(tmp_path, refused):
    for sub in ("01", "02"):
        for run in ("1", "2"):
            folder = tmp_path / f"sub-{sub}" / "func"
            folder.mkdir(parents=True, exist_ok=True)
            stem = f"sub-{sub}_task-rest_run-{run}_space-MNI_atlas-Tiny_timeseries"
            table(folder / f"{stem}.tsv", mixed(seed=int(sub + run)), mark="\t")
            (folder / f"{stem}.json").write_text(json.dumps({"RepetitionTime": 2.0, "StartTime": 1.0}))
            (folder / f"sub-{sub}_task-rest_run-{run}_desc-confounds_timeseries.tsv").write_text("x\n1\n")
    found = load_recordings(Empirical(path=str(tmp_path)))
    assert found.subjects == ("sub-01", "sub-02")
    assert [len(runs) for runs in found.runs] == [2, 2]
    assert found.tr_s == 2.0
    assert any("1 s after the start of their TR" in note for note in found.notes)
    assert find_targets(found).fc.shape == (2, 10)
    table(folder / "sub-02_task-rest_atlas-Other_timeseries.tsv", mark="\t")
    refused(lambda: series_files(tmp_path), "Other, Tiny", "a pattern")
    refused(lambda: series_files(tmp_path / "sub-01" / "anat"), "no parcellated series")


def test_metadata_of_bids_are_inherited(tmp_path, refused):
    """From the bold beside it, however it was processed, or from above; never from another task."""
    folder = tmp_path / "sub-01" / "func"
    folder.mkdir(parents=True)
    series = table(folder / "sub-01_task-rest_run-1_space-MNI_seg-Tiny_stat-mean_timeseries.tsv", mark="\t")
    tr_of = lambda: load_recordings(Empirical(path=str(tmp_path))).tr_s
    write = lambda path, tr: path.write_text(json.dumps({"RepetitionTime": tr}))
    write(tmp_path / "task-motor_bold.json", 9.0)
    refused(tr_of, "no sampling interval")
    write(tmp_path / "task-rest_bold.json", 3.0)
    assert tr_of() == 3.0
    write(folder / "sub-01_task-rest_run-2_bold.json", 8.0)
    assert tr_of() == 3.0
    write(folder / "sub-01_task-rest_run-1_space-other_desc-preproc_bold.json", 2.5)
    assert tr_of() == 2.5
    write(series.with_suffix(".json"), 2.0)
    assert tr_of() == 2.0


def test_parcellated_cifti_series(tmp_path):
    import nibabel

    axes = nibabel.cifti2
    voxels = axes.BrainModelAxis.from_mask(np.ones((5, 1, 1), bool), affine=np.eye(4))
    parcels = axes.ParcelsAxis.from_brain_models([(name, voxels[k : k + 1]) for k, name in enumerate(LABELS)])
    image = nibabel.Cifti2Image(SERIES.T.astype(np.float32), (axes.SeriesAxis(0, 0.72, 120), parcels))
    nibabel.save(image, tmp_path / "sub-7_bold.ptseries.nii")
    found = load_recordings(Empirical(path=str(tmp_path / "sub-7_bold.ptseries.nii")))
    assert (found.labels, found.subjects, found.tr_s) == (LABELS, ("sub-7",), pytest.approx(0.72))
    np.testing.assert_allclose(found.runs[0][0], SERIES, rtol=1e-6)


def test_parcellated_cifti_without_its_reader(tmp_path, refused, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    (tmp_path / "a.ptseries.nii").write_bytes(b"x")
    refused(lambda: read(tmp_path / "a.ptseries.nii"), "a.ptseries.nii", "nibabel", "allowed")


def test_censored_volumes_are_dropped_and_counted(tmp_path):
    censored = SERIES.copy()
    censored[:, [5, 6, 40]] = 0.0
    found = read(table(tmp_path / "one.csv", censored))
    assert found.runs[0][0].shape == (5, 117)
    assert (found.runs[0][0] == np.delete(SERIES, [5, 6, 40], axis=1)).all()
    assert "one: 3 volumes" in found.notes[0]


def test_discarded_start(tmp_path):
    table(tmp_path / "one.csv")
    assert (read(tmp_path / "one.csv", discard_s=20.0).runs[0][0] == SERIES[:, 10:]).all()


def with_region(values, row=2):
    series = SERIES.copy()
    series[row] = values
    return series


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (with_region(0.25), ("region 'c' is constant",)),
        (with_region(np.nan), ("region 'c' has values that are not finite (120 of 120 volumes, 1 of 5 regions)",)),
        (SERIES[:, :59], ("59 volumes", "at least 60")),
        (SERIES[:, :4], ("5 regions and 4 volumes", "wrong axis")),
    ],
)
def test_series_that_are_refused(tmp_path, refused, series, words):
    refused(lambda: read(table(tmp_path / "one.csv", series)), "empirical.path", "one", "allowed", *words)


def test_files_that_are_refused(tmp_path, refused):
    unlabelled = tmp_path / "plain.csv"
    unlabelled.write_text("\n".join(",".join(map(repr, map(float, row))) for row in SERIES.T))
    refused(lambda: read(unlabelled), "no region labels", "empirical.labels")
    (tmp_path / "names.txt").write_text("\n".join(LABELS))
    assert (read(unlabelled, labels=str(tmp_path / "names.txt")).runs[0][0] == SERIES).all()
    refused(lambda: read(table(tmp_path / "x.csv", labels=("a", "b", "a", "d", "e"))), "label 'a' occurs twice")
    path = table(tmp_path / "y.csv")
    refused(lambda: load_recordings(Empirical(path=str(path))), "no sampling interval", "empirical.tr_s")
    refused(lambda: read(tmp_path / "none-*.csv"), "no such file")
    (tmp_path / "z.doc").write_text("x")
    refused(lambda: read(tmp_path / "z.doc"), "unknown format '.doc'")
    path.write_text(path.read_text().replace("a,b", "a,b").rstrip() + "\n1,2,3,4,six\n")
    refused(lambda: read(path), "'six'", "allowed: a number")
    np.savez(tmp_path / "v.npz", other=SERIES.T, labels=LABELS)
    refused(lambda: read(tmp_path / "v.npz"), "no variable bold or fc", "empirical.variable: one of labels, other")
    shifted = tmp_path / "w.csv"
    shifted.write_text("\n".join(["z,a,b,c,d,e", *(",".join(map(repr, map(float, row))) for row in SERIES.T)]))
    refused(lambda: read(shifted), "6 labels over rows of 5 cells")
    rows = [f"{label}," + ",".join(map(repr, map(float, row))) for label, row in zip(LABELS, SERIES, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    refused(lambda: read(tmp_path / "rows.csv"), "names in the first column", "empirical.transpose")
    assert (read(tmp_path / "v.npz", variable="other").runs[0][0] == SERIES).all()


def test_subjects_with_other_sampling_intervals_are_refused(tmp_path, refused):
    for name, tr in (("a", 2.0), ("b", 1.0)):
        np.savez(tmp_path / f"{name}.npz", bold=SERIES.T, labels=LABELS, tr_s=tr)
    refused(lambda: load_recordings(Empirical(path=str(tmp_path / "*.npz"))), "b.npz", "TR of 1.0 s", "the same")


def test_band_and_windows_that_do_not_fit(recordings, refused):
    refused(lambda: find_targets(recordings, band_hz=(0.01, 0.3)), "empirical.band_hz", "0.25 Hz")
    refused(lambda: find_targets(recordings, fcd_s=(1.0, 1.0)), "fcd.window_s", "no longer than a TR")
    refused(lambda: find_targets(recordings, fcd_s=(239.0, 10.0)), "fewer than three windows")


def test_connectome_without_recordings(refused):
    connectome = {"region": SimpleNamespace(values=np.array(LABELS))}

    class Bare(dict):
        attrs = {"name": "bare"}  # noqa: RUF012

    refused(lambda: load_recordings(Empirical(source="connectome"), Bare(connectome)), "'bare' has no recordings")


def test_settings_say_where_recordings_are(refused):
    for keys in ({}, {"source": "connectome", "path": "x.csv"}, {"source": "connectome", "tr_s": 1.0}):
        with pytest.raises(ValueError, match="allowed"):
            Empirical(**keys)


def test_no_subject_is_refused(recordings, refused):
    from dataclasses import replace

    refused(lambda: checked(replace(recordings, subjects=(), runs=()), "k"), "holds no recording")


def test_reading_alone_checks_nothing(tmp_path):
    path = table(tmp_path / "one.csv", SERIES[:, :4])
    assert read_recording(path, Empirical(path=str(path), tr_s=1.0)).runs[0][0].shape == (5, 4)


@pytest.mark.parametrize("cell", ["1_000", "\u0663", "0x10"])
def test_cells_that_some_programs_read_as_numbers(tmp_path, refused, cell):
    path = table(tmp_path / "a.csv")
    lines = path.read_text().splitlines()
    lines[3] = ",".join([cell, *lines[3].split(",")[1:]])
    path.write_text("\n".join(lines))
    refused(lambda: read(path), cell, "allowed: a number")
