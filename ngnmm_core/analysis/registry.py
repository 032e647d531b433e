"""The analyses that a study can ask for: every file in this folder that defines `ANALYSIS`, found by its name."""

import importlib
from functools import cache
from pathlib import Path

from ngnmm_core.analysis.contract import Analysis
from ngnmm_core.compilation.declarations import declared_in
from ngnmm_core.errors import unknown


def analysis_names() -> tuple[str, ...]:
    """Names of all analyses, in alphabetical order; an analysis' name is the name of its file."""
    return declared_in(Path(__file__).parent, "ANALYSIS")


def module_name(name: str) -> str:
    """The full name of the Python module that defines an analysis."""
    return f"{__package__}.{name}"


@cache
def get_analysis(name: str) -> Analysis:
    """The analysis of that name.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if name not in analysis_names():
        raise unknown(f"analyses.{name}", name, analysis_names())
    return importlib.import_module(module_name(name)).ANALYSIS
