"""Fetching, building, writing and loading, with made-up wheels and files; nothing here needs a network."""

import re
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.connectome import ConnectomeSpec, ConnectomeWarning, build_connectome, load_connectome, output_name
from ngnmm_core.storage.netcdf import write_netcdf

SPEC = ConnectomeSpec(name="three")


def test_mean_over_subjects(made_up):
    dataset = build_connectome(SPEC, made_up())
    w, lengths, bold = made_up.weights, made_up.lengths, made_up.bold
    np.testing.assert_allclose(dataset.weights, (w[0] / w[0].max() + w[1] / w[1].max()) / 2, rtol=1e-15)
    # 0 <- 1: only the second subject has a tract; 2 <- 3: none has.
    assert dataset.tract_length.values[0, 1] == lengths[1, 0, 1]
    assert np.isnan(dataset.tract_length.values[2, 3])
    np.testing.assert_allclose(dataset.tract_length.values[3, 0], lengths[:, 3, 0].mean())
    assert (np.diagonal(dataset.tract_length) == 0).all()
    r = [np.corrcoef(series)[0, 3] for series in bold]
    np.testing.assert_allclose(dataset.empirical_fc.values[0, 3], np.tanh(np.arctanh(r).mean()), rtol=1e-6)
    assert (np.diagonal(dataset.empirical_fc) == 1).all()
    np.testing.assert_allclose(dataset.bold, bold, rtol=1e-7)
    np.testing.assert_allclose(dataset.time, 0.72 * np.arange(50))
    assert dataset.bold.attrs["repetition_time_s"] == 0.72


def test_labels_and_centres_from_source_that_is_not_run(made_up):
    dataset = build_connectome(SPEC, made_up())
    assert list(dataset.region.values) == ["Insula_L", "Insula_R", "Cuneus_L", "Vermis"]
    assert list(dataset.source_region.values) == list(dataset.region.values)
    assert list(dataset.hemisphere.values) == ["L", "R", "L", ""]
    np.testing.assert_allclose(dataset.centre_x, [-2.5, 2.5, -2.0, 0.0])
    np.testing.assert_allclose(dataset.centre_y, [5, 5, -30, -40])
    np.testing.assert_allclose(dataset.centre_z, [0.0, 0.0, 1.0, -9.0])


def test_attributes(made_up, capsys):
    registry = made_up()
    dataset = build_connectome(SPEC, registry)
    attributes = dataset.attrs
    assert attributes["name"] == "three"
    assert attributes["title"] == "Four regions"
    assert attributes["source"] == "fake 1.0 (wheel)"
    assert attributes["source_sha256"] == registry.entry("three").source.sha256
    assert attributes["terms"] == "for tests only"
    assert attributes["citation"] == "nobody"
    assert re.fullmatch("[0-9a-f]{64}", attributes["weights_hash"])
    assert "region i (row) receives from source_region j (column)" in attributes["comment"]
    assert all(isinstance(value, str) for value in attributes.values())
    for name, variable in dataset.variables.items():
        assert variable.attrs["long_name"], name
        if variable.dtype.kind == "f":
            assert variable.attrs["units"] in ("1", "mm", "s"), name
    printed = capsys.readouterr().err
    assert "Terms of use: for tests only" in printed
    assert "nobody" in printed


def test_wheel_with_another_hash_is_refused(made_up, refused):
    registry = made_up(lambda entry: entry["wheel"].update(sha256="0" * 64))
    found = made_up.wheel.name
    refused(lambda: build_connectome(SPEC, registry), "NGNMM_WHEELS", found, "sha256 is", "allowed: " + "0" * 64)


@pytest.mark.parametrize("altered", [False, True])
def test_a_downloaded_wheel_is_read_only_if_it_has_the_pinned_hash(made_up, monkeypatch, refused, tmp_path, altered):
    """pip brings a whole wheel of the right name; one that was altered on the way is a whole wheel as well."""
    registry, content = made_up(), made_up.wheel.read_bytes()
    monkeypatch.delenv("NGNMM_WHEELS")
    other = tmp_path / "other.whl"
    other.write_bytes(content)
    if altered:
        with zipfile.ZipFile(other, "a") as archive:
            archive.writestr("fake/more.txt", "x")

    def download(command, **options):
        folder = Path(command[command.index("--dest") + 1])
        (folder / made_up.wheel.name).write_bytes(other.read_bytes())
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("ngnmm_core.connectome.fetch.subprocess.run", download)
    if altered:
        pinned = registry.entry("three").source.sha256
        refused(lambda: build_connectome(SPEC, registry), "as downloaded", "sha256 is", f"allowed: {pinned}")
    else:
        assert build_connectome(SPEC, registry).sizes["region"] == 4


