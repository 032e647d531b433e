"""The registry, the study key and the hash that identifies a connectome without building it."""

import subprocess
import sys

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, load_registry, output_name, source_identity

NAMES = ["hcp-aal2-94", "schaefer-1000", "schaefer-100", "dk-84", "aal90-sc2017"]


def test_registry_of_the_repository(registry):
    assert list(registry) == ["single", *NAMES]
    for name in NAMES:
        entry = registry.entry(name)
        assert entry.terms
        assert any("doi:10." in item for item in entry.citation)
        assert entry.title
        assert entry.atlas
    assert load_registry().path == registry.path


def test_importing_the_package_stays_light():
    code = (
        "import sys, ngnmm_core.connectome as c; r = c.load_registry(); "
        "c.source_identity(c.ConnectomeSpec(name='hcp-aal2-94'), r); "
        "print([m for m in ('numpy', 'scipy', 'xarray', 'pandas', 'netCDF4') if m in sys.modules]); c.normalise"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_region_alone_has_no_source(registry, refused, tmp_path):
    spec = ConnectomeSpec(name="single")
    dataset = build_connectome(spec, registry)
    np.testing.assert_array_equal(dataset.weights, [[0.0]])
    assert list(dataset.region.values) == ["population"]
    assert source_identity(spec, registry) != source_identity(ConnectomeSpec(name="dk-84"), registry)
    refused(lambda: source_identity(ConnectomeSpec(name="single", path="a.csv"), registry), "connectome.path", "a.csv")
    (tmp_path / "r.yaml").write_text(
        "one: {title: a, atlas: b, regions: 1, reader: isolated, terms: c, citation: [],"
        " file: {filename: a.csv, sha256: " + "a" * 64 + "}}"
    )
    refused(lambda: load_registry(tmp_path / "r.yaml"), "one", "isolated")


def test_unknown_name(registry, refused):
    spec = ConnectomeSpec(name="hcp-aal2-90")
    words = ["connectome.name", "unknown 'hcp-aal2-90'", "did you mean 'hcp-aal2-94'?", "aal90-sc2017"]
    refused(lambda: source_identity(spec, registry), *words)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({}, ["neither 'name' nor 'path'"]),
        ({"nmae": "x", "path": "y"}, ["nmae", "Extra inputs"]),
        ({"name": "dk-84", "transpose": True}, ["connectome.transpose", "'dk-84'", "only for a file of your own"]),
        ({"name": "dk-84", "labels": "l.txt"}, ["connectome.labels"]),
        ({"path": "b.mat", "transpose": "perhaps"}, ["transpose", "boolean"]),
    ],
)
def test_specs_that_are_refused(key, words):
    with pytest.raises(ValidationError) as caught:
        ConnectomeSpec(**key)
    for word in words:
        assert word in str(caught.value)


def test_command_line_strings_are_coerced():
    assert ConnectomeSpec(path="b.csv", transpose="true").transpose is True


def test_identity_of_a_registry_entry(made_up):
    spec = ConnectomeSpec(name="three")
    first = source_identity(spec, made_up())
    assert first == source_identity(spec, made_up())
    assert len(first) == 64
    assert first == source_identity(spec, made_up(lambda e: e.update(title="another", terms="others")))
    assert first == source_identity(ConnectomeSpec(name="three", path=str(made_up.wheel)), made_up())
    assert first != source_identity(spec, made_up(lambda e: e["options"].update(subjects=["a"])))
    assert output_name(spec) == "three"


def test_identity_follows_content_and_options_of_a_file(tmp_path, network):
    path = tmp_path / "my brain (1).npz"
    np.savez(path, weights=network)
    spec = ConnectomeSpec(path=str(path))
    seen = [source_identity(spec)]
    copy = tmp_path / "elsewhere.npz"
    copy.write_bytes(path.read_bytes())
    assert source_identity(ConnectomeSpec(path=str(copy))) == seen[0]
    seen.append(source_identity(ConnectomeSpec(path=str(path), transpose=True)))
    seen.append(source_identity(ConnectomeSpec(path=str(path), variable="weights")))
    (tmp_path / "my brain (1)_labels.txt").write_text("a\nb\nc\n")
    seen.append(source_identity(spec))
    (tmp_path / "my brain (1)_labels.txt").write_text("a\nb\nd\n")
    seen.append(source_identity(spec))
    np.savez(path, weights=2 * network)
    seen.append(source_identity(spec))
    assert len(set(seen)) == len(seen)
    assert output_name(spec) == f"my_brain_1-{seen[-1][:8]}"


