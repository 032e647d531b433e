"""What every analysis promises, whoever adds it."""

import pytest

from ngnmm_core.analysis.registry import analysis_names, get_analysis


@pytest.mark.parametrize("name", analysis_names())
def test_every_analysis_has_a_status(name):
    analysis = get_analysis(name)
    (status,) = (v for v in analysis.variables(analysis.options()) if v.name == f"{name}_status")
    assert status.dtype == "int8"
    assert status.flags[:2] == ("ok", "diverged")
    assert len(set(status.flags)) == len(status.flags)


@pytest.mark.parametrize("name", analysis_names())
def test_every_variable_has_a_unit_and_a_meaning(name):
    analysis = get_analysis(name)
    variables = analysis.variables(analysis.options())
    assert all(v.unit and v.long_name for v in variables)
    assert len({v.name.lower() for v in variables}) == len(variables)


def test_no_two_analyses_write_the_same_variable():
    names = [v.name for a in map(get_analysis, analysis_names()) for v in a.variables(a.options())]
    assert len(set(names)) == len(names)
