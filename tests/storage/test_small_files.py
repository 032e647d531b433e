"""Small files that are read back are what was written, or count as not there."""

import json
import logging
import time

import numpy as np
import pytest

from ngnmm_core.storage.atomic import write_bytes
from ngnmm_core.storage.checked_json import read_checked, write_checked
from ngnmm_core.storage.checkpoints import keep_arrays, kept_arrays
from ngnmm_core.storage.integrity import checksum_path, discard, is_intact, is_sealed, require_intact, seal

ARRAYS = {"means": np.arange(12.0).reshape(3, 4), "state": np.array([np.nan, -0.0, np.inf])}


def every_bit_flipped(content):
    for k in range(len(content)):
        for bit in (0, 7):
            yield content[:k] + bytes([content[k] ^ (1 << bit)]) + content[k + 1 :]


class TestCheckpoints:
    def test_arrays_come_back_with_the_same_bits(self, tmp_path):
        keep_arrays(tmp_path / "0.run", ARRAYS)
        found = kept_arrays(tmp_path / "0.run")
        assert found.keys() == ARRAYS.keys()
        for name, values in ARRAYS.items():
            assert found[name].tobytes() == values.tobytes()

    def test_nothing_is_kept_yet(self, tmp_path, caplog):
        assert kept_arrays(tmp_path / "0.run") is None
        assert not caplog.records

    def test_what_is_damaged_is_not_taken_and_said(self, tmp_path, caplog):
        path = tmp_path / "0.done"
        keep_arrays(path, ARRAYS)
        content = path.read_bytes()
        with caplog.at_level(logging.WARNING):
            for harmed in (b"", content[:40], content[:-1], content + b"x", *every_bit_flipped(content)):
                path.write_bytes(harmed)
                assert kept_arrays(path) is None
        assert "0.done: is not what was kept there; computed again" in caplog.text

    @pytest.mark.parametrize("place", ["a.work/1.done", "b.work/0.done"])
    def test_that_of_another_point_is_not_taken(self, tmp_path, place):
        keep_arrays(tmp_path / "a.work" / "0.done", ARRAYS)
        write_bytes(tmp_path / place, (tmp_path / "a.work" / "0.done").read_bytes())
        assert kept_arrays(tmp_path / place) is None


CONTENT = {"seconds": [1.5, None, 1e-300], "name": "µ", "lanes": 8}


class TestCheckedJson:
    def test_what_was_written_comes_back(self, tmp_path):
        write_checked(tmp_path / "a.json", CONTENT)
        assert read_checked(tmp_path / "a.json") == CONTENT

    def test_what_is_damaged_counts_as_not_there(self, tmp_path):
        path = tmp_path / "a.json"
        assert read_checked(path) is None
        write_checked(path, CONTENT)
        content = path.read_bytes()
        for harmed in (b"", b"[]", b"null", content[:-5], *every_bit_flipped(content)):
            path.write_bytes(harmed)
            found = read_checked(path)
            assert found is None or found == CONTENT  # e.g. a space that has become another

    def test_calibration_falls_back_on_the_reference(self, tmp_path, monkeypatch):
        from ngnmm_core.preflight import calibration
        from ngnmm_core.stages.contract import Rates
        from ngnmm_core.stages.registry import STAGES
        from ngnmm_core.study.load import make_study

        study = make_study("s", {"study": "s", "connectome": {"path": "a.csv"}, "grid": {"G": [1, 2]}})
        path = tmp_path / "rates.json"
        monkeypatch.setattr(calibration, "calibration_file", lambda *_: path)
        reference = STAGES["simulation"].cost(study, 6)
        assert calibration.rates(study, "simulation", 6) == reference
        write_checked(path, {"fixed": 1.0, "transient": 2.0, "window": 3.0, "lanes": 4, "source": "here"})
        assert calibration.rates(study, "simulation", 6) == Rates(1.0, 2.0, 3.0, 4, "here")
        path.write_text(path.read_text().replace("2.0", "2e9"))
        assert calibration.rates(study, "simulation", 6) == reference
        write_checked(path, {"of": "another version"})
        assert calibration.rates(study, "simulation", 6) == reference


class TestChecksums:
    @pytest.fixture
    def sealed(self, tmp_path):
        """A file with a companion, and their checksums."""
        path, series = tmp_path / "a.nc", tmp_path / "a.series.nc"
        path.write_bytes(b"results")
        series.write_bytes(b"series")
        seal(path, [series])
        return path

    @pytest.mark.parametrize(
        "content",
        [b"", b"\n", b"garbage", b"  \n", b"\xff\xfe\x00\x00", b"0" * 64, b"0" * 64 + b"  ", b"0" * 64 + b"  ../x\n"],
    )
    def test_a_garbled_checksum_makes_the_file_unfinished_and_blocks_nothing(self, sealed, content):
        checksum_path(sealed).write_bytes(content)
        assert not is_intact(sealed)
        with pytest.raises(ValueError, match="damaged, its content is not what its job wrote"):
            require_intact([sealed])
        discard(sealed)
        assert not sealed.exists()
        assert not is_sealed(sealed)

    def test_bits_of_the_checksum(self, sealed):
        content = checksum_path(sealed).read_bytes()
        for harmed in every_bit_flipped(content):
            checksum_path(sealed).write_bytes(harmed)
            is_intact(sealed, thorough=True)  # whatever it says, it says it
            if harmed[:64] != content[:64]:
                assert not is_intact(sealed, thorough=True)

    def test_that_of_another_file_does_not_count(self, sealed):
        other = sealed.with_name("b.nc")
        other.write_bytes(sealed.read_bytes())
        checksum_path(other).write_bytes(checksum_path(sealed).read_bytes())
        assert not is_intact(other)
        discard(other)
        assert sealed.is_file(), "it is named in the checksum that was copied"

    def test_a_companion_that_has_changed(self, sealed):
        series = sealed.with_name("a.series.nc")
        series.write_bytes(b"Series")
        assert not is_intact(sealed)
        assert not is_intact(sealed, thorough=True)

    def test_a_merge_reads_companions_too(self, sealed, monkeypatch):
        """A disk that goes wrong changes no date; here as if the checksum had been written later."""
        series = sealed.with_name("a.series.nc")
        series.write_bytes(b"Series")
        time.sleep(0.02)
        checksum_path(sealed).touch()
        assert is_intact(sealed), "nothing to be seen without reading"
        with pytest.raises(ValueError, match="damaged, its content is not what its job wrote"):
            require_intact([sealed])

    def test_it_is_on_the_disk_before_its_name(self, sealed, monkeypatch):
        events = []
        for name in ("fsync", "replace"):
            monkeypatch.setattr(f"ngnmm_core.storage.atomic.os.{name}", lambda *_, name=name: events.append(name))
        seal(sealed)
        assert events == ["fsync", "replace"]


def test_json_is_plain(tmp_path):
    write_checked(tmp_path / "a.json", {"b": 1})
    assert json.loads((tmp_path / "a.json").read_text())["content"] == {"b": 1}
