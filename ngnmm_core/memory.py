"""From a merged sweep of trials to the rates of working memory, as a dataset and as a table."""

from pathlib import Path

import xarray as xr

from ngnmm_core.analysis.trials import summarise, table
from ngnmm_core.netcdf import write_netcdf
from ngnmm_core.planning import write_atomically


def sum_up_trials(sweep: Path, output: Path, csv: Path) -> None:
    """Writes success, answers and survival over the seeds of a sweep."""
    with xr.open_dataset(sweep) as trials:
        rates = summarise(trials)
    write_netcdf(rates, output)
    write_atomically(csv, table(rates).to_csv(index=False, float_format="%.6g"))
