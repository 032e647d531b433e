"""Settings that nothing in a study reads are refused: every setting of `simulation` beside every stage alone."""

from pathlib import Path

import pytest

from ngnmm_core.errors import InputError
from ngnmm_core.preflight.reach import check_reach
from ngnmm_core.preflight.unused import check_unused
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.load import load_studies, make_study
from ngnmm_core.study.yaml_files import read_yaml

PULSE = {"name": "kick", "parameter": "I_ext", "kind": "pulse", "onset_ms": 500, "duration_ms": 100}
# a value of every setting that is not its default, and how the refusal writes it
VALUES = {
    "duration_ms": (8000, "8000"),
    "transient_ms": (2000, "2000"),
    "dt_ms": (0.05, "0.05"),
    "accuracy": ("strict", "strict"),
    "sample_ms": (0.1, "0.1"),
    "method": ("rk4", "rk4"),
    "substeps": (4, "4"),
    "precision": ("float32", "float32"),
    "noise_sigma": (0.1, "0.1"),
    "noise_common": (0.2, "0.2"),
    "noise_tau_ms": (5.0, "5"),
    "velocity_m_per_s": (10.0, "10"),
    "delays": ("rounded", "rounded"),
    "missing_lengths": ("euclidean", "euclidean"),
    "initial": ({"from": "homogeneous"}, "from homogeneous, sd 0.01"),
    "keep_series": (True, "true"),
    "resection": ({"regions": [0]}, "regions [0], kind cut"),
    "stimuli": ([PULSE], "kick (pulse)"),
}
# what is needed beside a setting for a study that simulates to take it
BESIDE = {
    "substeps": {"method": "multirate"},
    "precision": {"method": "multirate"},
    "noise_common": {"noise_sigma": 0.1},
    "noise_tau_ms": {"noise_sigma": 0.1},
    "delays": {"velocity_m_per_s": 10.0},
    "missing_lengths": {"velocity_m_per_s": 10.0},
}
# Worked out from what each stage looks at.  Simulations and lesions run the network; linear_fc has noise around its
# rest, network_lyapunov starts where a simulation does, and rests have delays.  The others know one region, and no time
# but their own.
DELAYS = {"velocity_m_per_s", "missing_lengths"}
READS = dict.fromkeys(STAGES, frozenset()) | {
    "simulation": set(VALUES),
    "highlights": set(VALUES),
    "lesions": set(VALUES) - {"keep_series"},
    "network_lyapunov": {"initial"},
    "linear_fc": {"noise_sigma", "noise_common", "noise_tau_ms", *DELAYS},
    "msf": DELAYS,
    "dispersion": DELAYS,
}
ANALYSES = {"simulation": "rates", "highlights": "rates", "lesions": "hubs"}
OPTIONS = {"continuation": {"parameter": "I_ext", "range": [0, 20]}, "orbit_diagram": {"state": "v"}}
OPTIONS |= {"bistability": {"of": "region"}}


def alone(stage, simulation, **keys):
    analysis = ANALYSES.get(stage, stage)
    config = {
        "connectome": {"path": "six.csv"},
        "model": {"name": "ngnmm_population"},
        "grid": {"G": [2, 5]},
        "simulation": dict(simulation),
        "analyses": {analysis: OPTIONS.get(analysis, {})},
        "highlights": [{"G": 2}] if stage == "highlights" else [],
        **keys,
    }
    if stage == "linear_fc" and "noise_sigma" not in (keys.get("grid") or keys.get("points", [{}])[0]):  # needs noise
        config["simulation"] = {"noise_sigma": 0.1} | config["simulation"]
    if stage == "balance":
        config["model"] = {"balance": {"target_rate_hz": 10}}
        config["simulation"] = {
            k: [{**PULSE, "parameter": "I_ext_e"}] if k == "stimuli" else v for k, v in simulation.items()
        }
    return make_study("mini", config)


def refusal(study):
    """What is said of a setting that a stage can't take into account, or that nothing reads."""
    try:
        check_reach(study)
        check_unused([study])
    except InputError as error:
        return str(error)
    return "nothing"


