"""Wrong turns of whoever adds a file to the package get one line that says what is allowed."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ngnmm_core.analysis.registry import analysis_names, get_analysis
from ngnmm_core.compilation import declarations
from ngnmm_core.compilation.declarations import declaration
from ngnmm_core.models import get_model, model_names
from ngnmm_core.points import SYSTEM
from ngnmm_core.preflight.reach import SETTINGS
from ngnmm_core.stages.contract import AXIS_PARTS, UNREACHABLE
from ngnmm_core.stages.registry import STAGES, stages_of
from ngnmm_core.study.axis_table import axes_of
from ngnmm_core.study.schema import StudyConfig


@pytest.mark.parametrize("constant", ["MODEL", "ANALYSIS", "STAGE"])
def test_a_copy_that_keeps_its_name_is_refused(monkeypatch, refused, constant):
    copied = SimpleNamespace(**{constant: SimpleNamespace(name="slope")})
    monkeypatch.setattr(declarations, "import_module", lambda module: copied)
    refused(
        lambda: declaration("ngnmm_core.room.other", constant),
        "ngnmm_core/room/other.py",
        constant,
        "'slope'",
        "'other'",
    )
    assert declaration("ngnmm_core.room.slope", constant).name == "slope"


def test_all_of_the_package_are_named_as_their_files():
    assert [get_model(name).name for name in model_names()] == list(model_names())
    assert [get_analysis(name).name for name in analysis_names()] == list(analysis_names())
    assert [stage.name for stage in STAGES.values()] == list(STAGES)


def test_an_analysis_that_needs_no_stage_there_is_is_refused(refused):
    lost = replace(get_analysis("rates"), needs="simulaton")
    study = SimpleNamespace(analyses=[(lost, None)], config=SimpleNamespace(highlights=[]))
    refused(lambda: stages_of(study), "analyses.rates: needs", "'simulaton'", "simulation")


@pytest.mark.parametrize(("name", "change"), [("hubs", False), ("msf", True)])
def test_an_analysis_and_its_stage_agree_on_simulations(refused, name, change):
    wrong = replace(get_analysis(name), rests_on_simulations=change)
    study = SimpleNamespace(analyses=[(wrong, None)], config=SimpleNamespace(highlights=[]))
    refused(lambda: stages_of(study), f"analyses.{name}: its stage simulates", "rests_on_simulations")


@pytest.mark.parametrize(
    ("field", "typo", "meant"),
    [
        ("unreachable_axes", "stimulii", "stimuli"),
        ("unreachable_axes", "kick.amplitude", "allowed: "),
        ("unreachable", "resecton", "resection"),
        ("unreachable", "seed", "allowed: "),
        ("reads", "noise_sigm", "noise_sigma"),
    ],
)
def test_what_a_stage_says_of_settings_must_be_settings(refused, field, typo, meant):
    refused(lambda: replace(STAGES["msf"], **{field: (typo,)}), f"stage msf: {field}", f"'{typo}'", meant)


def test_the_names_that_stages_may_say_are_those_that_are_looked_up(ei):
    assert set(UNREACHABLE) == set(SETTINGS)
    stimulus = {"name": "kick", "parameter": "I_ext_e", "onset_ms": 1, "duration_ms": 1}
    maps = [{"name": "m", "of": "y", "parameter": "I_ext_e", "surrogates": {"count": 2}}]
    config = {"connectome": {"name": "x"}, "simulation": {"stimuli": [stimulus]}, "model": {"maps": maps}}
    axes = axes_of(ei, StudyConfig.model_validate(config)).values()
    assert {axis.part for axis in axes} == {*AXIS_PARTS, SYSTEM}
