"""Reads the recordings that a study names: from the connectome's file, from a user's files, from BIDS derivatives."""

import glob
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ngnmm_core.connectome.paths import existing_file, file_sha256
from ngnmm_core.errors import InputError
from ngnmm_core.recordings import bids, files
from ngnmm_core.recordings.bids import sidecar
from ngnmm_core.recordings.recordings import GroupDynamics, Recordings, checked
from ngnmm_core.recordings.settings import Empirical

KEY = "empirical"


def load_recordings(settings: Empirical, connectome=None, labels: Sequence[str] | None = None) -> Recordings:
    """Read, check and order the recordings of a study; neither band nor global signal is touched yet.

    Parameters
    ----------
    settings : Empirical
        The study's key `empirical`.
    connectome : xarray.Dataset, optional
        The built connectome: holds the recordings for `source: connectome`, and the labels that regions are found by.
    labels : sequence of str, optional
        Labels to order the regions by, in place of the connectome's.

    Returns
    -------
    Recordings
        Regions in the order of the labels; discarded and censored volumes left out.

    Raises
    ------
    InputError
        A connectome without recordings; files that are missing or of no known kind; regions that don't fit; time to be
        discarded of an FC; what `recordings.checked` refuses.
    """
    if settings.source:
        key, found = f"{KEY}.source", _of_connectome(connectome)
    else:
        key, found = f"{KEY}.path: {settings.path}", _of_files(settings)
    if settings.discard_s and not found.runs and found.individuals is None:
        raise InputError(f"{KEY}.discard_s: {settings.discard_s:g} beside a group's FC, without volumes; allowed: 0")
    found = checked(found, key, settings.discard_s)
    if labels is None and connectome is not None:
        labels = [str(label) for label in connectome["region"].values]
    return found if labels is None else found.select(labels, key)


def input_files(settings: Empirical) -> list[Path]:
    """List the user's files that a study's recordings are read from, sorted; empty for those of the connectome.

    Raises
    ------
    InputError
        If nothing is there.
    """
    if settings.path is None:
        return []
    path = Path(settings.path).expanduser()
    if path.is_dir():
        return bids.series_files(path)
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))
    if not found:
        raise InputError(f"{KEY}.path: {settings.path}: no such file; allowed: files, a pattern, or a folder")
    return found


def identity(settings: Empirical) -> str:
    """Hash of all that recordings depend on besides the connectome's file: the settings, and a user's files."""
    content = settings.model_dump(mode="json", exclude={"path", "labels"})
    content["files"] = [[path.name, file_sha256(path), sidecar(path)] for path in input_files(settings)]
    content["labels"] = file_sha256(existing_file(f"{KEY}.labels", settings.labels)) if settings.labels else None
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _of_connectome(connectome) -> Recordings:
    """Take the recordings from a built connectome's file: BOLD of subjects, else the FC of a group."""
    name = "none" if connectome is None else connectome.attrs.get("name", "?")
    labels = () if connectome is None else tuple(str(label) for label in connectome["region"].values)
    if connectome is not None and "bold" in connectome:
        bold = connectome["bold"]
        subjects = tuple(str(subject) for subject in bold["subject"].values)
        runs = tuple((np.asarray(series, float),) for series in bold.transpose("subject", "region", "time").values)
        return Recordings(labels, subjects, runs, float(bold.attrs["repetition_time_s"]))
    if connectome is not None and "empirical_fc" in connectome:
        fc = np.array(connectome["empirical_fc"].values, float)
        other = np.array(connectome["held_out_fc"].values, float) if "held_out_fc" in connectome else None
        notes = ("connectivity of a group, without its series",)
        dynamics, few = _dynamics_of(connectome), _individuals_of(connectome, labels)
        return Recordings(labels, group_fc=fc, notes=notes, held_out_fc=other, group_fcd=dynamics, individuals=few)
    raise InputError(
        f"{KEY}.source: the connectome '{name}' has no recordings in its file; "
        "allowed: one that has, such as hcp-aal2-94, or empirical: {path: ...}"
    )


def _dynamics_of(connectome) -> GroupDynamics | None:
    """Take the dynamics of connectivity of groups from a built connectome's file."""
    if "empirical_fcd" not in connectome:
        return None
    fcd = connectome["empirical_fcd"]
    other = np.array(connectome["held_out_fcd"].values, float) if "held_out_fcd" in connectome else None
    return GroupDynamics(fcd.attrs["window_s"], fcd.attrs["step_s"], np.array(fcd.values, float), other)


def _individuals_of(connectome, labels: tuple[str, ...]) -> Recordings | None:
    """Take the series of single subjects beside a group from a built connectome's file."""
    if "individual_bold" not in connectome:
        return None
    bold = connectome["individual_bold"].transpose("individual", "run", "region", "volume")
    runs = tuple(tuple(np.asarray(run, float) for run in each) for each in bold.values)
    names = tuple(str(name) for name in connectome["individual"].values)
    return Recordings(labels, names, runs, float(bold.attrs["repetition_time_s"]))


def _of_files(settings: Empirical) -> Recordings:
    found = input_files(settings)
    parts = [files.read_recording(path, settings) for path in found]
    alone = [path for path, part in zip(found, parts, strict=True) if part.group_fc is not None]
    if alone and len(found) > 1:
        raise InputError(f"{KEY}.path: {alone[0].name} is an FC among {len(found)} files; allowed: a group's FC alone")
    return parts[0] if len(parts) == 1 else _together(found, parts)


def _together(found: Sequence[Path], parts: Sequence[Recordings]) -> Recordings:
    """One set of recordings from one file per subject or run; regions in the order of the first, by label."""
    first = parts[0]
    runs: dict[str, list[np.ndarray]] = {}
    for path, part in zip(found, parts, strict=True):
        if part.tr_s != first.tr_s:
            raise InputError(
                f"{KEY}.path: {path.name} has a TR of {part.tr_s} s, {found[0].name} of {first.tr_s} s; "
                "allowed: the same in all"
            )
        if len(part.runs) != 1:
            raise InputError(
                f"{KEY}.path: {path.name} holds {len(part.runs)} subjects; allowed: one per file, or one file"
            )
        ordered = part.select(first.labels, f"{KEY}.path: {path.name}")
        runs.setdefault(part.subjects[0], []).extend(ordered.runs[0])
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return Recordings(first.labels, tuple(runs), tuple(map(tuple, runs.values())), first.tr_s, notes=notes)
