"""Every model of the next-generation family on a small network: simulations, growth rates and Lyapunov exponents."""

import numpy as np
import pytest

from ngnmm_core.api import get_connectome, run_stage
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.study.load import make_study

pytestmark = pytest.mark.slow  # compiles four kernels per model
# their default method, multirate, takes ten seconds to compile for each and is tried with the other models; the kernel
# of this one is that of test_model_equations.py
RUNGE_KUTTA = ("ngnmm_conductance", "ngnmm_gap", "ngnmm_sd", "ngnmm_memory")

ANALYSES = {
    "rates": {}, "spectra": {"segment_ms": 500}, "fc": {"signals": ["rate"]}, "synchrony": {}, "series": {}, "msf": {},
    "network_lyapunov": {"exponents": 2, "duration_ms": 200, "transient_ms": 50},
}  # fmt: skip
# oscillating points, and the number of populations
POINTS = {
    "ngnmm_conductance": ({"G": 0.3}, 1),
    "ngnmm_gap": ({"G": 1.0}, 1),
    "ngnmm_sfa": ({"I_ext": -3.0, "G": 1.0}, 1),
    "ngnmm_sd": ({"I_ext": 0.7, "G": 0.5}, 1),
    "ngnmm_stp": ({"I_ext": 0.45, "G": 0.5}, 1),
    "ngnmm_memory": ({"I_B": 2.0, "G": 0.5}, 3),
    "ei_ngnmm_synapses": ({"J_ie": 15.0, "J_ei": 15.0, "J_ii": 0.0, "I_ext_e": 12.0, "G": 1.0}, 2),
    "ei_ngnmm_adaptation": ({"I_ext_e": 10.0, "G": 1.0}, 2),
}


@pytest.mark.parametrize("name", POINTS)
def test_analyses_work(name, ring6):
    parameters, populations = POINTS[name]
    config = {
        "connectome": {"name": "made_up"},
        "model": {"name": name, "parameters": parameters},
        "grid": {"seed": [0]},
        "simulation": {
            "duration_ms": 1500, "transient_ms": 500, "sample_ms": 0.5,
            **({"method": "rk4", "dt_ms": 0.02} if name in RUNGE_KUTTA else {}),
        },
        "analyses": ANALYSES,
    }  # fmt: skip
    study, found = make_study("family", config), {}
    for stage in stages_of(study):
        data = run_stage(study, stage, get_connectome(ring6)).data_vars
        found |= {name: v.values[0] if v.ndim else v.values for name, v in data.items()}
    assert found["firing_rate"].shape == (populations, 6)
    assert (found["firing_rate"] > 0.5).all()  # Hz
    assert (found["population_synchrony"] > 0).all()
    assert (found["population_synchrony"] < 1).all()
    assert {k: int(found[k]) for k in ("simulation_status", "rates_status", "msf_status")} == {
        "simulation_status": 0, "rates_status": 0, "msf_status": 0,
    }  # fmt: skip
    assert np.isfinite(found["msf"]).all()
    assert np.isfinite(found["network_lyapunov_exponent"]).all()
