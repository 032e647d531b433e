"""Wrong turns of whoever adds a file to the package get one line that says what is allowed."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ngnmm_core.analysis.registry import analysis_names, get_analysis
from ngnmm_core.compilation import declarations
from ngnmm_core.compilation.declarations import declaration
from ngnmm_core.models import get_model, model_names
from ngnmm_core.stages.registry import STAGES, stages_of


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
