"""Recordings as other programs write them, and files from which a number would come that nobody meant."""

import json
import re

import numpy as np
import pytest
from made_up_recordings import LABELS, mixed
from test_recordings_files import SERIES, read, table

from ngnmm_core.recordings import Empirical, find_targets, load_recordings
from ngnmm_core.recordings.bids import series_files

FC = np.corrcoef(SERIES)
TURNED = [3, 0, 4, 1, 2]


def lines(path, rows):
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


@pytest.fixture
def labels(tmp_path):
    (tmp_path / "labels.txt").write_text("\n".join(LABELS) + "\n")
    return str(tmp_path / "labels.txt")


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("index", [False, True])
def test_rows_and_columns_that_only_count_are_no_data(tmp_path, labels, first, index):
    """A header 0,1,2,... taken for a volume has larger numbers than any recording."""
    rows = [[k + first for k in range(5)], *SERIES.T.tolist()]
    if index:
        rows = [[k - 1 + first if k else "", *row] for k, row in enumerate(rows)]
    found = read(lines(tmp_path / "one.csv", rows), labels=labels)
    assert (found.runs[0][0] == SERIES).all()
    named = read(lines(tmp_path / "two.csv", [["", *LABELS] if index else LABELS, *rows[1:]]))
    assert named.labels == LABELS
    assert (named.runs[0][0] == SERIES).all()


def test_volumes_are_counted_over_regions_as_rows(tmp_path):
    rows = [["", *range(120)], *([name, *row] for name, row in zip(LABELS, SERIES.tolist(), strict=True))]
    found = read(lines(tmp_path / "one.csv", rows), transpose=True)
    assert found.labels == LABELS
    assert (found.runs[0][0] == SERIES).all()


def test_a_symmetric_matrix_is_a_connectivity_whatever_names_it_has(tmp_path, labels):
    values, turned = FC.tolist(), FC[TURNED].tolist()
    lines(tmp_path / "bare.csv", values)
    lines(tmp_path / "counted.csv", [range(5), *values])
    lines(tmp_path / "header.csv", [LABELS, *values])
    lines(tmp_path / "names.csv", [[name, *row] for name, row in zip(LABELS, values, strict=True)])
    both = [["", *LABELS], *([LABELS[k], *row] for k, row in zip(TURNED, turned, strict=True))]
    lines(tmp_path / "other_order.csv", both)
    np.savez(tmp_path / "series.npz", ts=FC, labels=LABELS)
    for name in ("bare", "counted", "header", "names", "other_order", "series"):
        path = next(tmp_path.glob(f"{name}.*"))
        given = {"labels": labels} if name in ("bare", "counted") else {}
        found = load_recordings(Empirical(path=str(path), **given), labels=LABELS)
        assert not found.runs, name
        np.testing.assert_allclose(found.group_fc, FC, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("value", [720.0, -2.0, np.nan])
def test_intervals_that_are_none_are_refused(tmp_path, refused, value):
    np.savez(tmp_path / "one.npz", bold=SERIES.T, labels=LABELS, tr_s=value)
    refused(
        lambda: load_recordings(Empirical(path=str(tmp_path / "one.npz"))), "one.npz", f"{value}", "allowed", "in s"
    )
    table(tmp_path / "sub-1_timeseries.tsv", mark="\t")
    (tmp_path / "sub-1_timeseries.json").write_text(json.dumps({"RepetitionTime": [2.0, 2.0]}))
    refused(lambda: load_recordings(Empirical(path=str(tmp_path / "sub-1_timeseries.tsv"))), "[2.0, 2.0]", "allowed")


def test_another_interval_than_the_file_says_is_noted(tmp_path):
    np.savez(tmp_path / "one.npz", bold=SERIES.T, labels=LABELS, tr_s=0.72)
    found = read(tmp_path / "one.npz")
    assert found.tr_s == 2.0
    assert re.search(r"one\.npz: a TR of 2 s .* says 0\.72 s", found.notes[0])


def test_two_regions_of_one_series_are_refused(tmp_path, refused):
    """Their Fisher z is infinite, and a bootstrap that leaves the subject out would have no number."""
    double = SERIES.copy()
    double[3] = 2.0 * double[1] - 1.0
    refused(lambda: read(table(tmp_path / "one.csv", double)), "'b' and 'd'", "same series", "allowed")


def test_time_along_the_wrong_axis_is_told_in_archives_too(tmp_path, refused):
    np.savez(tmp_path / "one.npz", bold=SERIES, labels=LABELS)
    refused(lambda: read(tmp_path / "one.npz"), "120 x 5", "wrong axis", "empirical.transpose", "5 regions x time")


def test_settings_for_other_files_are_refused(tmp_path, refused):
    table(tmp_path / "one.csv")
    refused(lambda: read(tmp_path / "one.csv", variable="ts"), "empirical.variable: ts", "allowed", ".mat")
    (tmp_path / "a.ptseries.nii").write_bytes(b"x")
    refused(lambda: read(tmp_path / "a.ptseries.nii", transpose=True), "empirical.transpose: true", "allowed: false")


@pytest.mark.parametrize("entities", [("task-rest", "task-nback"), ("desc-smooth", "desc-plain"), ("res-1", "res-2")])
def test_tasks_and_ways_of_processing_are_never_pooled(tmp_path, refused, entities):
    """Another session or run is more of the same; another task, or the same data twice, is not."""
    for each in (*entities, "ses-1", "ses-2"):
        table(tmp_path / f"sub-1_{each}_seg-Tiny_timeseries.tsv", mixed(seed=3), mark="\t")
    refused(lambda: series_files(tmp_path), ", ".join(sorted(entities)), f"**/*{min(entities)}*")
    (tmp_path / f"sub-1_{entities[0]}_seg-Tiny_timeseries.tsv").unlink()
    assert len(series_files(tmp_path)) == 3


def test_scores_do_without_surrogates(tmp_path):
    found = read(table(tmp_path / "one.csv"))
    full, part = (find_targets(found, fcd_s=(40.0, 10.0), surrogates=wanted) for wanted in (True, False))
    assert (full.fcd == part.fcd).all()
    assert np.isfinite(full.surrogate_ks).all()
    assert np.isnan(part.surrogate_ks).all()
    assert np.isnan(part.surrogate_fcd).all()
