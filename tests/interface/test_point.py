"""`python -m ngnmm_core point`: one point at the prompt."""

import numpy as np
import pytest

from ngnmm_core.cli import main
from ngnmm_core.errors import InputError
from ngnmm_core.single_point import point_dataset

SHORT = ["--duration_ms", "600", "--transient_ms", "100"]


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    """A file with an undirected network of six regions."""
    weights = np.triu(np.random.default_rng(6).uniform(0.2, 1.0, (6, 6)), 1).round(3)
    path = tmp_path_factory.mktemp("six") / "six.csv"
    np.savetxt(path, weights + weights.T, delimiter=",", fmt="%g")
    return path


def test_a_point_is_told_and_drawn(six, tmp_path, capsys):
    output = tmp_path / "point.png"
    main(["point", "--connectome", str(six), "--I_ext_e", "13", "--G=5", *SHORT, "--output", str(output)])
    said = capsys.readouterr().out
    assert output.read_bytes().startswith(b"\x89PNG")
    assert "limit cycle" in said
    assert "14.18 ms" in said  # the period of the reference, which no connectome changes
    assert said.splitlines()[-1].startswith(str(output))


def test_the_numbers_are_those_of_a_study(six):
    dataset = point_dataset({"I_ext_e": 13.0, "G": 5.0}, six, duration_ms=600.0, transient_ms=100.0)
    assert dataset.sizes["highlight"] == 1
    np.testing.assert_allclose(dataset.orbit_period, 14.179589659, rtol=1e-6)
    assert dataset.eigenvalue_real[0] == pytest.approx(1.0)


def test_without_equal_row_sums_there_is_no_dispersion_relation(six):
    times = {"duration_ms": 600.0, "transient_ms": 100.0}
    dataset = point_dataset({"I_ext_e": 13.0, "G": 1.0}, six, normalization="max", **times)
    assert "msf" not in dataset
    assert np.isfinite(dataset.firing_rate).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--I_ext", "13"], ["--I_ext", "I_ext_e"]),
        (["--G", "five"], ["--G", "five"]),
        (["--G"], ["--G", "no value"]),
        (["--output", "point.txt"], ["--output", "point.txt", ".png"]),
        (["--output", "nowhere/point.png"], ["--output", "nowhere"]),
    ],
)
def test_bad_words_are_refused_in_one_line(six, arguments, words):
    with pytest.raises(InputError) as caught:
        main(["point", "--connectome", str(six), *arguments])
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("command", ["point", "new"])
def test_a_full_disk_is_told_in_one_line_and_nothing_is_lost(six, tmp_path, monkeypatch, capsys, command):
    def full(*paths):
        raise OSError(28, "No space left on device")

    output = tmp_path / {"point": "point.PNG", "new": "first.yaml"}[command]
    words = ["point", "--connectome", str(six), "--G", "5", *SHORT, "--output"] if command == "point" else ["new"]
    if command == "point":
        output.write_bytes(b"what was there")
    monkeypatch.setattr("ngnmm_core.storage.atomic.os.replace", full)
    with pytest.raises(InputError, match=r"can't be written \(No space left on device\); allowed: [^\n]*$"):
        main([*words, str(output)])
    kept = {"point.PNG": b"what was there"} if command == "point" else {}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    assert command == "new" or "largest growth" in capsys.readouterr().out
