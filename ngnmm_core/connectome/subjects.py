"""The subjects of a cohort: their names, their files, and what a table says of them."""

import glob
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ngnmm_core.connectome.cells import as_float, content_lines, decode, is_missing, split_rows
from ngnmm_core.connectome.paths import existing_file, existing_source, read_bytes
from ngnmm_core.connectome.registry import Registry, load_registry
from ngnmm_core.connectome.spec import ConnectomeSpec
from ngnmm_core.errors import InputError, twice, unknown

SUBJECT, PATH, LENGTHS = "subject", "path", "lengths"  # columns of a table that are no coordinates
READER = "subjects"  # of entries of the registry that hold one connectome per subject
SUFFIXES = (".csv", ".tsv", ".txt")
# What a built file, and a study's result, have of their own under such names
RESERVED = (
    "subject_number", "region", "source_region", "hemisphere", "lobe", "centre_x", "centre_y", "centre_z",
    "region_volume", "region_i", "region_j", "weights", "tract_length", "empirical_fc", "held_out_fc", "bold", "time",
    "empirical_fcd", "held_out_fcd", "individual_bold", "individual", "run", "volume",
    "subject_weights", "subject_tract_length", "subject_centres", "subject_volume", "null", "seed", "point", "edge",
    "mode", "signal", "band", "population",
)  # fmt: skip
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """One subject of a cohort.

    Attributes
    ----------
    name : str
    spec : ConnectomeSpec, optional
        The file of this subject's connectome; None of an entry of the registry, which holds all subjects.
    about : mapping of str to str
        What the table says of the subject besides, such as age or group.
    """

    name: str
    spec: ConnectomeSpec | None = None
    about: Mapping[str, str] = field(default_factory=dict)


def entity(path: Path, name: str) -> str | None:
    """Return the value of an entity, such as `sub`, in a BIDS file name; None if it isn't there."""
    match = re.search(rf"(?:^|_){name}-([A-Za-z0-9+]+)", path.name)
    return match[1] if match else None


def subject_of(path: Path) -> str:
    """Name the subject that a file belongs to: by its `sub-` entity, else by the file's name."""
    subject = entity(path, "sub")
    return f"sub-{subject}" if subject else path.name.split(".")[0]


def all_subjects(spec: ConnectomeSpec, registry: Registry | None = None) -> list[Subject]:
    """List all subjects of a cohort: of a table in its order, of files sorted by their paths.

    Raises
    ------
    InputError
        For no file or two files of one subject, an entry of the registry without subjects, or a table that is none.
    """
    if spec.name:
        return _of_entry(spec, registry or load_registry())
    found = _of_table(spec) if spec.table else _of_pattern(spec)
    if repeated := twice(subject.name for subject in found):
        where = f"connectome.table: {spec.table}" if spec.table else f"connectome.path: {spec.path}"
        raise InputError(f"{where}: the subject '{repeated}' occurs twice; allowed: each subject once")
    return found


def chosen_subjects(spec: ConnectomeSpec, registry: Registry | None = None) -> list[Subject]:
    """List the subjects that a study has points of, in the order of its list if it gives one.

    Raises
    ------
    InputError
        As `all_subjects`, and for a name that is none of theirs.
    """
    known = {subject.name: subject for subject in all_subjects(spec, registry)}
    if not isinstance(spec.subjects, list):
        return list(known.values())
    for name in spec.subjects:
        if name not in known:
            raise unknown("connectome.subjects", name, known)
    return [known[name] for name in spec.subjects]


def _of_entry(spec: ConnectomeSpec, registry: Registry) -> list[Subject]:
    entry = registry.entry(spec.name)
    if entry.reader != READER:
        having = [name for name in registry if registry.entry(name).reader == READER]
        raise InputError(
            f"connectome.subjects: {spec.name} holds no subjects; allowed: leave it out, or {', '.join(having)}"
        )
    return [Subject(str(name)) for name in entry.options["subjects"]]


