"""Files of a user's own that a study names: `model.file` and `analyses.NAME.file`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ngnmm_core.analysis.contract import Analysis
from ngnmm_core.analysis.registry import own_analysis
from ngnmm_core.compilation.own_files import OwnFile, find_file, read_file
from ngnmm_core.errors import InputError
from ngnmm_core.study.parts import split_parts

FILE, MODEL = "file", "model"


def own_files(config: Mapping[str, Any], folder: Path | None = None) -> list[OwnFile]:
    """List the files that the studies of a config name, each with a hash of its source, without running any of them.

    Parameters
    ----------
    config : mapping
        The content of a study file.
    folder : Path, optional
        Folder of the study file.

    Raises
    ------
    InputError
        For a file that is not there, or not Python; in one line.
    """
    found: dict[tuple[str, Path], OwnFile] = {}
    for part in split_parts(config).values():
        found |= {(file.key, file.path): file for file in files_of(part, folder).values()}
    return list(found.values())


def load_own(name: str, path: str) -> Analysis:
    """Load the analysis in a file, named from the working directory."""
    key = f"analyses.{name}.{FILE}"
    return own_analysis(read_file(key, find_file(key, path, None), "ANALYSIS"))


def files_of(config: Mapping[str, Any], folder: Path | None) -> dict[str, OwnFile]:
    """Find the files that one study names: of the model by `model`, of analyses by `analyses.NAME`.

    Raises
    ------
    InputError
        As `own_files`.
    """
    named = [(MODEL, config.get(MODEL), "MODEL")]
    analyses = config.get("analyses")
    if isinstance(analyses, Mapping):
        named += [(f"analyses.{name}", options, "ANALYSIS") for name, options in analyses.items()]
    found = {}
    for place, section, constant in named:
        given = section.get(FILE) if isinstance(section, Mapping) else None
        if given is None:
            continue
        key = f"{place}.{FILE}"
        if not isinstance(given, str) or not given:
            raise InputError(f"{key}: {given!r} is no file; allowed: the name of a Python file")
        found[place] = read_file(key, find_file(key, given, folder), constant)
    return found
