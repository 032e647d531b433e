"""Finds the files of a folder that declare something, by their text: none is imported for it.

Models, analyses, stages and integrators are each a file that defines `MODEL`, `ANALYSIS`, `STAGE` or `INTEGRATOR` at
module level.  The other files of the folder are helpers.
"""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ngnmm_core.errors import InputError


@cache
def declared_in(folder: Path, constant: str) -> tuple[str, ...]:
    """Names, without `.py` and in alphabetical order, of the files of a folder that define a constant."""
    return tuple(sorted(path.stem for path in folder.glob("*.py") if declares(path, constant)))


def declares(path: Path, constant: str) -> bool:
    """Whether a file assigns to a constant at module level."""
    return bool(re.search(rf"^{constant}\s*(:[^=\n]+)?=(?!=)", path.read_text(encoding="utf-8"), re.MULTILINE))


def declaration(module: str, constant: str) -> Any:
    """Import a module and return what it declares.

    Raises
    ------
    InputError
        If that has another name than its file, as after copying a file: one of the two would be out of reach.
    """
    found, name = getattr(import_module(module), constant), module.rpartition(".")[2]
    declared = getattr(found, "name", name)
    if declared != name:
        raise InputError(
            f"{module.replace('.', '/')}.py: {constant} has the name '{declared}'; allowed: '{name}', that of its file"
        )
    return found
