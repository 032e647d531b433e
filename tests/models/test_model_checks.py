"""A model whose declaration does not hold together is refused when it is made, in one line, without compiling."""

import re
from dataclasses import replace

import numpy as np
import pytest

from ngnmm_core.compilation.declarations import declared_in, declares
from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model, model_names
from ngnmm_core.models._base import COUPLING, EquilibriumCurve, Model, Parameter, Population, State
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run
from ngnmm_core.study.load import make_study


def _linear(states, drive, coefficients, coupling):
    return (drive[0] - states[0] * coefficients[0] + coupling, drive[0] - states[1] * coefficients[1])


SOUND = Model(
    name="sound",
    title="Two leaky integrators",
    doi="",
    states=(State("x", "1", 0.1, noise="tau_x"), State("y", "1", 0.1, noise=4.0)),
    parameters=(
        Parameter("tau_x", 2.0, "ms", "time constant of x", positive=True),
        Parameter("tau_y", 5.0, "ms", "time constant of y", positive=True),
        Parameter("I", 0.0, "1", "input"),
        Parameter("threshold", 0.0, "ms", "a time that may be zero"),
        COUPLING,
    ),
    drives=("I",),
    coefficients=lambda p: (1.0 / p["tau_x"], 1.0 / p["tau_y"]),
    derivative=_linear,
    sent=lambda states, coefficients: states[0],
    observable="x",
    populations=(Population("E", "excitatory", rate=lambda states, c: states[0]),),
    fastest_rate=lambda p: 1.0 / p["tau_x"],
)
X, Y = SOUND.states


def _branching(states, drive, coefficients, coupling):
    return (drive[0] if states[0] > 0 else coupling, states[1])


