"""`tools/result_bits.py`: what is hashed in a netCDF file, and what `compare` says of two files of hashes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def hashes(tmp_path, monkeypatch):
    """`hashes(firing_rate, **attributes)`: hashes of a netCDF file with one numeric variable and labels."""
    monkeypatch.syspath_prepend(str(TOOLS))
    from result_hashes import hash_file

    def build(rate, **attributes):
        file = tmp_path / "sweep.nc"
        content = {"firing_rate": ("G", np.asarray(rate), attributes), "label": ("G", ["one"] * len(rate))}
        xr.Dataset(content).to_netcdf(file)
        return hash_file(file)

    return build


@pytest.fixture
def compare(tmp_path):
    """`compare(before, after, ...)`: exit status and lines of the command on two files with these variables."""

    def call(before, after, settings=("same", "same")):
        for name, variables, studies in zip(("before", "after"), (before, after), settings, strict=True):
            record = {"format": 1, "versions": {}, "studies": {"bits": studies}, "files": {"sweep.nc": variables}}
            (tmp_path / f"{name}.json").write_text(json.dumps(record))
        command = [sys.executable, str(TOOLS / "result_bits.py"), "compare", "before.json", "after.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    return call


def test_the_same_numbers_are_no_difference_whatever_their_attributes(hashes, compare):
    before, after = hashes([1.0, np.nan]), hashes([1.0, np.nan], units="Hz")
    assert set(before) == {"firing_rate"}
    assert compare(before, after) == (0, ["1 variables of 1 files: the same bits"])


def test_a_last_bit_that_differs_is_told(hashes, compare):
    status, lines = compare(hashes([1.0, 2.0]), hashes([1.0, np.nextafter(2.0, 3.0)]))
    assert (status, lines) == (1, ["sweep.nc: firing_rate: values differ", "1 differences"])


def test_dtype_and_shape_are_told(hashes, compare):
    status, lines = compare(hashes([1.0, 2.0]), hashes(np.float32([1.0])))
    assert status == 1
    assert lines[:2] == [
        "sweep.nc: firing_rate: dtype float64 in before.json, float32 in after.json",
        "sweep.nc: firing_rate: shape [2] in before.json, [1] in after.json",
    ]


def test_what_only_one_has_and_other_settings_are_told(hashes, compare):
    found = hashes([1.0])
    status, lines = compare(found, found | {"fc": found["firing_rate"]}, settings=("old", "new"))
    assert status == 1
    assert lines[:2] == ["study bits: its settings differ", "sweep.nc: fc: only in after.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "none.json", "none.json"], "error: none.json: not a file of hashes; allowed: "),
        (["run", "bits.json", "--checkout", "."], "error: --checkout: . has no Snakefile; allowed: "),
        (["run", "none/bits.json"], "error: none/bits.json: no such folder; allowed: "),
    ],
)
def test_bad_input_is_refused_in_one_line(tmp_path, words, said):
    command = [sys.executable, str(TOOLS / "result_bits.py"), *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
