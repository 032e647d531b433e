"""Recordings: reading and cleaning them, their functional connectivity, and what a model's can be compared with.

A score against recordings means little alone: a table of region sizes reaches r = 0.62 on some data.  This room
therefore also holds the ceiling (one subject against the mean of the others), baselines without a model, and scores
that no effect of single regions can raise.
"""

from importlib import import_module
from typing import Any

_LAZY = {
    "Empirical": "settings",
    "Recordings": "recordings",
    "Targets": "targets",
    "edge_specific": "connectivity",
    "fc_of_series": "connectivity",
    "load_recordings": "load",
    "mean_fc": "connectivity",
    "find_targets": "targets",
}

__all__ = [
    "Empirical",
    "Recordings",
    "Targets",
    "edge_specific",
    "fc_of_series",
    "find_targets",
    "load_recordings",
    "mean_fc",
]


def __getattr__(name: str) -> Any:
    """Import the submodule that holds `name` on first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value
