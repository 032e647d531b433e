"""Writes the comparison of models: two tables, as CSV and Markdown, and a figure."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ngnmm_core.analysis.model_claims import claims
from ngnmm_core.analysis.repertoire import coupling_table, read, regime_table
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.storage.csv_tables import csv_text


def write_repertoire(sweeps: Sequence[Path], tables: Sequence[Path], figures: Sequence[Path]) -> None:
    """From the models' sweeps: `tables` regimes and coupling, each .csv and .md; `figures` .svg and .png."""
    from ngnmm_core.plotting.parts.save import save
    from ngnmm_core.plotting.repertoire import repertoire_figure

    with ExitStack() as stack:
        found = [read(stack.enter_context(xr.open_dataset(path)).load()) for path in sweeps]
    regimes, coupling = regime_table(found), coupling_table(found)
    judged = claims(regimes, coupling)
    grids = "\n".join(f"- `{r.model}`: {grid_text(r.axes)}" for r in found)
    for path in tables:
        table, text = (regimes, claims_text(judged)) if path.stem == "regimes" else (coupling, "")
        content = csv_text(table) if path.suffix == ".csv" else None
        write_atomically(path, content or f"{markdown(table)}\n\nGrids:\n\n{grids}\n{text}")
    save(repertoire_figure(found), *figures)


def grid_text(axes) -> str:
    """Describe the grid of a model in words."""
    parts = [f"{name} {v.min():g} to {v.max():g} ({len(np.unique(v))} values)" for name, v in axes.items()]
    return ", ".join(parts)


def claims_text(judged: Sequence[tuple[str, str, str]]) -> str:
    """Claims that circulate, as a list: the verdict of these grids, and by which numbers."""
    lines = [f"- **{verdict}**: {claim} ({numbers})" for claim, verdict, numbers in judged]
    return "\nClaims that circulate, judged on these grids:\n\n" + "\n".join(lines) + "\n"


def markdown(table: pd.DataFrame) -> str:
    """Format a table in Markdown; numbers to four digits, what is not defined as a dash."""
    rows = [list(table.columns), ["---"] * len(table.columns)]
    rows += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(value) -> str:
    if isinstance(value, float):
        return "-" if np.isnan(value) else f"{value:.4g}"
    return str(value) or "-"
