"""A built connectome as jobs read it: the same as the dataset of the file, without what it takes to read datasets."""

import subprocess
import sys

import netCDF4
import numpy as np
import pytest

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, connectome_of, load_connectome
from ngnmm_core.connectome.built_file import read_built
from ngnmm_core.connectome.cohort import cohort_of
from ngnmm_core.connectome.datasets import KNOWN
from ngnmm_core.errors import InputError
from ngnmm_core.storage.netcdf import write_netcdf

LABELS = ["a_L", "b_L", "a_R", "b_R"]


@pytest.fixture
def path(tmp_path):
    """A cohort of two, one of them without lengths, with places, volumes and a map."""
    (tmp_path / "subjects").mkdir()
    random = np.random.default_rng(0)
    for name in ("one", "two"):
        weights = random.uniform(0.1, 5.0, (4, 4)) * (1 - np.eye(4))
        known = {"weights": weights, "labels": LABELS, "centres": np.arange(12.0).reshape(4, 3)}
        if name == "one":
            known["tract_lengths"] = 10 * weights
        np.savez(tmp_path / "subjects" / f"{name}.npz", **known)
    dataset = build_connectome(ConnectomeSpec(path=str(tmp_path / "subjects" / "*.npz")))
    region = {"region_volume": ("region", np.arange(4.0)), "map_myelin": ("region", np.array([1.0, -1.0, 2.0, 3.0]))}
    return write_netcdf(dataset.assign_coords(region), tmp_path / "built.nc")


def same(one, other):
    assert one.labels == other.labels
    for name in ("weights", *KNOWN):
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, dict):
            assert a.keys() == b.keys()
            a, b = list(a.values()), list(b.values())
        if a is None or isinstance(a, tuple):
            assert a == b, name
        else:
            np.testing.assert_array_equal(a, b, err_msg=name)


def test_a_job_reads_the_connectomes_of_the_dataset(path):
    dataset, file = load_connectome(path), read_built(path)
    expected, found = connectome_of(dataset), connectome_of(file)
    same(found, expected)
    assert found.volume is not None
    assert list(found.maps) == ["myelin"]
    assert found.hemisphere
    assert found.about == expected.about
    of_dataset, of_file = cohort_of(dataset, expected), cohort_of(file, found)
    assert of_file.subjects.keys() == of_dataset.subjects.keys()
    assert len(of_file.subjects) == 2
    for number, subject in of_file.subjects.items():
        same(subject, of_dataset.subjects[number])


def refusal(read, path):
    with pytest.raises(InputError) as refused:
        read(path)
    return str(refused.value)


def test_what_is_no_connectome_as_built_is_refused_in_the_same_words(path, tmp_path):
    text = tmp_path / "text.nc"
    text.write_text("no netCDF", encoding="utf-8")
    assert refusal(read_built, text) == refusal(load_connectome, text)
    assert "not a netCDF file" in refusal(read_built, text)
    assert "no such file" in refusal(read_built, tmp_path / "nothing.nc")
    for variable, words in (("subject_weights", "subjects don't fit"), ("weights", "the file says")):
        with netCDF4.Dataset(path, "a") as file:
            file[variable][..., 0, 1] += 1.0
        assert words in refusal(read_built, path)
        assert refusal(read_built, path) == refusal(load_connectome, path)


def test_a_job_starts_without_what_it_does_not_need():
    code = (
        "import sys, ngnmm_core.sweep.shard, ngnmm_core.stages.simulation, ngnmm_core.simulation.simulator;"
        "print([m for m in ('xarray', 'pandas', 'scipy.special', 'scipy.linalg', 'scipy.signal') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
