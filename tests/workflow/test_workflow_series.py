"""Raw series in a run of the whole workflow: written beside their shards, read with xarray, made again when lost."""

import os
import subprocess

import numpy as np
import pytest
import xarray as xr
from checkouts import sha256

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def kept(checkout):
    """The shards' folder of a small study with raw series, and a hub analysis that needs none."""
    simulation = {"duration_ms": 500, "transient_ms": 50, "keep_series": True}
    hubs = {"at": [{"G": 5, "I_ext_e": 13}], "seeds": 1, "null_seeds": 3}
    grid = {"G": [2, 5], "I_ext_e": [3, 13]}
    results = checkout.run(
        study="kept", grid=grid, simulation=simulation, analyses={"rates": {}, "hubs": hubs}, shards=2
    )
    return results / "shards"


def test_every_shard_of_the_sweep_has_its_series(kept):
    shards = {p.stem for p in kept.glob("simulation/*.json")}
    assert {p.name.removesuffix(".series.nc") for p in kept.glob("simulation/*.series.nc")} == shards
    assert len(shards) == 2
    assert not list(kept.glob("lesions/*.series.nc"))
    assert not list(kept.rglob("*.part"))


def test_the_series_of_a_point_vary_as_its_rates_say(kept):
    """By way of the file that is read lazily: points, samples and parameters are those of the study."""
    found = {}
    for file in kept.glob("simulation/*.series.nc"):
        with xr.open_dataset(file) as series:
            assert dict(series.sizes) == {"point": 2, "region": 6, "time": 2250}
            for k in range(2):
                point = series.isel(point=k)
                found[float(point.G), float(point.I_ext_e)] = float(point.observable.std("time").mean())
    assert set(found) == {(2.0, 3.0), (2.0, 13.0), (5.0, 3.0), (5.0, 13.0)}
    assert found[5.0, 13.0] > 0.5  # oscillates
    assert found[2.0, 3.0] < 0.1  # at rest


def test_checksums_are_those_of_sha256sum(kept):
    names = sorted(p.name for p in (kept / "simulation").glob("*.sha256"))
    done = subprocess.run(["sha256sum", "-c", *names], cwd=kept / "simulation", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("OK") == 4


def test_a_lost_or_altered_series_of_a_finished_study_is_made_again(checkout, kept):
    assert checkout.planned_sweep("kept") == {}
    lost, altered = sorted(kept.glob("simulation/*.series.nc"))
    before, seen = [sha256(lost), sha256(altered)], altered.stat()
    lost.unlink()
    content = bytearray(altered.read_bytes())
    content[len(content) // 2] ^= 1
    altered.write_bytes(content)
    os.utime(altered, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    checkout.snakemake(str(checkout.sweep("kept")), "--configfile", "kept.yaml")
    assert [sha256(lost), sha256(altered)] == before
    assert np.isfinite(xr.load_dataset(altered).observable).all()
    assert checkout.planned_sweep("kept") == {}
