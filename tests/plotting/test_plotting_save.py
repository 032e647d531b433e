"""Files of figures: the same bytes every time, complete or not there."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

from ngnmm_core.plotting.connectome import connectome_figure
from ngnmm_core.plotting.highlights import detail_sheet
from ngnmm_core.plotting.hubs import hub_figure
from ngnmm_core.plotting.maps import declared_maps, quantity_map
from ngnmm_core.plotting.parts.save import save
from ngnmm_core.plotting.regimes import regime_map

MAPS = declared_maps()
ROOT = Path(__file__).resolve().parents[2]


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_dataset_gives_the_same_bytes(tmp_path, hubs_of):
    # with subfigures, whose layout matplotlib solves to other last digits from call to call
    for name in ("first", "second", "third"):
        save(hub_figure(hubs_of(1, ("cut",)), 0), tmp_path / f"{name}.svg")
    assert len(set(digests(tmp_path).values())) == 1


@pytest.mark.slow
def test_every_kind_of_figure_has_the_same_bytes_twice(tmp_path, sweep, highlights, connectome_of, hubs_of):
    sweep["network_regime"].loc[{"G": 1}] = 0
    sweep["synchrony"].loc[{"G": 1}] = float("nan")
    for folder in (tmp_path / "first", tmp_path / "second"):
        figures = {
            "map": quantity_map(sweep, MAPS["synchrony"]),
            "regime": regime_map(sweep),
            "highlight": detail_sheet(highlights, 0),
            "connectome": connectome_figure(connectome_of()),
            "hubs": hub_figure(hubs_of(), 0),
        }
        for name, figure in figures.items():
            pictures = [folder / f"{name}.png"] if name in ("highlight", "hubs") else []  # with images; with subfigures
            save(figure, folder / f"{name}.svg", *pictures)
    assert len(digests(tmp_path / "first")) == 7
    assert digests(tmp_path / "first") == digests(tmp_path / "second")


def test_saving_again_gives_the_same_bytes(tmp_path, sweep):
    figure = quantity_map(sweep, MAPS["peak_frequency"])
    save(figure, tmp_path / "a.svg", tmp_path / "a.png")
    save(figure, tmp_path / "b.png", tmp_path / "b.svg")
    found = digests(tmp_path)
    assert found["a.svg"] == found["b.svg"]
    assert found["a.png"] == found["b.png"]


def test_files_tell_neither_time_nor_version(tmp_path, sweep):
    save(quantity_map(sweep, MAPS["synchrony"]), tmp_path / "a.svg", tmp_path / "a.png")
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert mpl.__version__.encode() not in content
        assert b"Matplotlib v" not in content
        assert b"dc:date" not in content


def test_the_settings_of_the_user_change_nothing_and_stay(tmp_path, sweep):
    save(quantity_map(sweep, MAPS["synchrony"]), tmp_path / "a.svg")
    with mpl.rc_context({"font.size": 20.0, "font.family": "serif", "svg.fonttype": "none", "axes.grid": True}):
        figure = quantity_map(sweep, MAPS["synchrony"])
        assert mpl.rcParams["font.size"] == 20.0
        assert mpl.rcParams["svg.fonttype"] == "none"
        save(figure, tmp_path / "b.svg")
        assert mpl.rcParams["svg.fonttype"] == "none"
    found = digests(tmp_path)
    assert found["a.svg"] == found["b.svg"]


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(tmp_path, sweep):
    sweep.to_netcdf(tmp_path / "sweep.nc")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "matplotlibrc").write_text("font.family: serif\nlines.linewidth: 5\n")
    command = [sys.executable, "workflow/scripts/figures.py", "--family", "maps", "--data", tmp_path / "sweep.nc"]
    for seed in ("1", "2"):
        folder = tmp_path / seed
        files = {kind: [folder / f"map_{name}.{kind}" for name in ("fc", "growth_rate")] for kind in ("svg", "png")}
        arguments = ["--svg", *files["svg"], "--others", *files["png"]]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        if seed == "2":
            environment["MPLCONFIGDIR"] = str(tmp_path / "config")
        subprocess.run([*map(str, (*command, *arguments))], cwd=ROOT, env=environment, check=True)
    assert len(digests(tmp_path / "1")) == 4
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_a_failed_save_leaves_the_old_file(tmp_path, sweep, monkeypatch):
    path = tmp_path / "a.svg"
    path.write_text("old")
    figure = quantity_map(sweep, MAPS["synchrony"])

    def fail(*arguments, **options):
        Path(arguments[0]).write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        save(figure, path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]


def test_other_formats_are_refused(tmp_path, sweep):
    with pytest.raises(ValueError, match="allowed"):
        save(quantity_map(sweep, MAPS["synchrony"]), tmp_path / "a.tiff")
