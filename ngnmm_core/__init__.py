"""Whole-brain networks of next-generation neural mass models: simulation, analysis, sweeps.

`simulate` runs parameter points in this process, `open_study` opens the result of a workflow, `get_connectome` gives a
connectome, `brain_map` draws values of regions.  They are imported at first use, so that importing the package costs
nothing.
"""

from importlib import import_module

__version__ = "0.2.0"

_LAZY = {
    "InputError": "errors",
    "brain_map": "plotting.brain_map",
    "get_connectome": "api",
    "get_model": "models",
    "model_names": "models",
    "open_study": "dataset.merged_file",
    "simulate": "api",
}

__all__ = [
    "InputError",
    "__version__",
    "brain_map",
    "get_connectome",
    "get_model",
    "model_names",
    "open_study",
    "simulate",
]


def __getattr__(name: str):
    """Import what is asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value