def _of_pattern(spec: ConnectomeSpec) -> list[Subject]:
    paths = sorted(glob.glob(os.path.expanduser(spec.path), recursive=True))
    if not paths:
        where = "" if os.path.isabs(os.path.expanduser(spec.path)) else f" (looked for in {Path.cwd()})"
        raise InputError(
            f"connectome.path: {spec.path}: no such file{where}; allowed: a pattern of files, one per subject"
        )
    return [Subject(subject_of(Path(path)), _file_spec(spec, path, spec.lengths)) for path in paths]


def _file_spec(spec: ConnectomeSpec, path: str, lengths: str | None) -> ConnectomeSpec:
    """Describe the file of one subject, read as the study says for all of them."""
    return ConnectomeSpec(
        path=path,
        labels=spec.labels,
        lengths=lengths,
        variable=spec.variable,
        transpose=spec.transpose,
        directed=spec.directed,
    )


def _of_table(spec: ConnectomeSpec) -> list[Subject]:
    """Read the rows of a table; its paths are counted from its folder."""
    path = existing_file("connectome.table", spec.table)
    where = f"connectome.table: {path}"
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{where}: unknown format '{path.suffix}'; allowed: {', '.join(SUFFIXES)}")
    lines = content_lines(decode(read_bytes(path), where))
    rows = split_rows([line for _, line in lines], path.suffix.lower(), where) if lines else []
    if len(rows) < 2:
        raise InputError(f"{where}: {max(len(rows) - 1, 0)} subjects; allowed: a header, then a row per subject")
    header = [cell.strip() for cell in rows[0]]
    _check_header(header, spec, where)
    found = []
    for (number, _), row in zip(lines[1:], rows[1:], strict=True):
        if len(row) != len(header):
            raise InputError(f"{where}, line {number}: {len(row)} cells; allowed: {len(header)}, as in the header")
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        found.append(_of_row(spec, path.parent, cells, f"{where}, line {number}"))
    return found


def _check_header(header: Sequence[str], spec: ConnectomeSpec, where: str) -> None:
    if not {SUBJECT, PATH} <= set(header):
        raise InputError(f"{where}: has the columns {', '.join(header)}; allowed: {SUBJECT} and {PATH}, and others")
    if repeated := twice(header):
        raise InputError(f"{where}: the column '{repeated}' occurs twice; allowed: each column once")
    if LENGTHS in header and spec.lengths:
        raise InputError(f"{where}: has a column {LENGTHS} beside connectome.lengths; allowed: one of the two")
    for name in header:
        if not NAME.fullmatch(name):
            raise InputError(f"{where}: the column '{name}' is no name; allowed: letters, digits and _, a letter first")
        if name in RESERVED:
            raise InputError(f"{where}: the column '{name}' is called like something in results; allowed: another name")


def _of_row(spec: ConnectomeSpec, folder: Path, cells: dict[str, str], where: str) -> Subject:
    name, path = cells.pop(SUBJECT), cells.pop(PATH)
    if not name or not path:
        raise InputError(f"{where}: an empty cell under {SUBJECT if not name else PATH}; allowed: a name and a path")
    source = existing_source(f"{where}: {PATH}", folder / Path(path).expanduser())
    lengths = cells.pop(LENGTHS, "") or None
    if lengths:
        lengths = str(existing_file(f"{where}: {LENGTHS}", folder / Path(lengths).expanduser()))
    return Subject(name, _file_spec(spec, str(source), lengths or spec.lengths), cells)


def columns_of(subjects: Sequence[Subject]) -> dict[str, list[float] | list[str]]:
    """Collect what a table says of the subjects, by column: numbers if all cells are some (NaN where one is empty)."""
    found: dict[str, list[float] | list[str]] = {}
    for name in subjects[0].about if subjects else ():
        cells = [subject.about[name] for subject in subjects]
        given = [cell for cell in cells if not is_missing(cell)]
        numbers = [as_float(cell) for cell in given]
        if given and None not in numbers:
            values = iter(numbers)
            found[name] = [float("nan") if is_missing(cell) else next(values) for cell in cells]
        else:
            found[name] = cells
    return found
