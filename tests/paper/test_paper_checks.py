"""The checks of the paper's numbers: what passes, what fails, and that a wrong reference is noticed."""

import copy

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.products.paper_checks import Check, as_markdown, count_checks, dispersion_checks, equilibrium_checks


@pytest.mark.parametrize(("ours", "passed"), [(1.0, True), (1.09, True), (1.11, False), (np.nan, False)])
def test_what_passes(ours, passed):
    check = Check("something", 1.0, ours, 0.1)
    assert check.passed is passed
    assert ("FAILED" in as_markdown([check])) is not passed


def test_the_growth_rates_of_the_reference_are_met_and_wrong_ones_are_not(ei, reference):
    checks = list(dispersion_checks(ei, reference["dispersion"]))
    assert len(checks) > 40
    assert all(check.passed for check in checks)
    wrong = copy.deepcopy(reference["dispersion"])
    wrong[0]["growth_rate"]["0.5"] += 1e-5
    assert [c.quantity for c in dispersion_checks(ei, wrong) if not c.passed] == [
        "simple periodic orbit at (13, 5): growth rate (1/ms) at Lambda = 0.5"
    ]


def test_a_bifurcation_that_is_not_there_fails(ei, reference):
    entry = reference["equilibrium_bifurcations"][0]
    assert all(check.passed for check in equilibrium_checks(ei, [entry]))
    assert not any(check.passed for check in equilibrium_checks(ei, [{**entry, "I_ext_e": 40.0}]))


def highlights(source, modes):
    return xr.Dataset(
        {
            "I_ext_e": ("highlight", [13.0, 15.0]),
            "G": ("highlight", [5.0, 9.0]),
            "unstable_modes": ("highlight", modes),
            "msf": (("highlight", "mode"), [[-0.1, 0.003896], [-0.01, 0.0173611]]),
        },
        attrs={"connectome_source": source},
    )


def test_counts_are_for_the_papers_connectome_alone():
    assert all(check.passed for check in count_checks(highlights("sc2017.dat", [5, 79])))
    failed = [c.quantity for c in count_checks(highlights("sc2017.dat", [5, 78])) if not c.passed]
    assert failed == ["sc2017 at (15, 9): unstable modes"]
    assert list(count_checks(highlights("mine.csv", [1, 2]))) == []
