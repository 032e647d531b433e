"""Recordings of several subjects by region, checked: what every comparison starts from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ngnmm_core.errors import InputError, nearest
from ngnmm_core.recordings.connectivity import fc_of_series, mean_fc
from ngnmm_core.recordings.preprocessing import check_band, clean
from ngnmm_core.recordings.settings import FEWEST_VOLUMES

SYMMETRY = 1e-6  # of a group's connectivity
DIAGONAL = 1e-3  # difference of an FC's diagonal from 1, as of rounded numbers
ALIKE = 1e-12  # distance from 1 of a correlation that is one of a series with itself, whose Fisher z is infinite
WITHOUT_SIGNAL = 1e-12  # s.d. relative to the largest value, of a region that is constant


@dataclass(frozen=True)
class GroupDynamics:
    """Dynamics of connectivity of all subjects of a group in one sample, and of another group.

    Attributes
    ----------
    window_s, step_s : float
        Length of the sliding windows, and from one to the next (s).
    group, held_out : array (sample,)
        Correlations between the connectivity of two windows; `held_out` may be None.
    """

    window_s: float
    step_s: float
    group: np.ndarray
    held_out: np.ndarray | None = None


@dataclass(frozen=True)
class Recordings:
    """Series of several subjects, or a group's connectivity alone.

    Attributes
    ----------
    labels : tuple of str
        Of the regions, in the order of the rows.
    subjects : tuple of str
        Names; empty where there is a group's connectivity alone.
    runs : tuple of tuples of arrays (region, time)
        The series of every subject: one or several runs.
    tr_s : float or None
        Sampling interval (s); None for a connectivity alone.
    group_fc : array (region, region) or None
        Connectivity of a group whose series are not there.
    held_out_fc : array (region, region) or None
        That of another group, on which nothing is tuned.
    notes : tuple of str
        What was done to the data.
    group_fcd : GroupDynamics or None
        Dynamics of connectivity of the groups.
    individuals : Recordings or None
        Series of single subjects beside a group's connectivity; nothing is tuned on them.
    """

    labels: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    runs: tuple[tuple[np.ndarray, ...], ...] = ()
    tr_s: float | None = None
    group_fc: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    held_out_fc: np.ndarray | None = None
    group_fcd: GroupDynamics | None = None
    individuals: "Recordings | None" = None

    @property
    def volumes(self) -> int:
        """Number of volumes of the shortest run; 0 where there are none."""
        return min((run.shape[1] for runs in self.runs for run in runs), default=0)

    def select(self, labels: Sequence[str], key: str) -> "Recordings":
        """Select the regions of a connectome, in its order; found by label, never by position.

        Raises
        ------
        InputError
            If a region of the connectome is not among the recorded ones.
        """
        position = {label: k for k, label in enumerate(self.labels)}
        missing = [label for label in labels if label not in position]
        if missing:
            others = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise InputError(
                f"{key}: no region '{missing[0]}'{others} among {len(self.labels)} recorded ones"
                f"{nearest(missing[0], self.labels)}; allowed: recordings of all {len(labels)} regions of the "
                "connectome, under its labels"
            )
        order = np.array([position[label] for label in labels])
        extra = len(self.labels) - len(labels)
        notes = (*self.notes, f"{extra} recorded regions are not in the connectome and were left out") if extra else ()
        reordered = lambda fc: None if fc is None else fc[np.ix_(order, order)]
        runs = tuple(tuple(run[order] for run in each) for each in self.runs)
        both = {"group_fc": reordered(self.group_fc), "held_out_fc": reordered(self.held_out_fc)}
        few = None if self.individuals is None else self.individuals.select(labels, key)
        return replace(self, labels=tuple(labels), runs=runs, notes=notes or self.notes, individuals=few, **both)

    def cleaned(self, band_hz=None, regress_global: bool = False) -> "Recordings":
        """Filter to a band and regress out the global signal; a group's connectivity can't be cleaned and stays."""
        if band_hz is not None and self.tr_s is not None:
            check_band("empirical.band_hz", band_hz, self.tr_s)
        runs = tuple(tuple(clean(run, self.tr_s, band_hz, regress_global) for run in each) for each in self.runs)
        return replace(self, runs=runs)

    def fc(self) -> np.ndarray:
        """Compute connectivity [subject, edge], the runs of a subject averaged; a group's counts as one subject."""
        if not self.runs:
            i, j = np.triu_indices(len(self.labels), 1)
            return self.group_fc[i, j][None]
        return np.stack([mean_fc(np.stack([fc_of_series(run) for run in each])) for each in self.runs])


