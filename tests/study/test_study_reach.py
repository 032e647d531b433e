"""Settings that can't reach what a study asks for are refused: every pair of setting and stage."""

import pytest

from ngnmm_core.errors import InputError
from ngnmm_core.preflight.reach import check_reach
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.load import make_study

TIMES = {"duration_ms": 3000, "transient_ms": 1000, "method": "heun", "dt_ms": 0.01}
PULSE = {"name": "kick", "parameter": "I_ext_e", "kind": "pulse", "onset_ms": 1500, "duration_ms": 100}
# Worked out from what each stage looks at: True for what reaches it, False for what must be refused.  The homogeneous
# system is that without noise and stimuli, which a study may have for its simulations.
OF_SYSTEM = ("msf", "transverse", "dispersion", "lyapunov", "multistability", "orbit_diagram", "continuation")
AT_REST = ("msf", "dispersion")  # where delays are taken into account
NOISES = ("noise_sigma", "noise_common", "noise_tau_ms")
EVERYTHING = dict.fromkeys(("resection", *NOISES, "stimuli", "velocity_m_per_s"), True)
NOTHING = dict.fromkeys(EVERYTHING, False)
REACHES = {
    "simulation": EVERYTHING,
    "highlights": EVERYTHING,
    "lesions": EVERYTHING,
    "network_lyapunov": NOTHING,
    "linear_fc": NOTHING | dict.fromkeys((*NOISES, "velocity_m_per_s"), True),
    "balance": EVERYTHING | {"resection": False, "velocity_m_per_s": False},
    **{stage: EVERYTHING | {"resection": False, "velocity_m_per_s": stage in AT_REST} for stage in OF_SYSTEM},
    "bistability": EVERYTHING | {"velocity_m_per_s": False},  # of one region without the others, or at rest
}
AXES = {"resection": "resection.region", "stimuli": "kick.amplitude", "velocity_m_per_s": "velocity_m_per_s"}
AXES |= {name: name for name in NOISES}
VALUES = {"resection": [0, 1], "noise_sigma": [0.05, 0.1], "noise_common": [0.0, 0.1], "stimuli": [1.0, 2.0]}
VALUES |= {"noise_tau_ms": [0.0, 5.0], "velocity_m_per_s": [5.0, None]}
ANALYSES = {"simulation": "rates", "highlights": "rates", "lesions": "hubs", "continuation": "continuation"}
OPTIONS = {"continuation": {"parameter": "I_ext_e", "range": [0, 20]}, "bistability": {"of": "region"}}


def study_with(stage, simulation=None, grid=None):
    """A study of one stage on `ngnmm_population` where the stage needs an equilibrium curve, else `ei_ngnmm`."""
    analysis = ANALYSES.get(stage, stage)
    config = {
        "connectome": {"path": "six.csv"},
        "grid": {"G": [2, 5], **(grid or {})},
        "simulation": {**TIMES, **(simulation or {})},
        "analyses": {analysis: OPTIONS.get(analysis, {})},
        "highlights": [{"G": 2}] if stage == "highlights" else [],
    }
    if stage == "balance":
        config["model"] = {"balance": {"target_rate_hz": 10}}
    if stage == "linear_fc":
        config["simulation"].setdefault("noise_sigma", 0.1)  # without noise it is refused for that
    if stage == "bistability":
        config |= {"model": {"name": "ngnmm_population"}}
        config["simulation"].pop("method")
        config["simulation"].pop("dt_ms")
        if "stimuli" in config["simulation"]:
            config["simulation"]["stimuli"] = [{**PULSE, "parameter": "I_ext"}]
    return make_study("mini", config)


def test_the_table_has_every_stage():
    assert set(REACHES) == set(STAGES)