def test_the_table_has_every_setting_and_every_stage():
    assert set(VALUES) == set(Simulation.model_fields)
    assert set(READS) == set(STAGES)


@pytest.mark.parametrize("setting", sorted(VALUES))
@pytest.mark.parametrize("stage", sorted(READS))
def test_a_setting_is_read_or_refused(stage, setting):
    value, written = VALUES[setting]
    if setting in READS[stage]:
        check_unused([alone(stage, BESIDE.get(setting, {}) | {setting: value})])
        return
    study = alone(stage, {setting: value})
    said = refusal(study)
    if setting == "missing_lengths":
        assert said == (
            "simulation.missing_lengths: euclidean without delays, for simulation.velocity_m_per_s is null; allowed: "
            "refuse, or a velocity"
        )
    elif "is not read by" in said:
        assert said.startswith(f"simulation.{setting}: {written} is not read by analyses.{ANALYSES.get(stage, stage)}")
    else:
        assert said.startswith(f"simulation.{setting}")
        assert "does not reach" in said


@pytest.mark.parametrize("stage", sorted(READS))
def test_what_a_stage_declares_to_read_is_what_its_job_is_given(stage):
    study = alone(stage, {"velocity_m_per_s": 10.0} if READS[stage] & DELAYS else {})
    given = set(STAGES[stage].settings(study)) & set(VALUES)
    assert given - {"keep_series"} == set(STAGES[stage].reads) - {"seed", "keep_series"}
    assert set(STAGES[stage].reads) - {"seed"} == READS[stage]


def test_the_refusal_is_one_line_with_what_would_read_it():
    assert refusal(alone("continuation", {"noise_sigma": 0.1})) == (
        "simulation.noise_sigma: 0.1 is not read by analyses.continuation; allowed: none of it, or beside it an "
        "analysis of hubs or linear_fc or simulations (rates, for one)"
    )


@pytest.mark.parametrize(
    "harmless", [{"noise_sigma": 0}, {"keep_series": False}, {"method": "auto"}, {"dt_ms": None}, {"stimuli": []}]
)
def test_what_changes_nothing_in_any_study_is_not_refused(harmless):
    check_unused([alone("continuation", harmless)])


def test_times_of_simulations_are_refused_beside_hubs_that_have_their_own():
    hubs = {"hubs": {"duration_ms": 3000, "transient_ms": 1000}}
    check_unused([alone("lesions", {"duration_ms": 3000}, analyses={"hubs": {}})])
    check_unused([alone("lesions", {"duration_ms": 4000}, analyses={**hubs, "rates": {}})])
    assert refusal(alone("lesions", {"duration_ms": 4000}, analyses=hubs)).startswith("simulation.duration_ms: 4000 is")


@pytest.mark.parametrize("table", ["grid", "points"])
@pytest.mark.parametrize(("stage", "name", "values", "read"), [
    ("msf", "seed", [0, 1], False),
    ("msf", "seed", [3, 3], False),
    ("simulation", "seed", [0, 1], True),
    ("network_lyapunov", "seed", [0, 1], True),
    ("linear_fc", "seed", [0, 1], False),
    ("continuation", "noise_sigma", [0.1, 0.2], False),
    ("linear_fc", "noise_sigma", [0.1, 0.2], True),
    ("msf", "velocity_m_per_s", [5.0, 10.0], True),
])  # fmt: skip
def test_an_axis_that_no_stage_reads_is_refused(table, stage, name, values, read):
    if table == "grid":
        study = alone(stage, {}, grid={"G": [2, 5], name: list(dict.fromkeys(values))})
    else:
        study = alone(stage, {}, grid=None, points=[{"G": 2, name: value} for value in values])
    if read:
        check_unused([study])
    else:
        found = ", ".join(f"{value:g}" for value in dict.fromkeys(values))
        assert refusal(study).startswith(f"{table}.{name}: {found} is not read by analyses.{stage}; allowed: ")


