"""Runs of Snakemake that tests share.

A test that changes something works under its own study name, in its own copy of the repository, or puts back what it
changed.  Compiled kernels are shared by all copies.
"""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
import xarray as xr
from checkouts import Checkout, environment_of
from forks import Forks


@pytest.fixture(scope="session")
def kernels():
    """The cache of compiled kernels, that of all tests."""
    return Path(os.environ["NGNMM_CACHE_DIR"])


@pytest.fixture(scope="session")
def forks(kernels, tmp_path_factory):
    """What runs Snakemake without its start."""
    forks = Forks(environment_of(kernels, tmp_path_factory.mktemp("programs")))
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def new_checkout(tmp_path_factory, kernels, forks):
    """Makes copies of the repository."""
    return lambda: Checkout(tmp_path_factory.mktemp("checkout"), kernels, forks)


@pytest.fixture(scope="session")
def finished_copy(tmp_path_factory, kernels, forks):
    """Makes copies in which a small study in three shards is finished, three.yaml: run once for all processes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    place = shared / "finished"
    with open(shared / "finished.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "results" / "three" / "sweep.nc").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            Checkout(place, kernels, forks).run(study="three", shards=3)
    first = Checkout(place, kernels, forks)
    return lambda: first.copied_to(tmp_path_factory.mktemp("checkout") / "copy")


@pytest.fixture(scope="session")
def checkout(finished_copy):
    """A copy in which studies of many names are run."""
    return finished_copy()


@pytest.fixture(scope="session")
def fresh(new_checkout):
    """A copy in which nothing is ever computed: for dry runs and for studies that are refused."""
    return new_checkout()


@pytest.fixture(scope="session")
def finished(checkout):
    """The folder of the results of a finished study in three shards, three.yaml; not to be changed."""
    return checkout.folder / "results" / "three"


@pytest.fixture(scope="session")
def cuts(checkout, finished):
    """Results of the same eight points in one shard (on one core), in three, and in five (on two cores)."""
    return {
        1: checkout.run(study="one", shards=1, cores=1),
        3: finished,
        5: checkout.run(study="five", shards=5),
    }


@pytest.fixture(scope="session")
def sweep(finished):
    """The merged dataset of the finished study."""
    return xr.load_dataset(finished / "sweep.nc")
