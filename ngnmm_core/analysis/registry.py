"""The analyses that a study can ask for: every file in this folder that defines `ANALYSIS`, found by its name."""

from functools import cache
from pathlib import Path

from ngnmm_core.analysis.contract import SIMULATION, Analysis
from ngnmm_core.compilation.declarations import declaration, declared_in
from ngnmm_core.compilation.own_files import OwnFile, run_file
from ngnmm_core.errors import InputError, unknown

# What the jobs write besides
TAKEN = (
    "network_regime", "simulation_status", "diverged_at_ms", "diverged_region", "growth_curve",
    "growth_curve_frequency", "step_ms",
)  # fmt: skip


def analysis_names() -> tuple[str, ...]:
    """Names of all analyses, in alphabetical order; an analysis' name is the name of its file."""
    return declared_in(Path(__file__).parent, "ANALYSIS")


def module_name(name: str) -> str:
    """Give the full name of the Python module that defines an analysis."""
    return f"{__package__}.{name}"


@cache
def get_analysis(name: str) -> Analysis:
    """Return the analysis of that name.

    Raises
    ------
    InputError
        For an unknown name (the message lists the known ones), or an analysis that is not named as its file.
    """
    if name not in analysis_names():
        raise unknown(f"analyses.{name}", name, analysis_names())
    return declaration(module_name(name), "ANALYSIS")


def own_analysis(file: OwnFile) -> Analysis:
    """Load the analysis of simulations that a user's own file defines.

    Raises
    ------
    InputError
        If the file fails, what it defines is no analysis of simulations with the name of its key, or it has a name,
        variable or map that one of the package has.
    """
    analysis, where = run_file(file, "ANALYSIS"), f"{file.key}: {file.path}"
    if not isinstance(analysis, Analysis):
        allowed = "ngnmm_core.analysis.contract.Analysis"
        raise InputError(f"{where}: ANALYSIS is {type(analysis).__name__}; allowed: {allowed}")
    key = file.key.split(".")[1]
    if analysis.name != key:
        raise InputError(
            f"{where}: defines the analysis '{analysis.name}'; allowed: analyses.{analysis.name} as its key"
        )
    if analysis.needs != SIMULATION:
        raise InputError(
            f"{where}: needs '{analysis.needs}'; allowed: {SIMULATION}, which is all that a file can feed on"
        )
    if analysis.name in analysis_names():
        raise InputError(f"{where}: '{analysis.name}' is an analysis of the package; allowed: another name")
    others = [(other, other.options()) for other in map(get_analysis, analysis_names())]
    for kind, own, taken in (
        ("variable", analysis.variables, {v.name for other, options in others for v in other.variables(options)}),
        ("map", analysis.maps, {m.name for other, options in others for m in other.maps(options)}),
    ):
        for one in own(analysis.options()):
            if one.name in taken or one.name in TAKEN:
                raise InputError(f"{where}: the {kind} '{one.name}' is one of the package; allowed: another name")
    return analysis
