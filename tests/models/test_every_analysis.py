"""Every registered analysis on the classical models, through the public interface: it runs, or is refused before."""

import numpy as np
import pytest

from ngnmm_core.analysis.hub_scores import hub_scores
from ngnmm_core.analysis.registry import analysis_names
from ngnmm_core.api import get_connectome, run_stage
from ngnmm_core.connectome import Connectome, normalise
from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model
from ngnmm_core.products.dynamical_influence import dynamical_influence
from ngnmm_core.stages.lesions import hub_points
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.stages.task import Task
from ngnmm_core.study.load import make_study

pytestmark = pytest.mark.slow

# an oscillating point and one at rest; the state whose maxima are taken; the range of the drive for branches
POINTS = {"jansen_rit": ("p", [150.0, 600.0], 3.0), "wilson_cowan": ("P", [1.25, 2.5], 0.5)}
STATES = {"jansen_rit": "v", "wilson_cowan": "E"}
RANGES = {"jansen_rit": [0.0, 150.0], "wilson_cowan": [0.0, 2.0]}
SHORT = {
    "spectra": {"segment_ms": 500},
    "cross_frequency": {"surrogates": 19, "phase_bands": {"alpha": [8, 13], "beta": [13, 30]}},
    "amplitude_modulation": {"segment_ms": 1000},
    "network_lyapunov": {"exponents": 2, "duration_ms": 200, "transient_ms": 50},
    "lyapunov": {"duration_ms": 200},
    "transverse": {"duration_ms": 200},
    "multistability": {"starts": 2},
    "orbit_diagram": {"transient_ms": 500, "duration_ms": 500},
    "hubs": {"seeds": 2, "null_seeds": 4, "lesion": ["cut"], "duration_ms": 1500, "transient_ms": 500},
    "dynamic_fc": {"window_ms": 500, "step_ms": 250},
}
# what needs something that a model lacks, and what it is told
REFUSED = {
    ("recruitment", "wilson_cowan"): "no population of wilson_cowan has a rate in Hz",
    ("item_memory", "jansen_rit"): "no population of jansen_rit has a drive of its own",
    ("item_memory", "wilson_cowan"): "no population of wilson_cowan has a drive of its own",
}
# what must be there at the oscillating point
DEFINED = {
    "dispersion": ["growth_curve"],
    "hubs": ["hub_score"],
    "lyapunov": ["homogeneous_lyapunov_exponent"],
    "msf": ["msf"],
    "network_lyapunov": ["network_lyapunov_exponent"],
    "orbit_diagram": ["local_maxima"],
    "spectra": ["peak_frequency", "power_spectrum"],
}
ELSEWHERE = {"balance", "memory", "linear_fc", "bold", "fit"}  # need more of a study, and have tests of their own


def study_for(analysis, name):
    """A study of two points of a model with one analysis."""
    drive, values, coupling = POINTS[name]
    options = {
        "orbit_diagram": {"state": STATES[name]},
        "continuation": {"parameter": drive, "range": RANGES[name], "doublings": 0},
        "recruitment": {},
    }.get(analysis, {})
    pulse = {"name": "focal", "parameter": drive, "onset_ms": 700, "duration_ms": 100, "amplitude": 1.0, "region": 0}
    config = {
        "connectome": {"name": "made_up"},
        "model": {"name": name, "parameters": {"G": coupling}},
        "grid": {drive: values},
        "simulation": {
            "duration_ms": 2600, "transient_ms": 600, "dt_ms": 0.2, "sample_ms": 1.0, "method": "rk4",
            "stimuli": [pulse] if analysis == "recruitment" else [],
        },
        "analyses": {analysis: {**SHORT.get(analysis, {}), **options}},
        "highlights": [{drive: values[0]}] if analysis == "dynamic_fc" else [],
    }  # fmt: skip
    if analysis == "continuation":
        config["grid"] = {}
    return make_study("every", config)


def scored(study, runs, connectome):
    """Hub scores of merged lesion runs, as the workflow makes them."""
    W = normalise(connectome.weights, "row")
    points = study.points(False).take(hub_points(study))
    influence = dynamical_influence(Task(study.model, Connectome(W, tuple("abcdef")), points, {}, ()))
    return hub_scores(runs, study.options["hubs"], W, connectome.weights.values, influence)


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("analysis", sorted(set(analysis_names()) - ELSEWHERE))
def test_every_analysis_runs_or_is_refused(analysis, name, ring6):
    if (analysis, name) in REFUSED:
        with pytest.raises(InputError) as caught:
            study_for(analysis, name)
        assert REFUSED[analysis, name] in str(caught.value)
        assert "\n" not in str(caught.value)
        return
    study, connectome = study_for(analysis, name), get_connectome(ring6)
    stages = stages_of(study)
    assert stages
    found = {}
    for stage in stages:
        data = run_stage(study, stage, connectome)
        found |= dict(data.data_vars)
        if stage.name == "lesions":
            columns = stage.layout(study, len(ring6)).points.columns
            chosen = {POINTS[name][0], "lesion", "lesioned_region", "seed"}
            runs = data.assign_coords({key: ("run", columns[key]) for key in chosen})
            found |= dict(scored(study, runs, connectome).data_vars)
        else:
            assert {v.name for a, o in stage.analyses(study) for v in a.variables(o)} <= set(data.data_vars)
    check(analysis, name, found)


def check(analysis, name, found):
    """What is known beforehand of the two points: the first one oscillates, the second one is at rest."""
    model = get_model(name)
    first = {k: np.asarray(v.values[0] if v.ndim else v.values, float) for k, v in found.items()}
    defined = [k for k, v in found.items() if v.dtype.kind == "f" and k != "step_ms" and np.isfinite(first[k]).any()]
    without_numbers = analysis == "multistability" or (analysis == "rates" and model.populations[0].rate is None)
    assert bool(defined) != without_numbers, analysis
    for needed in DEFINED.get(analysis, ()):
        assert needed in defined
    if analysis == "spectra":
        assert (first["peak_frequency"] > 4).all()
        assert (first["peak_frequency"] < 60).all()
    if analysis == "hubs":
        assert np.isfinite(found["hub_gamma_change"].values[0]).all()
        assert (found["hubs_status"].values[1] != 0).all()  # nothing to score at rest
    if analysis == "rates":
        assert np.isnan(first["firing_rate"]).all() == (model.populations[0].rate is None)
    if analysis == "multistability":
        assert (found["attractor_count"].values >= 1).all()
    if analysis == "multistability":
        assert (found["attractor_count"].values >= 1).all()
    if analysis == "continuation":
        assert (first["branch_kind"] >= 0).sum() > 20
