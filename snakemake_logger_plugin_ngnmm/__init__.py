"""The progress display of ng-nmm for Snakemake: `snakemake --logger ngnmm`, as `ngnmm run` and `make run` call it.

In a terminal one line is kept up to date: points computed, time left, what is being done, failures.  In a file (a
cluster's log) a line is written at every tenth of the work.  Errors are told in full in both.
"""

from snakemake_logger_plugin_ngnmm.display import LogHandler

__all__ = ["LogHandler"]
