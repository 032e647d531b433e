"""Planners of shards, and a bench for merging made-up ones; no simulation runs here."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from made_up_results import REGIONS, Bench, Planner, run_made_up

from ngnmm_core.connectome import ConnectomeSpec, build_connectome
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.netcdf import write_netcdf


@pytest.fixture(scope="session")
def six(tmp_path_factory):
    """Path of a built connectome of six regions."""
    folder = tmp_path_factory.mktemp("connectome")
    weights = np.triu(np.random.default_rng(6).uniform(0.2, 1.0, (REGIONS, REGIONS)), 1).round(3)
    np.savetxt(folder / "six.csv", weights + weights.T, delimiter=",", fmt="%g")
    return write_netcdf(build_connectome(ConnectomeSpec(path=str(folder / "six.csv"))), folder / "six.nc")


@pytest.fixture
def planner(tmp_path):
    """A planner with an empty folder."""
    return Planner(tmp_path / "shards")


@pytest.fixture
def bench(tmp_path, six, monkeypatch):
    """A bench without shards; the jobs of all stages are made up."""
    for stage, kind in STAGES.items():
        monkeypatch.setitem(STAGES, stage, replace(kind, run=partial(run_made_up, stage)))
    return Bench(tmp_path / "shards", six)