FAULTS = {
    "a name": ({"name": "my model"}, "'my model' is no name"),
    "no states": ({"states": ()}, "observable|no states"),
    "states twice": ({"states": (X, X)}, "'x' occurs twice"),
    "state and parameter alike": ({"states": (X, State("I", "1", 0.0))}, "'I' occurs twice"),
    "populations twice": ({"populations": SOUND.populations * 2}, "'E' occurs twice"),
    "a reserved axis": ({"parameters": (*SOUND.parameters, Parameter("seed", 1, "1", "s"))}, "'seed' is taken"),
    "no coupling": ({"parameters": SOUND.parameters[:-1]}, "no parameter 'G'"),
    "drive is no parameter": ({"drives": ("J",)}, "drives: unknown 'J'.*allowed: tau_x"),
    "drive twice": ({"drives": ("I", "I")}, "the drive 'I' occurs twice"),
    "drive of a population": ({"populations": (Population("E", "e", drive="J"),)}, "drive of E: unknown 'J'"),
    "observable is no state": ({"observable": "v"}, "observable: unknown 'v'.*allowed: x, y"),
    "alias of nothing": ({"aliases": {"tau": ("tau_x", "tau_z")}}, r"aliases\['tau'\]: unknown 'tau_z'"),
    "alias like a parameter": ({"aliases": {"I": ("tau_x",)}}, "'I' occurs twice"),
    "a default out of range": (
        {"parameters": (replace(SOUND.parameters[0], default=0.0), *SOUND.parameters[1:])},
        "default of tau_x: 0 is out of range",
    ),
    "a negative start": ({"states": (replace(X, initial=-1.0, non_negative=True), Y)}, "x begins at -1"),
    "an undefined start": ({"states": (replace(X, initial=float("nan")), Y)}, "x begins at nan"),
    "noise over no parameter": ({"states": (X, replace(Y, noise="tau"))}, "noise of y.*'tau'.*allowed: tau_x, tau_y"),
    "noise over what may be zero": ({"states": (X, replace(Y, noise="threshold"))}, "noise of y.*'threshold'"),
    "noise over zero": ({"states": (X, replace(Y, noise=0.0))}, "noise of y: 0.0"),
    "noise on too many states": (
        {"states": tuple(State(f"x_{k}", "1", 0.1, noise=4.0) for k in range(5)), "observable": "x_0"},
        "noise enters 5 states; allowed: at most 4",
    ),
    "coefficients that fail": ({"coefficients": lambda p: (1.0 / p["tau"],)}, "coefficients fails.*KeyError: 'tau'"),
    "coefficients of one point": ({"coefficients": lambda p: (min(p["tau_x"], p["tau_y"]), 1.0)}, "coefficients fails"),
    "no tuple of coefficients": ({"coefficients": lambda p: [p["tau_x"], 1.0]}, "coefficients gives list"),
    "infinite coefficients": ({"coefficients": lambda p: (1.0, float("inf"))}, "coefficients gives inf for 1"),
    "too few derivatives": ({"derivative": lambda x, d, c, k: (x[0],)}, "derivative gives 1 values for 2 states"),
    "a derivative that unpacks": ({"derivative": lambda x, d, c, k: (c[2], x[0])}, "derivative fails.*IndexError"),
    "a branch on a state": ({"derivative": _branching}, "derivative fails.*ValueError.*select"),
    "an undefined derivative": ({"derivative": lambda x, d, c, k: (x[0], float("nan"))}, "derivative gives nan for y"),
    "two signals": ({"sent": lambda x, c: x}, "sent gives tuple"),
    "a signal of another state": ({"sent": lambda x, c: x[7]}, "sent fails.*IndexError"),
    "a rate without number": ({"populations": (Population("E", "e", rate=lambda x, c: None),)}, "rate of E gives None"),
    "a modulus that fails": ({"populations": (Population("E", "e", kuramoto=lambda x, c: c[5]),)}, "kuramoto of E f"),
    "no rate at all": ({"fastest_rate": lambda p: 0.0}, "fastest_rate gives 0.0"),
    "curve in no state": (
        {"equilibrium_curve": EquilibriumCurve("z", "I", lambda u, p, w: ((u, u), u), 0.0, 1.0)},
        "equilibrium_curve.coordinate: unknown 'z'",
    ),
    "curve that solves for no drive": (
        {"equilibrium_curve": EquilibriumCurve("x", "tau_x", lambda u, p, w: ((u, u), u), 0.0, 1.0)},
        "equilibrium_curve.drive: unknown 'tau_x'",
    ),
    "curve of one state": (
        {"equilibrium_curve": EquilibriumCurve("x", "I", lambda u, p, w: ((u,), u), 0.0, 1.0)},
        "equilibrium_curve gives no",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_declaration_is_refused_in_one_line(fault):
    changes, message = FAULTS[fault]
    with pytest.raises(InputError, match=message) as refusal:
        replace(SOUND, **changes)
    line = str(refusal.value)
    assert re.fullmatch("model .*; allowed: .*", line)


def test_every_state_has_the_noise_that_it_declares(points_of):
    """One Heun step of dx = -x/tau dt + (sigma/tau) dB from 0: over sigma sqrt(dt), the noise is 1/tau."""
    model, step, sigma = SOUND, 1e-4, 0.5
    points = points_of(model, 8, tau_x=[1, 2, 4, 8, 1, 2, 4, 8], seed=np.arange(8))
    run = Run(
        Engine(model, np.zeros((300, 300)), "heun"),
        points.parameters,
        np.zeros((8, 300, 2)),
        noise=(sigma, points.seeds),
    )
    run.advance(step, 1, 1)
    spread = run.by_point(run.states).std(axis=1) / (sigma * np.sqrt(step))
    expected = np.stack([1.0 / points.parameters["tau_x"], np.full(8, 0.25)], axis=1)
    np.testing.assert_allclose(spread, expected, rtol=0.15)  # 300 draws: 4 % standard error
    np.testing.assert_array_equal(model.noise_time_constants(points.parameters), 1.0 / expected)


def test_three_noisy_states_have_independent_noise(points_of):
    """The two items and the pool of a memory: one step of each, over sigma sqrt(dt) / tau."""
    model, step, sigma = get_model("ngnmm_memory"), 1e-5, 0.5
    points = points_of(model, 8, tau_i=np.linspace(5, 40, 8), seed=np.arange(8))
    start = np.broadcast_to([s.initial for s in model.states], (8, 400, 10))
    run = Run(Engine(model, np.zeros((400, 400)), "heun"), points.parameters, start, noise=(sigma, points.seeds))
    run.advance(step, 1, 1)
    noisy = [k for k, s in enumerate(model.states) if s.noise]
    kicks = run.by_point(run.states)[..., noisy] / (sigma * np.sqrt(step))
    expected = np.stack([np.full(8, 1 / 15.0)] * 2 + [1 / points.parameters["tau_i"]], axis=1)
    np.testing.assert_allclose(kicks.std(axis=1), expected, rtol=0.15)  # 400 draws: 3.5 % standard error
    scaled = ((kicks - kicks.mean(axis=1, keepdims=True)) / expected[:, None]).reshape(-1, 3)
    np.testing.assert_allclose(np.corrcoef(scaled.T), np.eye(3), atol=0.08)  # 3200 draws: 0.018


def test_sizes_and_coefficients_belong_to_the_model():
    p = {name: np.array([value, 2 * value]) for name, value in SOUND.resolve({}).items()}
    assert SOUND.sizes == (2, 2, 1)
    np.testing.assert_array_equal(SOUND.coefficient_table(p), [[0.5, 0.2], [0.25, 0.1]])


def test_noise_of_a_model_without_noise_is_refused(monkeypatch):
    quiet = replace(
        get_model("wilson_cowan"), states=tuple(replace(s, noise=None) for s in get_model("wilson_cowan").states)
    )
    monkeypatch.setattr("ngnmm_core.study.load.get_model", lambda name: quiet)
    settings = {"method": "heun", "dt_ms": 0.1, "noise_sigma": 0.1}
    study = {"connectome": {"name": "single"}, "normalization": "none", "model": {"name": "wilson_cowan"}}
    with pytest.raises(InputError, match=r"simulation.noise_sigma: 0.1.*no state of wilson_cowan.*allowed: 0"):
        make_study("quiet", {**study, "simulation": settings, "analyses": ["rates"]})


def test_files_that_declare_are_found_without_importing_them(tmp_path):
    (tmp_path / "plain.py").write_text("MODEL = 1\n")
    (tmp_path / "typed.py").write_text("raise SystemExit\nMODEL: int = 1\n")
    (tmp_path / "helper.py").write_text("def make():\n    MODEL = 1\n    return MODEL == 1\nMODELS = ()\n")
    (tmp_path / "compares.py").write_text("MODEL == 1\n")
    (tmp_path / "data.txt").write_text("MODEL = 1\n")
    assert declared_in(tmp_path, "MODEL") == ("plain", "typed")
    assert not declares(tmp_path / "helper.py", "MODEL")
    assert not [name for name in model_names() if name.startswith("_")]
