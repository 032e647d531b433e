"""The stage `linear_fc`: what it writes for a study, its statuses, and what it refuses."""

import numpy as np
import pytest

from ngnmm_core.api import run_stage
from ngnmm_core.connectome import Connectome
from ngnmm_core.dynamics.continuation.equilibria import find_equilibria
from ngnmm_core.models import get_model
from ngnmm_core.preflight.reach import check_reach
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.streaming.haemodynamics import FRISTON_2003
from ngnmm_core.study.load import make_study

RING = Connectome(0.5 * (np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)))
UNEVEN = Connectome(np.random.default_rng(0).uniform(0.1, 1.0, (5, 5)) * (1 - np.eye(5)))


def study(options=None, **keys):
    config = {
        "study": "s",
        "connectome": {"name": "hcp-aal2-94"},
        "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
        "grid": {"G": [1.0, 18.0]},
        "simulation": {"noise_sigma": 0.1, "method": "heun"},
        "analyses": {"linear_fc": options or {}},
    }
    return make_study("s", config | keys)


def run(study, connectome=RING):
    return run_stage(study, STAGES["linear_fc"], connectome)


def test_connectivity_of_a_ring_in_closed_form():
    """Noise at zero frequency on a ring: modes cos(k) answer with 1 / (1 - a cos k)."""
    found = run(study({"bands_hz": [[0.0, 1e-4]]}))
    assert (found["linear_fc_status"] == 0).all()
    assert found["linear_fc"].dims == ("G", "fc_band", "edge")
    assert list(found["fc_band"].values) == ["0-0.0001"]
    k = 2 * np.pi * np.arange(6) / 6
    # one parameter a explains all pairs of regions
    answers = lambda a: 1 / (1 - a * np.cos(k)) ** 2
    at = lambda a, d: np.sum(answers(a) * np.cos(k * d)) / np.sum(answers(a))
    for fc in found["linear_fc"].values[:, 0]:
        neighbour = fc[0]
        grid = np.linspace(0, 1, 100001)[:-1]
        a = grid[np.argmin(np.abs([at(x, 1) - neighbour for x in grid[::100]])) * 100]
        a = min(np.linspace(a - 1e-3, min(a + 1e-3, 1 - 1e-6), 4001), key=lambda x: abs(at(x, 1) - neighbour))
        np.testing.assert_allclose(fc[[0, 1, 2]], [at(a, 1), at(a, 2), at(a, 3)], atol=1e-5)


def test_connectivity_does_not_depend_on_the_noise_but_amplitude_does():
    found = run(study(grid={"noise_sigma": [0.1, 0.2]}))
    fc, amplitude = found["linear_fc"].values, found["linear_amplitude"].values
    np.testing.assert_allclose(fc[0], fc[1], rtol=1e-6)
    np.testing.assert_allclose(amplitude[1], 2 * amplitude[0], rtol=1e-12)


def test_coloured_noise_has_the_lorentzian_of_its_correlation_time():
    """The spectrum is that of white noise times 1 / (1 + (omega tau)^2), up to a factor of 1 at zero frequency."""
    options = {"spectrum_max_hz": 100, "bands_hz": [[0.0, 1e-4], [0.0, 200.0]]}
    found = run(study(options, grid={"noise_tau_ms": [0.0, 8.0]}))
    spectrum, f = found["linear_spectrum"].values, found["linear_frequency"].values
    shape = 1.0 / (1.0 + (2e-3 * np.pi * f * 8.0) ** 2)
    np.testing.assert_allclose(spectrum[1], spectrum[0] * shape, rtol=1e-5)
    amplitude = found["linear_amplitude"].values
    np.testing.assert_allclose(amplitude[1, 0], amplitude[0, 0], rtol=1e-5)
    assert (amplitude[1, 1] < 0.9 * amplitude[0, 1]).all()


def test_noise_that_all_regions_have_in_common(refused):
    found = run(study(grid={"G": [10.0], "noise_common": [0.0, 0.3, 1.0]}))
    fc = found["linear_fc"].values[0, :, 0]
    assert found["linear_fc"].dims[:2] == ("G", "noise_common")
    assert (np.diff(fc, axis=0) > 0).all()
    np.testing.assert_allclose(fc[2], 1.0, atol=1e-6)  # regions are alike
    fixed = run(study(grid={"G": [10.0]}, simulation={"noise_sigma": 0.1, "method": "heun", "noise_common": 0.3}))
    assert (fixed["linear_fc"].values[0, 0] == fc[1]).all()
    refused(lambda: study(grid={"noise_common": [1.5]}), "grid.noise_common", "from 0 to 1")
    check_reach(study(grid={"noise_common": [0.1]}, analyses={"linear_fc": {}, "rates": {}}))


