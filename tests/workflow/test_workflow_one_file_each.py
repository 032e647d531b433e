"""A model, an analysis with a map, and a stage, each added to a copy of the package as one file, in one study.

The files are those that the documentation shows.
"""

import json

import numpy as np
import pytest
import xarray as xr
from checkouts import REPOSITORY, blocks

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_each_is_one_file(new_checkout):
    checkout = new_checkout()
    package = checkout.folder / "ngnmm_core"
    peaks, stage, analysis = blocks("adding_an_analysis.md", "python")
    for place, text in (
        ("models/fitzhugh_nagumo.py", blocks("adding_a_model.md", "python")[0]),
        ("analysis/peaks.py", peaks),
        ("analysis/slope.py", analysis),
        ("stages/slope.py", stage),
    ):
        assert not (REPOSITORY / "ngnmm_core" / place).exists()
        (package / place).write_text(text)
    study = checkout.write_study(
        study="added",
        model={"name": "fitzhugh_nagumo"},
        grid={"G": [0, 0.05, 0.1, 0.15], "I_ext": [0.3, 0.5, 0.8, 1.1], "seed": [0]},
        simulation={"duration_ms": 120, "transient_ms": 40, "dt_ms": 0.1, "method": "rk4"},
        analyses=["rates", "peaks", "slope"],
    )
    targets = [f"results/added/{name}" for name in ("sweep.nc", "figures/map_peak.svg")]
    said = checkout.snakemake(*targets, "--configfile", study)
    assert "added (slope): 16 points" in said
    sweep = xr.load_dataset(checkout.folder / "results" / "added" / "sweep.nc")
    assert sweep["peak"].dims == ("G", "I_ext", "seed", "region")
    assert np.isfinite(sweep["peak"]).all()
    assert sweep["slope"].dims == ("G", "I_ext")
    expected = -1.0 + 1.0 / 3.0 + 0.5 + sweep["I_ext"]  # v - v^3 / 3 - w + I at v = -1, w = -0.5
    np.testing.assert_allclose(sweep["slope"], np.broadcast_to(expected, (4, 4)), rtol=1e-15)
    assert set(json.loads(sweep.attrs["code_hashes"])) == {"simulation", "slope"}
    figures = {path.name for path in (checkout.folder / "results" / "added" / "figures").glob("map_*.svg")}
    assert {"map_peak.svg", "map_slope.svg"} <= figures
