"""Codes of results stand once: their values, and the meanings that the files tell."""

import numpy as np
import pytest

from ngnmm_core.analysis.contract import status
from ngnmm_core.analysis.registry import analysis_names, get_analysis
from ngnmm_core.storage.flags import Status
from ngnmm_core.streaming.activity import NetworkRegime, SpectralStatus


def test_values_and_meanings_come_from_one_declaration():
    assert SpectralStatus.values() == {
        "OK": 0, "DIVERGED": 1, "AT_REST": 2, "STILL_SETTLING": 3, "SOME_REGIONS_INACTIVE": 4, "UNDERSAMPLED": 5,
    }  # fmt: skip
    attributes = status("spectra", SpectralStatus).attributes
    words = dict(zip(attributes["flag_values"].tolist(), attributes["flag_meanings"].split(), strict=True))
    assert words[SpectralStatus.UNDERSAMPLED] == "undersampled"
    assert words[-1] == "undefined"
    assert NetworkRegime.meanings() == ("rest", "still_settling", "oscillating")


@pytest.mark.parametrize("value", [0, 1, 3])
def test_values_with_gaps_or_twice_are_refused(value):
    with pytest.raises(TypeError, match="allowed: 0, 1, 2"):
        type("Gap", (Status,), {"LATE": value})


@pytest.mark.parametrize("name", analysis_names())
def test_every_status_begins_with_ok_and_diverged(name):
    analysis = get_analysis(name)
    (own,) = (v for v in analysis.variables(analysis.options()) if v.name == f"{name}_status")
    assert own.flags[:2] == ("ok", "diverged")
    assert len(set(own.flags)) == len(own.flags)
    assert np.dtype(own.dtype) == np.int8