def test_the_seed_that_all_points_have_anyway_is_not_refused():
    check_unused([alone("msf", {}, grid={"G": [2, 5], "seed": [0]})])


def test_seeds_of_the_grid_do_not_reach_hubs():
    assert refusal(alone("lesions", {}, grid={"G": [2, 5], "seed": [0, 1]})).startswith(
        "grid.seed: 0, 1 is not read by"
    )


def test_a_setting_beside_an_axis_that_sets_it_is_refused():
    study = alone("simulation", {"noise_sigma": 0.3}, grid={"G": [2], "noise_sigma": [0.1, 0.2]})
    assert refusal(study) == (
        "simulation.noise_sigma: 0.3 beside grid.noise_sigma, which sets it at every point; allowed: one of the two"
    )


def test_local_steps_are_for_methods_that_take_them():
    assert refusal(alone("simulation", {"substeps": 4})) == (
        "simulation.substeps: 4, and simulation.method riccati takes no local steps; allowed: method: multirate, or no "
        "substeps"
    )


def test_highlights_and_recordings_that_nothing_looks_at_are_refused():
    said = refusal(alone("msf", {}, highlights=[{"G": 2}]))
    assert said.startswith("highlights: {'G': 2")
    assert "simulations" in said
    assert refusal(alone("msf", {}, empirical={"source": "connectome"})).startswith(
        "empirical: connectome is not read by"
    )


# ---------------------------------------------------------------- parts of one file
def parts(base=None, **own):
    config = {"study": "both", "base": {"connectome": {"path": "six.csv"}, **(base or {})}, "parts": own}
    return load_studies(config).values()


RATES, MSF = {"analyses": ["rates"]}, {"analyses": ["msf"]}


def test_what_one_part_reads_may_stand_in_the_base_of_all():
    noise = {"simulation": {"noise_sigma": 0.1, "duration_ms": 3000}, "grid": {"G": [2], "seed": [0, 1]}}
    check_unused(parts(noise, net=RATES, system=MSF))
    with pytest.raises(
        InputError, match=r"^simulation.duration_ms: 3000 is not read by analyses.msf and the other parts"
    ):
        check_unused(parts(noise, one=MSF, other=MSF))
    with pytest.raises(InputError, match=r"^grid.seed: 0, 1 is not read by analyses.msf and the other parts"):
        check_unused(parts({"grid": noise["grid"]}, one=MSF, other=MSF))


def test_what_a_part_sets_itself_must_be_read_by_that_part():
    with pytest.raises(InputError, match=r"^simulation.noise_sigma: 0.1 is not read by analyses.msf; "):
        check_unused(parts(net=RATES, system={**MSF, "simulation": {"noise_sigma": 0.1}}))
    with pytest.raises(InputError, match=r"^grid.seed: 0, 1 is not read by analyses.msf; "):
        check_unused(parts({"grid": {"seed": [0, 1]}}, net=RATES, system={**MSF, "grid": {"seed": [0, 1]}}))


def test_a_setting_of_the_base_that_every_reader_replaces_is_refused():
    replaced = {**RATES, "simulation": {"duration_ms": 2000}}
    with pytest.raises(InputError, match=r"^simulation.duration_ms: 3000 is not read by analyses.msf and the other"):
        check_unused(parts({"simulation": {"duration_ms": 3000}}, net=replaced, system=MSF))


def test_studies_of_other_files_read_nothing_of_this_one():
    other = load_studies(
        {"study": "other", "connectome": {"path": "six.csv"}, "simulation": {"noise_sigma": 0.1}, **RATES}
    )
    check_unused(other.values())
    with pytest.raises(InputError, match=r"^simulation.noise_sigma"):
        check_unused([*parts({"simulation": {"noise_sigma": 0.1}}, one=MSF, other=MSF), *other.values()])


@pytest.mark.parametrize("file", [*sorted(Path("config/studies").glob("*.yaml")), Path("config/config.yaml")], ids=str)
def test_bundled_studies_set_nothing_for_nothing(file):
    check_unused(load_studies(read_yaml(file), str(file), file.parent).values())
