"""One region alone as a study: time-varying input against another solver, and the region's known bifurcation."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.api import get_connectome, run_study
from ngnmm_core.errors import InputError
from ngnmm_core.study.load import make_study

ALONE = {"connectome": {"name": "single"}, "normalization": "none"}

TIMES = {"duration_ms": 150, "transient_ms": 0, "sample_ms": 0.5}


def alone(**keys):
    """What a study of one region gives."""
    return run_study(make_study("alone", {**ALONE, **keys}), get_connectome("single"))


@pytest.mark.parametrize("kind", ["pulse", "sinusoid"])
def test_one_population_with_input_that_varies_in_time(population, kind):
    """The same as DOP853 with that input, at two amplitudes of a grid."""
    stimulus = {"name": "cue", "parameter": "I_ext", "kind": kind, "onset_ms": 20, "duration_ms": 60}
    stimulus |= {"frequency_hz": 25} if kind == "sinusoid" else {}
    found = alone(
        model={"name": "ngnmm_population"},
        grid={"cue.amplitude": [2.0, 6.0]},
        simulation={**TIMES, "stimuli": [stimulus], "initial": {"sd": 0}},
        analyses={"series": {"last_ms": 150}},
    )
    parameters = {name: float(value) for name, value in population.resolve({}).items()}
    constants, start = population.coefficients(parameters), [s.initial for s in population.states]
    for k, amplitude in enumerate((2.0, 6.0)):
        wave = lambda t, a=amplitude: a * (1.0 if kind == "pulse" else np.sin(2 * np.pi * 0.025 * (t - 20.0)))
        x, series = np.array(start), []
        for begin, end, on in ((0.0, 20.0, 0.0), (20.0, 80.0, 1.0), (80.0, 150.0, 0.0)):
            slope = lambda t, x, on=on, wave=wave: population.derivative(tuple(x), (on * wave(t),), constants, 0.0)
            times = np.arange(begin + 0.5, end + 0.25, 0.5)
            out = solve_ivp(slope, (begin, end), x, "DOP853", times, rtol=1e-11, atol=1e-13)
            x, series = out.y[:, -1], [*series, out.y[1]]
        shown = found.observable_series.values[k, 0]
        np.testing.assert_allclose(shown, np.concatenate(series), rtol=2e-5, atol=2e-5)


def test_a_region_alone_oscillates_beyond_its_hopf_point():
    """At I_ext_e = 5.99318545 (DOP853 and eigenvalues), whatever G: there is nobody to receive from."""
    found = alone(grid={"I_ext_e": [5.98, 6.0], "G": [0, 7]}, analyses=["lyapunov", "msf"])
    np.testing.assert_array_equal(found.lyapunov_regime, [[0, 0], [1, 1]])
    period = float(found.orbit_period.sel(I_ext_e=6.0, G=0))  # 37.3259 at the point itself
    assert period == pytest.approx(37.3259, rel=3e-3)
    np.testing.assert_array_equal(found.orbit_period.sel(G=0), found.orbit_period.sel(G=7))
    assert (found.unstable_modes <= 0).all()  # no direction other than the uniform one


def test_what_compares_regions_is_refused():
    with pytest.raises(InputError, match=r"analyses\.synchrony: the connectome has one region; allowed: "):
        alone(analyses=["synchrony"])
