"""The mean fields of the next-generation family against directly simulated QIF neurons, in transients and on cycles.

Bins of 1 ms, so phase counts too.  The limits are what is reached, with a margin of two or three.
"""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model, model_names
from ngnmm_core.simulation.spiking_family import FAMILY, simulate_family

STEPS_PER_MS = 20
# name: model, parameters, ms, largest RMS difference over the mean rate at 20000 neurons, what makes the model special
CASES = {
    "conductance, inhibitory": ("ngnmm_conductance", {}, 120, 0.02, {"J": 0.0}),
    "conductance, excitatory, with gap junctions": (
        "ngnmm_conductance", {"v_syn": 10.0, "J": 2.0, "eta": -1.0, "g_gap": 0.5}, 80, 0.015, {"g_gap": 0.0},
    ),
    "gap": ("ngnmm_gap", {}, 120, 0.02, {"g": 0.0}),
    "adaptation": ("ngnmm_sfa", {"eta": -2.0}, 200, 0.02, {"alpha": 0.0}),
    "depression": ("ngnmm_sd", {"eta": -5.3}, 200, 0.02, {"alpha": 0.0}),
    "plasticity": ("ngnmm_stp", {"eta": 1.0}, 120, 0.03, {"U0": 0.5}),
    "memory": ("ngnmm_memory", {"I_B": 2.0, "I_S_1": 0.4}, 120, 0.08, {"J_cross": 0.0}),
    "synapses": (
        "ei_ngnmm_synapses", {"J_ie": 15.0, "J_ei": 15.0, "J_ii": 0.0, "I_ext_e": 12.0}, 80, 0.03, {"tau_sei": 3.0},
    ),
    "node with adaptation": ("ei_ngnmm_adaptation", {"I_ext_e": 10.0, "tau_A": 100.0}, 80, 0.03, {"alpha": 0.0}),
}  # fmt: skip


def start_of(model):
    """Every state by name, away from the equilibrium."""
    return {s.name: s.initial + 0.005 for s in model.states}


def mean_field(model, values, ms):
    """Rates [bin, population] averaged over bins of 1 ms, by DOP853."""
    p = model.resolve(values)
    constants, drive = model.coefficients(p), tuple(p[n] for n in model.drives)
    rates = [model.state_names.index(r) for r, *_ in FAMILY[model.name].populations]
    count = len(model.states)

    def slope(t, x):
        return (*model.derivative(tuple(x[:count]), drive, constants, 0.0), *x[rates])

    start = [*start_of(model).values(), *[0.0] * len(rates)]
    way = solve_ivp(slope, (0, ms), start, "DOP853", np.arange(ms + 1.0), rtol=1e-9, atol=1e-12)
    return np.diff(way.y[count:], axis=1).T


def relative_rms(found, expected):
    """RMS of the difference over the mean, for the population in which it is largest."""
    return (np.sqrt(np.mean((found - expected) ** 2, axis=0)) / expected.mean(axis=0)).max()


@pytest.mark.parametrize("case", CASES)
def test_rates_of_neurons_are_those_of_the_mean_field(case):
    name, values, ms, limit, special = CASES[case]
    model = get_model(name)
    expected = mean_field(model, values, ms)
    few, many = (
        simulate_family(model, values, start_of(model), (ms, STEPS_PER_MS, 1.0 / STEPS_PER_MS), neurons)
        for neurons in (2_000, 20_000)
    )
    errors = [relative_rms(found, expected) for found in (few, many)]
    assert errors[1] < limit
    assert 2 * errors[1] < errors[0]
    np.testing.assert_allclose(many.mean(axis=0), expected.mean(axis=0), rtol=0.003)
    # without what makes the model special, its mean field is another one
    assert relative_rms(many, mean_field(model, values | special, ms)) > 3 * limit


def test_every_model_has_neurons():
    from ngnmm_core.simulation.spiking_neurons import populations

    for name in model_names():
        if name in ("jansen_rit", "wilson_cowan"):
            continue
        assert name in FAMILY or populations(get_model(name), {}) is not None


def test_what_is_refused():
    model = get_model("ngnmm_gap")
    with pytest.raises(InputError, match="model: unknown 'jansen_rit'"):
        simulate_family(get_model("jansen_rit"), {}, {}, (1, 1, 0.1), 10)
    with pytest.raises(InputError, match="neurons: 0; allowed: >= 1"):
        simulate_family(model, {}, start_of(model), (1, 1, 0.1), 0)
