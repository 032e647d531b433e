"""A real SLURM for the tests in this folder; they run where `make test-slurm` asks for them, as root on Debian."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
if os.environ.get("NGNMM_TEST_SLURM"):
    from checkouts import Checkout, shard_files
    from cluster import Cluster, Site
else:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def cluster():
    """The cluster; one that these tests have started is stopped at the end."""
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("a SLURM of our own needs root on Debian")
    cluster, ours = Cluster(), shutil.which("slurmctld") is None or not Path("/etc/slurm/slurm.conf").exists()
    cluster.up()
    yield cluster
    if ours:
        cluster.down()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    """A copy of the repository with compiled kernels."""
    kernels = tmp_path_factory.mktemp("kernels")
    kernels.chmod(0o777)
    return Checkout(tmp_path_factory.mktemp("checkout"), kernels)


@pytest.fixture(scope="session")
def local(checkout):
    """The sweep of the small study, made by a local run in one shard."""
    results = checkout.run(study="local", shards=1)
    assert len(shard_files(results)) == 1
    return results / "sweep.nc"


@pytest.fixture
def site(request, checkout, local):
    """A study of the same points in four shards, under a name of its own."""
    site = Site(checkout, request.function.__name__.removeprefix("test_")[:40], shards=4)
    shutil.rmtree(site.results, ignore_errors=True)
    marker = next((local.parent / "shards" / "simulation").glob("compiled-*"))
    copy = site.results / "shards" / "simulation" / marker.name
    copy.parent.mkdir(parents=True)
    shutil.copy2(marker, copy)  # the kernels are compiled already
    return site
