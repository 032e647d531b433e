"""The bundled studies of the comparison, and a mini comparison from simulations to the tables."""

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.analysis.repertoire import CHAOS, STEADY, TORUS, coupling_table, read, regime_table
from ngnmm_core.api import run_study
from ngnmm_core.models import get_model
from ngnmm_core.study.load import load_studies
from ngnmm_core.study.yaml_files import read_yaml

NAMES = ("repertoire", "repertoire_quick")


@pytest.fixture
def bundled(request):
    """`bundled(name)`: the content of a bundled study."""
    folder = request.config.rootpath / "config" / "studies"
    return lambda name: read_yaml(folder / f"{name}.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_models_ranges_and_connectome_are_the_same_at_both_sizes(bundled, name):
    studies, full = (load_studies(bundled(n)) for n in (name, "repertoire"))
    assert [s.model.name for s in studies.values()] == ["jansen_rit", "wilson_cowan", "ei_ngnmm"]
    for one, other in zip(studies.values(), full.values(), strict=True):
        assert one.config.connectome == other.config.connectome
        assert list(one.axes) == list(other.axes)
        for axis, values in one.axes.items():
            longer = other.axes[axis]
            assert values.min() - longer.min() <= 1.0
            assert longer.max() - values.max() <= 0.1 * np.ptp(longer)
            assert values.min() > 0 or axis != "G"  # uncoupled, there are no modes


def connectome(W):
    regions = [f"R{k}" for k in range(len(W))]
    attrs = {"name": "ring", "title": "ring"}
    return xr.Dataset({"weights": (("region", "source_region"), W)}, {"region": regions}, attrs)


@pytest.mark.slow
def test_wilson_cowan_from_simulation_to_tables(bundled, ring6):
    """Low state, beta cycle, gamma cycle, high state: by the period of the cycle, and by hand."""
    study = bundled("repertoire_quick")
    config = study["base"] | {"study": "mini"} | study["parts"]["wilson_cowan"]
    config["grid"] = {"G": [0.5], "P": [0.0, 1.25, 1.6, 2.5]}
    config["simulation"] = {**config["simulation"], "duration_ms": 5000, "transient_ms": 500, "method": "rk4"}
    (mini,) = load_studies(config).values()
    found = read(run_study(mini, connectome(ring6)).assign_attrs(model="wilson_cowan"))
    assert found.kinds.tolist() == [STEADY, "beta cycle", "gamma cycle", STEADY]
    table = regime_table([found])
    occurs = dict(zip(table.regime, table.occurs, strict=True))
    assert (occurs[CHAOS], occurs[TORUS]) == ("no", "no")  # two states: no room for either
    assert (found.leading < 0).all()
    rest = table[table.regime == STEADY].iloc[0]
    assert rest.fraction == 0.5
    # at E = I = 0, P = 0: the slope of each sigmoid there, times what it takes in, less the leak
    at_zero = np.flatnonzero(found.axes["P"] == 0.0)[0]
    p = get_model("wilson_cowan").resolve({"G": 0.5})
    shift = {k: 1 / (1 + np.exp(p[f"a_{k}"] * p[f"theta_{k}"])) for k in "ei"}
    slope = {k: (1 - shift[k]) * p[f"a_{k}"] * shift[k] * (1 - shift[k]) for k in "ei"}
    jacobian = [[slope["e"] * (16 + 0.5) - 1, -slope["e"] * 12], [slope["i"] * 15, -slope["i"] * 3 - 1]]
    assert found.leading[at_zero] == pytest.approx(1000 * np.linalg.eigvals(jacobian).real.max() / 8, rel=1e-6)
    coupling = coupling_table([found])
    assert coupling.defined.max() <= 2  # nothing at rest
