"""Connectomes: where they come from, how they are read and checked, and what is computed from the matrix alone.

`weights[i, j]` is the weight of the input that region `i` (row, target) receives from region `j` (column, source).

Importing this package loads neither numpy, scipy nor xarray: Snakemake imports it whenever it parses the workflow, in
every job.  What needs them is imported on first use.
"""

from importlib import import_module
from typing import Any

from ngnmm_core.connectome.identity import output_name, source_identity
from ngnmm_core.connectome.registry import Registry, SourceEntry, load_registry
from ngnmm_core.connectome.spec import ConnectomeSpec

_LAZY = {
    "Connectome": "connectome",
    "ConnectomeArrays": "arrays",
    "ConnectomeWarning": "arrays",
    "Spectrum": "eigenmodes",
    "SpectrumWarning": "eigenmodes",
    "build_connectome": "build",
    "connectome_from": "datasets",
    "connectome_of": "datasets",
    "infer_hemisphere": "hemispheres",
    "load_connectome": "datasets",
    "normalise": "normalisation",
    "read_connectome_file": "formats",
    "read_spec": "formats",
    "row_sum_spread": "normalisation",
    "spectrum": "eigenmodes",
}

__all__ = [
    "Connectome",
    "ConnectomeArrays",
    "ConnectomeSpec",
    "ConnectomeWarning",
    "Registry",
    "SourceEntry",
    "Spectrum",
    "SpectrumWarning",
    "build_connectome",
    "connectome_from",
    "connectome_of",
    "infer_hemisphere",
    "load_connectome",
    "load_registry",
    "normalise",
    "output_name",
    "read_connectome_file",
    "read_spec",
    "row_sum_spread",
    "source_identity",
    "spectrum",
]


def __getattr__(name: str) -> Any:
    """Import the submodule that holds `name` on first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value
