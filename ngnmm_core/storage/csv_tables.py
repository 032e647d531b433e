"""Tables as CSV that spreadsheets take for what they are."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# What a cell of text that begins like this is to a spreadsheet: a formula, which it computes, or calls a program with.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(table: "pd.DataFrame") -> str:
    r"""Format a table as CSV; put texts that a spreadsheet would compute behind an apostrophe, keep numbers as is.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_text(pd.DataFrame({"region": ["=1+1", "a"], "score": [-1.5, 2.0]}))
    "region,score\n'=1+1,-1.5\na,2\n"
    """
    return table.map(_plain).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _plain(cell):
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell
