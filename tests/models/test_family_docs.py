"""The worked study of docs/family.md runs, and gives what the page says."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "family.md"


@pytest.mark.slow  # compiles the simulation and the variational equations of one model
def test_the_worked_study_of_the_family():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {}
    exec(code, names)
    np.testing.assert_allclose(sorted(names["hopf"]), [-4.0398186, -0.5340805], atol=1e-6)
    result = names["result"]
    assert np.isnan(result.orbit_period.values[0])
    assert 400 < result.orbit_period.values[1] < 600
    assert (result.firing_rate.values[0] < 20).all()
    assert (result.firing_rate.values[1] > 40).all()
    assert (result.msf_status.values == 0).all()
    assert np.isfinite(result.msf.values).all()