def test_a_wheel_named_in_the_study_is_checked_too(made_up, monkeypatch, refused, tmp_path):
    registry = made_up()
    other = tmp_path / "other.whl"
    other.write_bytes(made_up.wheel.read_bytes())
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("fake/more.txt", "x")
    spec = ConnectomeSpec(name="three", path=str(other))
    refused(lambda: build_connectome(spec, registry), "connectome.path", "other.whl", "sha256 is")


def test_wheel_named_in_the_study(made_up, monkeypatch):
    registry = made_up()
    monkeypatch.delenv("NGNMM_WHEELS")
    spec = ConnectomeSpec(name="three", path=str(made_up.wheel))
    assert build_connectome(spec, registry).sizes["region"] == 4


def test_without_a_network_the_message_says_what_to_do(made_up, monkeypatch, refused, tmp_path):
    registry = made_up()
    monkeypatch.setenv("NGNMM_WHEELS", str(tmp_path))  # has no such wheel
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    message = refused(
        lambda: build_connectome(SPEC, registry),
        "connectome three: cannot download fake==1.0",
        "set NGNMM_WHEELS",
        made_up.wheel.name,
        registry.entry("three").source.sha256,
        "pip download --no-deps --only-binary=:all:",
    )
    assert "http" not in message


def test_members_that_are_not_there(made_up, refused):
    registry = made_up(lambda entry: entry["options"]["weights"].update(variable="scc"))
    refused(lambda: build_connectome(SPEC, registry), "fake/a/sc.mat", "unknown 'scc'", "did you mean 'sc'?")
    registry = made_up(lambda entry: entry["options"]["weights"].update(member="fake/{subject}/no.mat"))
    refused(lambda: build_connectome(SPEC, registry), "connectome three", "has no member fake/a/no.mat")


def file_entry(made_up, url, sha256=None):
    """The registry with its entry turned into a single file at `url`."""

    def change(entry):
        import hashlib

        entry.pop("wheel", None)
        digest = sha256 or hashlib.sha256(b"2\n0 1 3\n1 0 4\n").hexdigest()
        entry["file"] = {"filename": "two.dat", "sha256": digest, "url": url, "environment": "NGNMM_TEST_FILE"}
        entry.update(reader="file", options={}, regions=2)

    return made_up(change)


def test_single_file_from_its_address(made_up, tmp_path, refused, monkeypatch):
    path = tmp_path / "there.dat"
    path.write_bytes(b"2\n0 1 3\n1 0 4\n")
    dataset = build_connectome(SPEC, file_entry(made_up, path.as_uri()))
    np.testing.assert_array_equal(dataset.weights, [[0, 3], [4, 0]])
    assert dataset.attrs["source"] == "two.dat"
    wrong = file_entry(made_up, path.as_uri(), "1" * 64)
    refused(lambda: build_connectome(SPEC, wrong), "as downloaded", "sha256 is", "1" * 64)
    nowhere = file_entry(made_up, "http://127.0.0.1:9/two.dat")
    words = ["cannot download http://127.0.0.1:9/two.dat", "connectome.path", "NGNMM_TEST_FILE", "two.dat (sha256 "]
    refused(lambda: build_connectome(SPEC, nowhere), *words)
    monkeypatch.setenv("NGNMM_TEST_FILE", str(path))
    assert build_connectome(SPEC, nowhere).identical(dataset)