def test_axes_of_the_simulation_alone_are_left_out():
    found = run(study(grid={"G": [1.0], "seed": [0, 1]}))
    assert found["linear_fc"].dims == ("G", "fc_band", "edge")


def test_uneven_rows(dop853):
    found = run(study(normalization="max", grid={"G": [0.5, 8.0]}), UNEVEN)
    assert list(found["linear_fc_status"].values) == [0, 0]
    assert np.isfinite(found["linear_fc"].values).all()
    assert (found["linear_slowest"].values < 0).all()
    assert (found["linear_equilibria"].values >= 1).all()


def test_a_point_does_not_depend_on_others():
    for connectome, how in ((RING, "row"), (UNEVEN, "max")):
        both = run(study(normalization=how, grid={"G": [0.5, 2.0, 4.0]}), connectome)
        alone = run(study(normalization=how, grid={"G": [2.0]}), connectome)
        for name in ("linear_fc", "linear_amplitude", "linear_slowest"):
            assert (both[name].values[1] == alone[name].values[0]).all(), name


def test_statuses():
    """Past the fold the low state is gone; where the network oscillates there is no equilibrium to look at."""
    oscillating = {"name": "ei_ngnmm", "parameters": {"I_ext_e": 13.0}}
    found = run(study(model=oscillating, grid={"G": [0.0]}))
    assert found["linear_fc_status"].attrs["flag_meanings"].split()[1 + int(found["linear_fc_status"][0])] == (
        "no_equilibrium"
    )
    assert np.isnan(found["linear_fc"].values).all()
    assert np.isnan(found["linear_slowest"].values).all()
    assert found["linear_equilibria"].values[0] == 1


def test_spectrum_and_coherence():
    options = {"spectrum_max_hz": 50, "spectrum_step_hz": 5, "coherence": True, "bands_hz": [[8, 13], [30, 60]]}
    found = run(study(options))
    assert found["linear_spectrum"].dims == ("G", "region", "linear_frequency")
    assert list(found["linear_frequency"].values) == list(range(5, 55, 5))
    assert found["linear_spectrum"].attrs["units"] == "Hz-1"
    coherence, fc = found["linear_coherence"].values, found["linear_fc"].values
    assert ((coherence >= fc**2 - 1e-6) & (coherence <= 1)).all()  # the phase is all that FC loses
    assert (np.diff(found["linear_spectrum"].values, axis=-1) < 0).all()


def test_response_of_bold_weighs_frequencies():
    plain = run(study({"bands_hz": [[0.01, 0.1]]}))
    bold = run(study({"bands_hz": [[0.01, 0.1]], "haemodynamics": "balloon"}))
    rest = 1000 * find_equilibria(get_model("ngnmm_population"), {"eta": -6.0, "G": 1.0}).states[0, 0]
    ratio = (bold["linear_amplitude"] / plain["linear_amplitude"]).values[0]
    response = np.abs(FRISTON_2003.transfer([0.01, 0.03, 0.1])) / rest  # the input is relative to the rate at rest
    assert ((ratio > response.min()) & (ratio < response.max())).all()
    np.testing.assert_allclose(bold["linear_fc"].values, plain["linear_fc"].values, atol=1e-3)  # all below 0.1 Hz


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"simulation": {}}, ("noise_sigma is 0", "> 0")),
        ({"options": {"bands_hz": [[0.1, 0.01]]}}, ("bands_hz", "not a band")),
        ({"options": {"bands_hz": [[0.1, 1], [0.1, 1]]}}, ("repeats a band",)),
        ({"options": {"signal": "v_e"}}, ("analyses.linear_fc.signal", "v_e", "observable")),
        ({"options": {"signal": "v", "haemodynamics": "balloon"}}, ("signal", "unknown 'v'", "rate, r, s")),
        ({"options": {"constants": "friston"}}, ("analyses.linear_fc.constants", "friston2003")),
        ({"options": {"spectrum_max_hz": 1000, "spectrum_step_hz": 0.01}}, ("spectrum_step_hz", "at most 10000")),
    ],
)
def test_refusals(refused, keys, words):
    refused(lambda: study(**keys), *words)


def test_models_without_noise_are_refused(refused):
    from dataclasses import replace

    model = get_model("ngnmm_population")
    quiet = replace(model, states=tuple(replace(s, noise=None) for s in model.states))
    from ngnmm_core.analysis.linear_fc import LinearFcOptions, check

    one = study()
    refused(lambda: check(LinearFcOptions(), replace(one, model=quiet)), "takes noise", "allowed")
