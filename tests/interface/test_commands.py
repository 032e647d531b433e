"""`python -m ngnmm_core check` and `calibrate` on a small study of one's own."""

import numpy as np
import pytest
import yaml

from ngnmm_core.cli import main


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The name of a study file in the working directory, beside the connectome that it names."""
    np.savetxt(tmp_path / "four.csv", np.roll(np.eye(4), 1, axis=1), delimiter=",", fmt="%g")
    content = {
        "study": "small",
        "connectome": {"path": "four.csv"},
        "grid": {"G": [2, 5], "seed": [0, 1, 2]},
        "simulation": {"duration_ms": 60, "transient_ms": 20, "dt_ms": 0.05},
        "analyses": ["rates", "msf"],
    }
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NGNMM_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setenv("PYTHONPATH", "")
    return "small.yaml"


def test_check_tells_the_size_of_a_study(study, capsys):
    assert main(["check", study]) == 0
    assert "small: 6 points (2 x 3)" in capsys.readouterr().out


def test_calibrate_measures_every_stage_and_keeps_what_it_found(study, tmp_path, capsys):
    assert main(["calibrate", study]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["small (simulation)", "small (msf)"]
    assert all("of CPU time per point on " in line for line in lines)
    assert len(list(tmp_path.rglob("calibration*.json"))) == 2
