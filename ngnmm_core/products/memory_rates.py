"""From a merged sweep of trials to the rates of working memory, as a dataset and as a table."""

from pathlib import Path

import xarray as xr

from ngnmm_core.analysis.memory_trials import summarise, table
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.storage.csv_tables import csv_text
from ngnmm_core.storage.netcdf import write_netcdf


def sum_up_trials(sweep: Path, output: Path, csv: Path) -> None:
    """Write success, answers and survival over the seeds of a sweep."""
    with xr.open_dataset(sweep) as trials:
        rates = summarise(trials)
    write_netcdf(rates, output)
    write_atomically(csv, csv_text(table(rates)))
