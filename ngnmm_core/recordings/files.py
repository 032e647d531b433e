"""One file of recordings: tables with labels, archives of arrays, MATLAB files, parcellated CIFTI series."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngnmm_core.connectome import binary_formats
from ngnmm_core.connectome.cells import as_float, decode, is_number, split_rows
from ngnmm_core.connectome.label_files import read_labels
from ngnmm_core.connectome.paths import existing_file
from ngnmm_core.connectome.subjects import subject_of
from ngnmm_core.connectome.variables import OTHER, as_text
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.recordings.bids import sidecar
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.recordings.settings import LONGEST_TR_S, Empirical

SERIES = ("bold", "series", "timeseries", "time_series", "tc", "ts", "BOLD")
FC = ("fc", "FC", "empirical_fc")
OF_GROUP = "connectivity of a group, without its series"
HELD_OUT = "held_out_fc"  # beside an FC: that of another group
LABELS = ("labels", "region_labels", "regions")
TR = ("tr_s", "tr", "TR", "repetition_time_s")
SUBJECTS = ("subjects", "subject")
MISSING_WORDS = ("n/a", "na", "nan", "")
CIFTI = ".ptseries.nii"


def read_recording(path: Path, settings: Empirical) -> Recordings:
    """Read the recordings in one file, not yet checked.

    | ending | content |
    |---|---|
    | `.csv`, `.tsv` | rows are volumes, columns regions, labels in the first row; or an FC with labels on both sides |
    | `.npz`, `.mat` | `bold` (time, region) or (subject, time, region), or `fc`; `labels`, `tr_s`, `subjects` |
    | `.ptseries.nii` | parcellated CIFTI, read with nibabel (optional: pip install ngnmm-core[neuroimaging]) |

    A matrix that is symmetric is an FC.  Beside `fc` there may be `held_out_fc`, that of another group.  Rows and
    columns of a table that only count are left out.  The sampling interval comes from `empirical.tr_s` (with a note
    where the file says another), else from the file, else from a JSON file beside it (`RepetitionTime`).

    Parameters
    ----------
    path : Path
    settings : Empirical

    Raises
    ------
    InputError
        Other endings; files that can't be read; no labels; a sampling interval that is none; settings for other files.
    """
    path = existing_file("empirical.path", path)
    what = f"empirical.path: {path.name}"
    if path.name.endswith(CIFTI):
        _refuse_variable(settings, what)
        if settings.transpose:
            raise InputError(f"{what}: empirical.transpose: true; allowed: false, the file says which axis is time")
        return _read_cifti(path, settings, what)
    suffix = path.suffix.lower()
    if suffix in (".npz", ".mat"):
        return _read_variables(path, settings, what)
    if suffix in (".csv", ".tsv"):
        _refuse_variable(settings, what)
        return _read_table(path, settings, what)
    raise InputError(f"{what}: unknown format '{suffix}'; allowed: .csv, .tsv, .npz, .mat, {CIFTI}")


def _refuse_variable(settings: Empirical, what: str) -> None:
    if settings.variable is not None:
        raise InputError(
            f"{what}: empirical.variable: {settings.variable}; allowed: with .npz and .mat, which have some"
        )


def _read_table(path: Path, settings: Empirical, what: str) -> Recordings:
    """Read a table with a header of labels; a square one with the same names in its first column is an FC."""
    lines = [line for line in decode(path.read_bytes(), what).splitlines() if line.strip() and line.lstrip()[0] != "#"]
    rows = split_rows(lines, path.suffix.lower(), what)
    if len(rows) < 2:
        raise InputError(f"{what}: {len(rows)} rows; allowed: a row of labels, then rows of numbers")
    rows = _without_counts(rows)
    words = sum(not is_number(cell) for cell in rows[0][1:])
    header = rows[0] if 2 * words > len(rows[0]) - 1 else None
    body = rows[1:] if header else rows
    named = not any(is_number(row[0]) for row in body) and len(body[0]) > 1
    names = [row[0] for row in body] if named else None
    values = _numbers([row[1:] for row in body] if named else body, what, 1 + bool(header))
    if header and len(header) not in (values.shape[1], values.shape[1] + named):
        raise InputError(
            f"{what}: {len(header)} labels over rows of {len(body[0])} cells; allowed: a label for every column"
        )
    columns = header[-values.shape[1] :] if header else None
    if names and columns and sorted(names) == sorted(columns):
        values, columns = values[:, [columns.index(name) for name in names]], names
        return Recordings(tuple(names), group_fc=values, notes=(OF_GROUP,))
    if not (names and columns) and _looks_like_fc(values):
        return Recordings(_labels(settings, columns or names, what), group_fc=values, notes=(OF_GROUP,))
    if settings.transpose:
        values, columns = values.T, names
    elif columns is None and names and settings.labels is None:
        raise InputError(f"{what}: names in the first column, not in the first row; allowed: empirical.transpose: true")
    labels = _labels(settings, columns, what)
    return _one(path, settings, labels, values.T, what)


def _without_counts(rows: list[list[str]]) -> list[list[str]]:
    """Leave out a first row and a first column that only count, as tables of programs have them: no data, no labels."""
    corner = not rows[0][0].strip()
    first_column = corner and _counts([row[0] for row in rows[1:]])
    kept = rows[1:] if _counts(rows[0][corner:]) else rows
    return [row[1:] for row in kept] if first_column else kept


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2, ... or 1, 2, 3, ..."""
    texts = [cell.strip() for cell in cells]
    return len(texts) > 1 and any(texts == [str(k + start) for k in range(len(texts))] for start in (0, 1))


