"""A model, an analysis with a map, and a stage, each added to a copy of the package as one file, in one study."""

import json

import numpy as np
import pytest
import xarray as xr
from checkouts import REPOSITORY, blocks

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

STAGE = '''
"""The stage `slope`: how fast the observable changes at the nominal initial state."""

import numpy as np

from ngnmm_core.stages.contract import Stage
from ngnmm_core.stages.layouts import homogeneous_layout


def run(task):
    """Results, one array [point, ...] per variable."""
    model, parameters = task.model, task.points.parameters
    count = len(task.points)
    states = tuple(np.full(count, state.initial) for state in model.states)
    drive = tuple(parameters[name] for name in model.drives)
    change = model.derivative(states, drive, model.coefficients(parameters), np.zeros(count))
    return {"slope": change[model.observable_index], "slope_status": np.zeros(count, np.int8)}


def warm(task):
    """Nothing is compiled."""


STAGE = Stage(name="slope", run=run, warm=warm, layout=homogeneous_layout)
'''
ANALYSIS = '''
"""Rate of change of the observable at the nominal initial state."""

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, as_it_is


class SlopeOptions(Options):
    """No options."""


SLOPE = Map(
    "slope", "slope", "initial slope", "**Slope** at the start.", as_it_is, Look("vlag", diverging=True),
    statuses=("slope_status",),
)
ANALYSIS = Analysis(
    name="slope",
    title="Initial slope",
    needs="slope",
    options=SlopeOptions,
    variables=lambda options: (Variable("slope", (), "ms-1", "initial slope of the observable"), status("slope")),
    maps=lambda options: (SLOPE,),
)
'''


def test_each_is_one_file(new_checkout):
    checkout = new_checkout()
    package = checkout.folder / "ngnmm_core"
    for place, text in (
        ("models/fitzhugh_nagumo.py", blocks("adding_a_model.md", "python")[0]),
        ("analysis/peaks.py", blocks("adding_an_analysis.md", "python")[0]),
        ("analysis/slope.py", ANALYSIS),
        ("stages/slope.py", STAGE),
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