def test_identity_refuses_what_is_not_there(tmp_path, refused):
    refused(lambda: source_identity(ConnectomeSpec(path=str(tmp_path / "b.csv"))), "connectome.path", "no such file")
    (tmp_path / "b.csv").write_text("0,1\n1,0\n")
    spec = ConnectomeSpec(path=str(tmp_path / "b.csv"), labels=str(tmp_path / "l"))
    refused(lambda: source_identity(spec), "connectome.labels", "no such file")


def test_local_copies_are_checked(tmp_path, monkeypatch, registry, refused):
    copy = tmp_path / "sc2017.dat"
    copy.write_text("2\n0 1 1\n1 0 1\n")
    sha256 = registry.entry("aal90-sc2017").source.sha256
    spec = ConnectomeSpec(name="aal90-sc2017", path=str(copy))
    refused(lambda: source_identity(spec, registry), "connectome.path", "sc2017.dat", "sha256 is", f"allowed: {sha256}")
    monkeypatch.setenv("NGNMM_SC2017", str(copy))
    named = ConnectomeSpec(name="aal90-sc2017")
    refused(lambda: source_identity(named, registry), "NGNMM_SC2017", "sha256 is", sha256)
    monkeypatch.setenv("NGNMM_SC2017", str(tmp_path / "nowhere.dat"))
    refused(lambda: source_identity(named, registry), "NGNMM_SC2017", "nowhere.dat", "no such file")
    monkeypatch.setenv("NGNMM_WHEELS", str(tmp_path / "nowhere"))
    refused(lambda: source_identity(ConnectomeSpec(name="dk-84"), registry), "NGNMM_WHEELS", "no such directory")


PLACE = {"member": "a.npz", "variable": "w"}
WINDOWS = {"weights": PLACE, "fcd": {**PLACE, "window_s": 30, "step_s": 0}}
RUNNING = {"weights": PLACE, "labels": {"numbered": ["L_{}", "R_{}"]}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e.update(titel="x"), ["three.titel", "unknown key", "did you mean 'title'?"]),
        (lambda e: e.pop("terms"), ["three.terms", "required"]),
        (lambda e: e["wheel"].update(sha256="abc"), ["three.wheel.sha256", "found 'abc'"]),
        (lambda e: e.update(reader="magic"), ["three.reader", "'members', 'file' or 'isolated'", "found 'magic'"]),
        (lambda e: e.pop("wheel"), ["three", "either 'wheel' or 'file'"]),
        (
            lambda e: e["options"].update(subject=1),
            ["three.options.subject", "unknown key", "did you mean 'subjects'?"],
        ),
        (lambda e: e["options"].pop("weights"), ["three.options.weights", "required"]),
        (lambda e: e["options"]["atlas"].pop("class"), ["three.options.atlas.class", "required"]),
        (lambda e: e.update(reader="members", options=WINDOWS), ["three.options.fcd.step_s", "greater than 0", "0"]),
        (lambda e: e.update(reader="members", options=RUNNING), ["three.options.labels.numbered.each", "required"]),
    ],
)
def test_registry_entries_that_are_refused(made_up, refused, change, words):
    refused(lambda: made_up(change), "registry.yaml", *words)


def test_registry_files_that_are_refused(tmp_path, refused):
    refused(lambda: load_registry(tmp_path / "no.yaml"), "no.yaml", "cannot read the registry", "No such file")
    (tmp_path / "r.yaml").write_text("a: [1\nb: 2")
    refused(lambda: load_registry(tmp_path / "r.yaml"), "r.yaml", "not valid YAML", "line")
    (tmp_path / "r.yaml").write_text("- a\n")
    refused(lambda: load_registry(tmp_path / "r.yaml"), "found list", "mapping")
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({"a": 1}))
    refused(lambda: load_registry(tmp_path / "r.yaml"), "a", "found 1")