def _numbers(rows: Sequence[Sequence[str]], what: str, first: int) -> np.ndarray:
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise InputError(f"{what}: rows of {min(widths)} and of {max(widths)} cells; allowed: the same number in all")
    out = np.empty((len(rows), widths.pop()))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell.strip().lower() in MISSING_WORDS:
                out[i, j] = np.nan  # refused later, by the name of the region
                continue
            if (number := as_float(cell.strip())) is None:
                raise InputError(f"{what}: row {i + first}, column {j + 1}: '{cell}'; allowed: a number")
            out[i, j] = number
    return out


def _labels(settings: Empirical, found: Sequence[str] | None, what: str) -> tuple[str, ...]:
    if settings.labels:
        path = existing_file("empirical.labels", settings.labels)
        key = f"empirical.labels: {path}"
        return tuple(read_labels(path.read_bytes(), path.suffix.lower(), key)["labels"])
    if not found:
        raise InputError(f"{what}: no region labels; allowed: labels in the file, or empirical.labels: a file of them")
    return tuple(str(label).strip() for label in found)


def _one(path: Path, settings: Empirical, labels, series: np.ndarray, what: str, tr_s=None) -> Recordings:
    """One subject's series [region, time]; the sampling interval of the study, the file or the JSON beside it."""
    beside = sidecar(path)
    own = tr_s if tr_s is not None else beside.get("RepetitionTime")
    if own is None and settings.tr_s is None:
        raise InputError(f"{what}: no sampling interval; allowed: empirical.tr_s, in s")
    said = None if own is None else _interval(own, what)
    found = settings.tr_s or said
    start = beside.get("StartTime")
    notes: tuple[str, ...] = (
        (f"volumes were taken {start:g} s after the start of their TR (slice timing)",) if start else ()
    )
    if settings.tr_s and said and abs(said - settings.tr_s) > 1e-3 * said:
        notes += (f"{path.name}: a TR of {settings.tr_s:g} s from empirical.tr_s, where the file says {said:g} s",)
    return Recordings(labels, (subject_of(path),), ((series,),), found, notes=notes)