def test_file_of_ones_own(tmp_path, network):
    np.savez(tmp_path / "mine.npz", weights=network, labels=["A_L", "A_R", "B_L"])
    spec = ConnectomeSpec(path=str(tmp_path / "mine.npz"))
    dataset = build_connectome(spec)
    np.testing.assert_array_equal(dataset.weights.sel(region="A_L", source_region="B_L"), 2.25)
    assert dataset.attrs["name"] == output_name(spec)
    assert dataset.attrs["source"] == "mine.npz"
    assert set(dataset.data_vars) == {"weights"}
    assert str(tmp_path) not in str(dataset.attrs)
    turned = build_connectome(ConnectomeSpec(path=str(tmp_path / "mine.npz"), transpose=True))
    np.testing.assert_array_equal(turned.weights, network.T)
    assert turned.attrs["weights_hash"] != dataset.attrs["weights_hash"]
    np.savez(tmp_path / "mine.npz", weights=network + np.eye(3))
    with pytest.warns(ConnectomeWarning, match="3 non-zero weights on the diagonal"):
        dataset = build_connectome(spec)
    assert "3 non-zero weights on the diagonal were set to zero" in dataset.attrs["comment"]


def test_written_and_loaded(made_up, tmp_path):
    dataset = build_connectome(SPEC, made_up())
    path = write_netcdf(dataset, tmp_path / "new" / "directory" / "three.nc")
    loaded = load_connectome(path)
    xr.testing.assert_identical(loaded, dataset)
    path.unlink()  # closed: can be deleted and is all in memory
    assert float(loaded.weights.sum()) == float(dataset.weights.sum())


def test_bytes_do_not_depend_on_time_or_on_where_the_data_came_from(made_up, tmp_path):
    dataset = build_connectome(SPEC, made_up())
    first = write_netcdf(dataset, tmp_path / "a.nc").read_bytes()
    time.sleep(1.1)  # HDF5 keeps times to a second, if it keeps them
    assert write_netcdf(load_connectome(tmp_path / "a.nc"), tmp_path / "b.nc").read_bytes() == first
    assert write_netcdf(build_connectome(SPEC, made_up()), tmp_path / "a.nc").read_bytes() == first


def test_files_that_are_not_connectomes(tmp_path, refused):
    refused(lambda: load_connectome(tmp_path / "no.nc"), "no.nc", "no such file")
    (tmp_path / "no.nc").write_text("text")
    refused(lambda: load_connectome(tmp_path / "no.nc"), "no.nc", "not a netCDF file")
    write_netcdf(xr.Dataset({"x": ("y", [1.0])}), tmp_path / "x.nc")
    refused(lambda: load_connectome(tmp_path / "x.nc"), "x.nc", "'weights'")


def test_edited_weights_are_noticed(made_up, tmp_path, refused):
    dataset = build_connectome(SPEC, made_up())
    dataset.weights[0, 2] *= 1 + 1e-15
    write_netcdf(dataset, tmp_path / "edited.nc")
    refused(lambda: load_connectome(tmp_path / "edited.nc"), "edited.nc", "the file says", "not edited")


def test_write_netcdf_is_all_or_nothing(tmp_path):
    good = xr.Dataset({"x": ("t", np.arange(1000.0), {"units": "1"})}, attrs={"numbers": [1, 2], "text": "ü"})
    path = write_netcdf(good, tmp_path / "x.nc")
    before = path.read_bytes()
    for attributes in ({"a": None}, {"a": {}}, {"a": True}, {"a": [1, None]}):
        with pytest.raises(TypeError, match="attribute 'a'"):
            write_netcdf(good.assign_attrs(attributes), path)
    with pytest.raises(TypeError, match="variable 'x' is complex"):
        write_netcdf(good * 1j, path)
    with pytest.raises(Exception, match="object"):
        write_netcdf(xr.Dataset({"x": ("t", np.array([{}], dtype=object))}), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.nc"]


def test_write_netcdf_compresses_large_arrays_only(tmp_path):
    big = np.zeros((100, 100))
    big[0, 0] = np.nan
    dataset = xr.Dataset({"big": (("i", "j"), big), "small": ("k", np.arange(3))}, {"name": ("k", ["a", "b", "ü"])})
    path = write_netcdf(dataset, tmp_path / "x.nc")
    with xr.open_dataset(path) as found:
        xr.testing.assert_identical(found.load(), dataset)
        assert found["big"].encoding["zlib"]
        assert found["big"].encoding["complevel"] == 4
        assert found["big"].encoding["shuffle"]
        assert not found["small"].encoding["zlib"]
    assert path.stat().st_size < 20_000
