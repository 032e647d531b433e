"""The analyses that a study can ask for, by name."""

import importlib
from functools import cache

from ngnmm_core.analysis.contract import Analysis
from ngnmm_core.errors import unknown

MODULES = {
    "rates": "ngnmm_core.analysis.rates",
    "spectra": "ngnmm_core.analysis.spectra",
    "fc": "ngnmm_core.analysis.fc",
    "synchrony": "ngnmm_core.analysis.synchrony",
    "msf": "ngnmm_core.analysis.msf",
    "transverse": "ngnmm_core.analysis.transverse",
    "dispersion": "ngnmm_core.analysis.dispersion",
    "lyapunov": "ngnmm_core.analysis.lyapunov",
    "network_lyapunov": "ngnmm_core.analysis.network_lyapunov",
    "multistability": "ngnmm_core.analysis.multistability",
    "cross_frequency": "ngnmm_core.analysis.cross_frequency",
    "amplitude_modulation": "ngnmm_core.analysis.amplitude_modulation",
    "orbit_diagram": "ngnmm_core.analysis.orbit_diagram",
    "series": "ngnmm_core.analysis.series",
    "continuation": "ngnmm_core.analysis.continuation",
    "hubs": "ngnmm_core.analysis.hubs",
    "recruitment": "ngnmm_core.analysis.recruitment",
    "dynamic_fc": "ngnmm_core.analysis.dynamic_fc",
    "memory": "ngnmm_core.analysis.memory",
    "bistability": "ngnmm_core.analysis.bistability",
}


@cache
def get_analysis(name: str) -> Analysis:
    """The analysis of that name.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if name not in MODULES:
        raise unknown(f"analyses.{name}", name, MODULES)
    return importlib.import_module(MODULES[name]).ANALYSIS