def _interval(value: Any, what: str) -> float:
    """Return a file's sampling interval in s; one beyond a minute, which was meant in ms, is refused."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = np.nan
    if not 0 < seconds <= LONGEST_TR_S:
        raise InputError(f"{what}: a sampling interval of {value}; allowed: a number > 0 and <= {LONGEST_TR_S:g}, in s")
    return seconds


def _read_variables(path: Path, settings: Empirical, what: str) -> Recordings:
    """Named arrays: series of one or several subjects, or an FC."""
    read = binary_formats.npz_variables if path.suffix.lower() == ".npz" else binary_formats.mat_variables
    variables = {name: found.load(what) for name, found in read(path.read_bytes(), what).items() if found.kind != OTHER}
    name = settings.variable or next((n for n in (*SERIES, *FC) if n in variables), None)
    if name is None:
        raise InputError(
            f"{what}: no variable {' or '.join((SERIES[0], FC[0]))}; allowed: empirical.variable: one of "
            f"{', '.join(sorted(variables))}"
        )
    if name not in variables:
        raise unknown(f"{what}: variable", str(name), variables)
    values = np.asarray(variables[name])
    if values.dtype.kind not in "fiu" or values.ndim not in (2, 3):
        shape = " x ".join(map(str, values.shape))
        raise InputError(
            f"{what}: '{name}' is {values.dtype} of {shape}; allowed: numbers (time, region), one more for subjects"
        )
    stored = next((variables[n] for n in LABELS if n in variables), None)
    labels = _labels(settings, None if stored is None else as_text(stored), what)
    if name in FC or (values.ndim == 2 and _looks_like_fc(values)):
        other = np.asarray(variables[HELD_OUT], float) if HELD_OUT in variables else None
        return Recordings(labels, group_fc=values, notes=(OF_GROUP,), held_out_fc=other)
    tr_s = next((float(np.ravel(variables[n])[0]) for n in TR if n in variables), None)
    if not settings.transpose:
        values = np.swapaxes(values, -1, -2)
    first = _one(path, settings, labels, values[0] if values.ndim == 3 else values, what, tr_s)
    if values.ndim == 2:
        return first
    given = next((as_text(variables[n]) for n in SUBJECTS if n in variables), None)
    names = tuple(given or (f"sub-{k + 1}" for k in range(len(values))))
    if len(names) != len(values):
        raise InputError(f"{what}: {len(names)} names for {len(values)} subjects; allowed: one each")
    return Recordings(labels, names, tuple((series,) for series in values), first.tr_s, notes=first.notes)


def _looks_like_fc(values: np.ndarray) -> bool:
    """Whether a matrix is symmetric, which no series is."""
    return values.shape[0] == values.shape[1] and np.allclose(values, values.T, equal_nan=True)


def _read_cifti(path: Path, settings: Empirical, what: str) -> Recordings:
    """Read a parcellated CIFTI series: parcels give the labels, the series axis the sampling interval."""
    try:
        import nibabel
    except ImportError:
        raise InputError(
            f"{what}: needs nibabel, which is not installed; allowed: pip install nibabel, or a table of the series"
        ) from None
    try:
        image: Any = nibabel.load(path)
        axes = [image.header.get_axis(k) for k in range(2)]
        values = np.asarray(image.get_fdata(dtype=np.float64))
    except Exception as error:  # nibabel raises whatever its parsers stumble over in a damaged file
        raise InputError(f"{what}: not a CIFTI file that can be read ({' '.join(str(error).split())[:80]})") from None
    kinds = [type(axis).__name__ for axis in axes]
    if kinds != ["SeriesAxis", "ParcelsAxis"]:
        raise InputError(f"{what}: axes {' and '.join(kinds)}; allowed: a parcellated series (SeriesAxis, ParcelsAxis)")
    seconds = float(axes[0].step) if axes[0].unit == "SECOND" else None
    return _one(path, settings, _labels(settings, list(axes[1].name), what), values.T, what, seconds)