@pytest.mark.parametrize("setting", sorted(AXES))
@pytest.mark.parametrize("stage", sorted(REACHES))
def test_what_does_not_reach_a_stage_is_refused(stage, setting):
    given = {
        "resection": {"resection": {"regions": [0]}},
        "noise_sigma": {"noise_sigma": 0.1},
        "noise_common": {"noise_common": 0.1, "noise_sigma": 0.1 if REACHES[stage][setting] else 0.0},
        "noise_tau_ms": {"noise_tau_ms": 5.0, "noise_sigma": 0.1 if REACHES[stage][setting] else 0.0},
    }
    given["velocity_m_per_s"] = {"velocity_m_per_s": 10.0}
    study = study_with(stage, simulation=given.get(setting, {"stimuli": [PULSE]}))
    if REACHES[stage][setting]:
        check_reach(study)
        return
    with pytest.raises(
        InputError, match=rf"^simulation\.{setting}.* does not reach analyses\.\w+; allowed: none of it"
    ):
        check_reach(study)


@pytest.mark.parametrize("setting", sorted(AXES))
@pytest.mark.parametrize("stage", sorted(REACHES))
def test_an_axis_that_does_not_reach_a_stage_is_refused(stage, setting):
    beside = {
        "stimuli": {"stimuli": [PULSE]},
        "noise_common": {"noise_sigma": 0.1},
        "noise_tau_ms": {"noise_sigma": 0.1},
    }
    study = study_with(stage, simulation=beside.get(setting, {}), grid={AXES[setting]: VALUES[setting]})
    if REACHES[stage][setting] and stage != "lesions":  # scores compare runs at points of the model's parameters
        check_reach(study)
        return
    with pytest.raises(InputError, match=r"does not reach analyses\.\w+; allowed: no"):
        check_reach(study)


@pytest.mark.parametrize(
    ("kind", "unused"),
    [
        ("pulse", {"frequency_hz": 5.0}),
        ("pulse", {"times_ms": [0, 1], "values": [0, 1]}),
        ("sinusoid", {"count": 3}),
        ("sinusoid", {"period_ms": 50.0}),
        ("table", {"times_ms": [0, 10], "values": [0, 1], "duration_ms": 100.0}),
        ("table", {"times_ms": [0, 10], "values": [0, 1], "phase_deg": 90.0}),
    ],
)
def test_what_a_kind_of_stimulus_does_not_use_is_refused(kind, unused):
    stimulus = {"name": "kick", "parameter": "I_ext_e", "kind": kind, "onset_ms": 1500, **unused}
    field = next(name for name in unused if name not in ("values", "times_ms") or kind != "table")
    with pytest.raises(
        InputError, match=rf"simulation\.stimuli\.kick\.{field}: .* is not for kind '{kind}'; allowed: "
    ):
        study_with("simulation", simulation={"stimuli": [stimulus]})


def test_an_axis_over_what_a_kind_of_stimulus_does_not_use_is_refused():
    stimulus = {"name": "kick", "parameter": "I_ext_e", "kind": "pulse", "onset_ms": 1500, "duration_ms": 100}
    with pytest.raises(InputError, match=r"kick\.frequency_hz: .* is not for kind 'pulse'"):
        study_with("simulation", simulation={"stimuli": [stimulus]}, grid={"kick.frequency_hz": [5.0, 10.0]})


@pytest.mark.parametrize("stage", ["msf", "dispersion", "linear_fc"])
def test_delays_that_are_rounded_to_a_step_are_for_simulations(stage):
    for velocity, refuses in ((10.0, True), (None, False)):
        settings = {"velocity_m_per_s": velocity, "delays": "rounded", "missing_lengths": "refuse"}
        study = study_with(stage, simulation=settings)
        if not refuses:
            check_reach(study)
            continue
        with pytest.raises(InputError, match=r"^simulation\.delays: rounded does not reach .*; allowed: interpolated$"):
            check_reach(study)


def test_the_bistable_range_of_the_network_is_not_that_of_one_with_regions_taken_out():
    with pytest.raises(InputError, match=r"analyses\.bistability\.of: network .* simulation\.resection"):
        make_study("mini", {
            "connectome": {"path": "six.csv"},
            "model": {"name": "ngnmm_population"},
            "grid": {"G": [2, 5]},
            "simulation": {"resection": {"regions": [0]}},
            "analyses": {"bistability": {"of": "network"}},
        })  # fmt: skip
