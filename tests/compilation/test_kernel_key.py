"""What a kernel is known by: whatever it is made with, by what it says and not by where it stands."""

import functools
import math
from dataclasses import replace

import numpy as np
import pytest

from ngnmm_core.compilation import kernel_cache
from ngnmm_core.compilation.kernel_key import kernel_key
from ngnmm_core.kernels.functions import exp
from ngnmm_core.kernels.layout import NoiseKind
from ngnmm_core.kernels.trajectory import make_trajectory
from ngnmm_core.models import get_model
from ngnmm_core.simulation.engine import Engine, _integrator


def make(*arguments):
    return arguments


def function(body, **known):
    """A function of one argument whose source is not to be had, as in a notebook."""
    space = dict(known)
    exec(f"def f(x, a=1):\n    {body}", space)
    return space["f"]


def key(body, **known):
    return kernel_key(make, function(body, **known))


def test_the_same_is_known_by_the_same_key():
    assert key("return x + 1") == key("return x + 1")
    assert key("'''Said.'''\n    return x + 1") == key("'''Said otherwise.'''\n    return x + 1")
    assert kernel_key(make, (1, "a", None)) == kernel_key(make, (1, "a", None))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (key("return x + 1"), key("return x + 2")),
        (key("return x + 1"), key("return x - 1")),
        (key("return x + c", c=1.0), key("return x + c", c=2.0)),
        (key("return c(x)", c=function("return x")), key("return c(x)", c=function("return -x"))),
        (key("return m.exp(x)", m=math), key("return m.exp(x)", m=np)),
        (key("return c(x)", c=np.exp), key("return c(x)", c=np.log)),
        (key("return (lambda: x + 1)()"), key("return (lambda: x + 2)()")),
        (kernel_key(make, 1), kernel_key(make, 1.0)),
        (kernel_key(make, (1, 2), 3), kernel_key(make, (1,), 2, 3)),
        (kernel_key(make, functools.partial(exp, 1)), kernel_key(make, functools.partial(exp, 2))),
        (kernel_key(make, 1), kernel_key(function("return x"), 1)),
    ],
)
def test_what_differs_has_another_key(one, other):
    assert one is not None
    assert other is not None
    assert one != other


def test_what_a_function_has_closed_over_counts():
    def closed(value):
        return lambda x: x + value

    assert kernel_key(make, closed(1)) != kernel_key(make, closed(2))
    assert kernel_key(make, closed(1)) == kernel_key(make, closed(1))


def test_a_default_counts():
    one, other = function("return x"), function("return x")
    other.__defaults__ = (2,)
    assert kernel_key(make, one) != kernel_key(make, other)


def test_a_function_may_call_itself():
    assert key("return f(x - 1) if x else 0") is not None


def test_what_cannot_be_known_elsewhere_has_no_key():
    assert kernel_key(make, object()) is None
    assert key("return c", c=object()) is None
    assert key("return c", c=np.ones(3)) is None


# ------------------------------------------------------------------ declarations
@pytest.fixture
def keys(monkeypatch):
    """Gives the key of a model's integrator; nothing is compiled."""
    found = []
    monkeypatch.setattr(kernel_cache, "_cached", lambda made, name, key: found.append(key) or made)

    def ask(model, stimulated=False, method="heun", rows=4, regional=False, delayed=0, counted=(), **noise):
        inputs = (stimulated, NoiseKind(**{"noisy": False, **noise}), regional, delayed, counted)
        _integrator.__wrapped__(model, method, rows, "float64", inputs)
        return found[-1]

    return ask


def with_noise(model, **noise):
    """The model with noise on the states named, divided by the parameters named."""
    return replace(model, states=tuple(replace(s, noise=noise.get(s.name)) for s in model.states))


def test_the_declaration_of_a_model_is_part_of_its_kernels_key(keys):
    model = replace(get_model("ngnmm_population"), qif=None)
    plain = keys(model)
    assert keys(replace(model)) == plain
    assert keys(replace(model, title="Another title", doi="10.1/2")) == plain
    changed = {
        "no noise": with_noise(model),
        "noise elsewhere": with_noise(model, r="tau"),
        "other equations": replace(model, derivative=lambda states, drive, c, coupling: (0.0 * states[0],) * 3),
        "other signal": replace(model, sent=lambda states, c: states[0]),
    }
    found = {name: keys(other) for name, other in changed.items()}
    assert len({plain, *found.values()}) == 1 + len(changed), found
    known = get_model("ngnmm_population")  # its flow is part of what a method that follows it is compiled from
    assert keys(known) == plain
    assert keys(known, method="riccati") != plain


def test_everything_that_an_integrator_is_compiled_for_is_in_its_key(keys):
    model = get_model("ngnmm_population")
    noise = [{"noisy": True}, {"noisy": True, "shared": True}, {"noisy": True, "coloured": True}]
    others = [{"stimulated": True}, {"method": "rk4"}, {"rows": 6}, {"regional": True}, {"delayed": 1}, {"delayed": 4}]
    others.append({"counted": (0,)})
    asked = [{}, *noise, *others]
    assert len({keys(model, **how) for how in asked}) == len(asked)
    assert keys(get_model("ei_ngnmm")) != keys(model)


def test_makers_of_the_package_are_known_by_what_they_use():
    model = get_model("ngnmm_population")
    parts = (model.derivative, model.sent, model.sizes, 8)
    assert kernel_key(make_trajectory, *parts) == kernel_key(make_trajectory, *parts)
    assert kernel_key(make_trajectory, *parts) != kernel_key(make, *parts)


@pytest.mark.slow
def test_noise_enters_the_states_that_a_changed_declaration_names(points_of):
    """After a run of the declared model, one with noise on the synapse: not with the kernel of the first one."""
    from ngnmm_core.simulation.run import Run

    model = get_model("ngnmm_population")
    spread = {}
    for one in (model, with_noise(model, s="tau_s")):
        points = points_of(one, 8)
        start = np.zeros((8, 2, 3))
        run = Run(Engine(one, np.zeros((2, 2)), "heun"), points.parameters, start, noise=(0.05, np.arange(8)))
        states = run.advance(0.01, 1, 1)[0]
        spread[one] = run.by_point(states).std(axis=0)[0]
    before, after = spread.values()
    assert before[1] > 1e-4
    assert before[2] == 0
    # the same increments, divided by 2 ms in place of 10
    assert after[2] == pytest.approx(5 * before[1], rel=0.02)
    assert after[1] < 0.1 * after[2]


def test_a_kernel_of_another_processor_is_another_file():
    """Code for AVX-512 stops a processor without it; and other vectors give other bits."""

    class Codegen:
        def __init__(self, *magic):
            self.magic = magic

        def magic_tuple(self):
            return self.magic

    cache = kernel_cache.KernelCache("step", lambda: "key")
    machines = [("x86_64", "znver4", "+avx512f"), ("x86_64", "skylake", "+avx512f"), ("x86_64", "znver4", "-avx512f")]
    paths = {cache._path("(float64)", Codegen(*magic)) for magic in machines}
    assert len(paths) == 3
    assert cache._path("(float64)", Codegen(*machines[0])) in paths
    assert cache._path("(float32)", Codegen(*machines[0])) not in paths
