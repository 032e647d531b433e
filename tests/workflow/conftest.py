"""Runs of Snakemake that tests share.

A test that changes something works under its own study name, in its own copy of the repository, or puts back what it
changed.  Compiled kernels are shared by all copies.
"""

import os
from pathlib import Path

import pytest
import xarray as xr
from checkouts import Checkout


@pytest.fixture(scope="session")
def kernels():
    """The cache of compiled kernels, that of all tests."""
    return Path(os.environ["NGNMM_CACHE_DIR"])


@pytest.fixture(scope="session")
def new_checkout(tmp_path_factory, kernels):
    """Makes copies of the repository."""
    return lambda: Checkout(tmp_path_factory.mktemp("checkout"), kernels)


@pytest.fixture(scope="session")
def checkout(new_checkout):
    """A copy in which studies of many names are run."""
    return new_checkout()


@pytest.fixture(scope="session")
def fresh(new_checkout):
    """A copy in which nothing is ever computed: for dry runs and for studies that are refused."""
    return new_checkout()


@pytest.fixture(scope="session")
def cuts(checkout):
    """Results of the same eight points in one shard (on one core), in three, and in eight (on two cores)."""
    return {
        1: checkout.run(study="one", shards=1, cores=1),
        3: checkout.run(study="three", shards=3),
        8: checkout.run(study="eight", shards=8),
    }


@pytest.fixture(scope="session")
def finished(cuts):
    """The folder of the results of a finished study in three shards, three.yaml; not to be changed."""
    return cuts[3]


@pytest.fixture(scope="session")
def sweep(finished):
    """The merged dataset of the finished study."""
    return xr.load_dataset(finished / "sweep.nc")