def checked(recordings: Recordings, key: str, discard_s: float = 0.0) -> Recordings:
    """Check recordings and return them without discarded and censored volumes, as float64.

    Volumes that are constant over all regions, such as zeros left by censoring, are dropped and counted.

    Raises
    ------
    InputError
        More regions than volumes (time along the wrong axis), fewer than 60 volumes, a region that is constant or not
        finite, two of the same series, labels twice, or a connectivity that is none.
    """
    labels = recordings.labels
    twice = next((label for k, label in enumerate(labels) if label in labels[:k]), None)
    if twice is not None:
        raise InputError(f"{key}: label '{twice}' occurs twice; allowed: each name once")
    if recordings.group_fc is not None:
        other = recordings.held_out_fc
        other = None if other is None else _checked_fc(other, labels, f"{key}: held_out_fc")
        few = recordings.individuals
        few = None if few is None else checked(few, key, discard_s)
        group = _checked_fc(recordings.group_fc, labels, key)
        return replace(recordings, group_fc=group, held_out_fc=other, individuals=few)
    if not recordings.runs:
        raise InputError(f"{key}: holds no recording; allowed: series of at least one subject, or a group's FC")
    notes, runs = list(recordings.notes), []
    for subject, each in zip(recordings.subjects, recordings.runs, strict=True):
        kept = []
        for run in each:
            series, dropped = _checked_run(run, labels, f"{key}: {subject}", discard_s, recordings.tr_s)
            kept.append(series)
            if dropped:
                notes.append(f"{subject}: {dropped} volumes that are constant over all regions were dropped")
        runs.append(tuple(kept))
    return replace(recordings, runs=tuple(runs), notes=tuple(notes))


def _checked_run(run, labels, what: str, discard_s: float, tr_s: float | None) -> tuple[np.ndarray, int]:
    series = np.array(run, dtype=np.float64, order="C")
    if series.ndim != 2 or len(series) != len(labels):
        shape = " x ".join(map(str, series.shape))
        turned = series.ndim == 2 and series.shape[1] == len(labels)
        hint = ", time seems to be along the wrong axis (empirical.transpose exchanges them)" if turned else ""
        raise InputError(
            f"{what}: a series of {shape} for {len(labels)} labels{hint}; allowed: {len(labels)} regions x time"
        )
    if len(series) > series.shape[1]:
        raise InputError(
            f"{what}: {len(series)} regions and {series.shape[1]} volumes, time seems to be along the wrong axis; "
            "allowed: at least as many volumes as regions (empirical.transpose exchanges them)"
        )
    if tr_s is None:
        raise InputError(f"{what}: no sampling interval; allowed: empirical.tr_s, in s")
    series = series[:, round(discard_s / tr_s) :]
    bad = ~np.isfinite(series).all(axis=1)
    if bad.any():
        k, times = int(np.argmax(bad)), int((~np.isfinite(series)).any(axis=0).sum())
        raise InputError(
            f"{what}: region '{labels[k]}' has values that are not finite ({times} of {series.shape[1]} volumes, "
            f"{bad.sum()} of {len(labels)} regions); allowed: numbers throughout (volumes of zeros are left out)"
        )
    censored = np.ptp(series, axis=0) == 0
    series = np.ascontiguousarray(series[:, ~censored])
    if series.shape[1] < FEWEST_VOLUMES:
        raise InputError(
            f"{what}: {series.shape[1]} volumes are left (TR {tr_s:g} s); allowed: at least {FEWEST_VOLUMES}"
        )
    flat = series.std(axis=1) <= WITHOUT_SIGNAL * np.abs(series).max()
    if flat.any():
        k = int(np.argmax(flat))
        raise InputError(f"{what}: region '{labels[k]}' is constant; allowed: a signal in every region")
    alike = np.argwhere(np.triu(np.abs(np.corrcoef(series)) >= 1.0 - ALIKE, 1))
    if len(alike):
        first, second = (labels[k] for k in alike[0])
        raise InputError(f"{what}: regions '{first}' and '{second}' have the same series; allowed: one of its own each")
    return series, int(censored.sum())


def _checked_fc(fc, labels, key: str) -> np.ndarray:
    matrix = np.array(fc, dtype=np.float64)
    if matrix.shape != (len(labels), len(labels)):
        shape = " x ".join(map(str, matrix.shape))
        raise InputError(f"{key}: an FC of {shape} for {len(labels)} labels; allowed: {len(labels)} x {len(labels)}")
    off = ~np.eye(len(matrix), dtype=bool)
    for name, bad, allowed in (
        ("is not finite", ~np.isfinite(matrix), "numbers"),
        ("is not below 1", ~(np.abs(matrix) < 1.0), "correlations between -1 and 1"),
        ("differs from its mirror image", ~(np.abs(matrix - matrix.T) <= SYMMETRY), "a symmetric matrix"),
    ):
        if (bad & off).any():
            i, j = np.argwhere(bad & off)[0]
            raise InputError(
                f"{key}: FC of '{labels[i]}' and '{labels[j]}' {name} ({matrix[i, j]:g}); allowed: {allowed}"
            )
    _check_diagonal(np.diag(matrix), labels, key)
    matrix = (matrix + matrix.T) / 2.0
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _check_diagonal(diagonal: np.ndarray, labels, key: str) -> None:
    """Refuses covariances and Fisher's z, whose other values may be below 1 as well: the diagonal tells them apart."""
    if np.isnan(diagonal).all() or not diagonal.any():  # left out
        return
    away = ~(np.abs(diagonal - 1.0) <= DIAGONAL)
    if away.any():
        k = int(np.argmax(away))
        raise InputError(
            f"{key}: FC of '{labels[k]}' with itself is {diagonal[k]:g}, as of a covariance or Fisher's z; allowed: "
            "correlations, with 1, 0 or nothing on the diagonal"
        )
