"""What can be seen to be wrong with the declaration of a model: names, ranges, and functions that don't fit together.

The functions are tried once on plain numbers and once on arrays, at the defaults; nothing is compiled.
"""

import math
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.errors import InputError, twice, unknown
from ngnmm_core.kernels.functions import MOST_NOISE

if TYPE_CHECKING:
    from ngnmm_core.models._base import Model

NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
# axes of a grid that are no parameters, and dimensions of the results
RESERVED = (
    "seed",
    "noise_sigma",
    "point",
    "region",
    "population",
    "edge",
    "signal",
    "frequency",
    "band",
    "mode",
    "time",
)
PLAIN = "arithmetic without `if` on a state, with exp, sqrt and select from ngnmm_core.kernels.functions"
OBSERVABLES = ("rate", "kuramoto")  # of a population
COUPLING = 0.1


def check_declaration(model: "Model") -> None:
    """Refuses a model whose declaration does not hold together.

    Raises
    ------
    InputError
        In one line: the model, what is wrong and what is allowed.
    """
    _check_names(model)
    _check_references(model)
    _check_values(model)
    _check_functions(model)
    _check_qif(model)


def _refuse(model: "Model", what: str, allowed: str) -> InputError:
    return InputError(f"model {model.name}: {what}; allowed: {allowed}")


def _check_names(model: "Model") -> None:
    names = [*model.state_names, *model.axis_names]
    populations = [population.name for population in model.populations]
    for name in (model.name, *names, *populations):
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise _refuse(model, f"{name!r} is no name", "letters, digits and _, a letter first")
    if (repeated := twice(names)) or (repeated := twice(populations)):
        raise _refuse(
            model, f"the name '{repeated}' occurs twice", "names of their own for states, parameters, aliases"
        )
    for name in model.axis_names:
        if name in RESERVED:
            raise _refuse(model, f"'{name}' is taken", f"a parameter with another name than {', '.join(RESERVED)}")
    if not model.states:
        raise _refuse(model, "it has no states", "at least one")


def _check_references(model: "Model") -> None:
    """Names that must be those of states or parameters."""
    parameters, states = model.parameter_names, model.state_names
    if "G" not in parameters:
        raise _refuse(model, "there is no parameter 'G'", "ngnmm_core.models._base.COUPLING among the parameters")
    curve = model.equilibrium_curve
    named = [("observable", (model.observable,), states), ("drives", model.drives, parameters)]
    named += [(f"aliases['{alias}']", targets, parameters) for alias, targets in model.aliases.items()]
    named += [(f"drive of {p.name}", (p.drive,), model.drives) for p in model.populations if p.drive is not None]
    if curve is not None:
        named += [("equilibrium_curve.coordinate", (curve.coordinate,), states)]
        named += [("equilibrium_curve.drive", (curve.drive,), model.drives)]
    for what, names, known in named:
        for name in names:
            if name not in known:
                raise unknown(f"model {model.name}: {what}", name, known)
    if repeated := twice(model.drives):
        raise _refuse(model, f"the drive '{repeated}' occurs twice", "every drive once")


def _check_values(model: "Model") -> None:
    """Defaults, initial values, time constants of the noise and the unit of time."""
    if not (math.isfinite(model.time_unit) and model.time_unit > 0):
        raise _refuse(model, f"time_unit is {model.time_unit:g}", "a number > 0")
    for parameter in model.parameters:
        if refusal := parameter.refusal(parameter.default):
            raise InputError(f"model {model.name}: default of {parameter.name}: {refusal}")
    noisy = [state.name for state in model.states if state.noise is not None]
    if len(noisy) > MOST_NOISE:
        raise _refuse(model, f"noise enters {len(noisy)} states", f"at most {MOST_NOISE}")
    for state in model.states:
        if not math.isfinite(state.initial) or (state.non_negative and state.initial < 0):
            allowed = "a number >= 0" if state.non_negative else "a finite number"
            raise _refuse(model, f"{state.name} begins at {state.initial:g}", allowed)
        if isinstance(state.noise, str):
            times = [p.name for p in model.parameters if p.unit == "ms" and p.positive]
            if state.noise not in times:
                raise unknown(
                    f"model {model.name}: noise of {state.name}: positive parameter in ms", state.noise, times
                )
        elif state.noise is not None and not (math.isfinite(state.noise) and state.noise > 0):
            raise _refuse(model, f"noise of {state.name}: {state.noise}", "a parameter in ms, or a number of ms > 0")


def _check_functions(model: "Model") -> None:
    """Check the functions of a model on plain numbers, and on arrays of two points."""
    defaults = {p.name: float(p.default) for p in model.parameters}
    initial = [float(s.initial) for s in model.states]
    rate = _call(model, "fastest_rate", model.fastest_rate, (defaults,))
    if not _is_number(rate, float) or not rate > 0:
        raise _refuse(model, f"fastest_rate gives {rate!r}", "a number > 0 (1/ms)")
    _evaluate(model, defaults, tuple(initial), float)
    pairs = {name: np.full(2, value) for name, value in defaults.items()}
    _evaluate(model, pairs, tuple(np.full(2, value) for value in initial), np.ndarray)
    if model.equilibrium_curve is not None:
        curve = model.equilibrium_curve
        values = np.full(2, initial[model.state_names.index(curve.coordinate)])
        found = _call(model, "equilibrium_curve", curve.points, (np.clip(values, curve.low, curve.high), defaults, 0.0))
        if not isinstance(found, tuple) or len(found) != 2 or len(found[0]) != len(initial):
            raise _refuse(model, "equilibrium_curve gives no (states, drive)", f"{len(initial)} states and a drive")
        if curve.samples is not None:
            u = np.asarray(_call(model, "equilibrium_curve.samples", curve.samples, (defaults, 0.0)), float)
            if u.ndim != 1 or len(u) < 3 or not (np.diff(u) > 0).all():
                raise _refuse(model, "equilibrium_curve.samples gives no rising values", "an array of 3 and more")


def _check_qif(model: "Model") -> None:
    """Whether the QIF populations that a model declares have its own right-hand side."""
    if model.qif is None:
        return
    named = model.qif.state_names
    if sorted(named) != sorted(model.state_names):
        raise _refuse(model, f"qif has the states {', '.join(named)}", f"each of {', '.join(model.state_names)} once")
    values = {p.name: 1.1 * p.default + 0.05 * (k + 1) for k, p in enumerate(model.parameters)}
    states = {name: 0.3 + 0.1 * k for k, name in enumerate(model.state_names)}
    x, coefficients = tuple(states.values()), model.coefficients(values)
    slopes = model.derivative(x, tuple(values[name] for name in model.drives), coefficients, COUPLING)
    declared = model.qif.derivative(states, values, COUPLING)
    for name, slope in zip(model.state_names, slopes, strict=True):
        if abs(declared[name] - slope) > 1e-9 * (1.0 + abs(slope)):
            raise _refuse(model, f"qif gives {name}' = {declared[name]:.6g}", f"what derivative gives, {slope:.6g}")
    sent = model.qif.sent
    if model.sent(x, coefficients) != states[sent]:
        raise _refuse(model, f"qif sends {sent}", "what `sent` sends")


def _evaluate(model: "Model", parameters: dict[str, Any], states: tuple, kind: type) -> None:
    coefficients = _call(model, "coefficients", model.coefficients, (parameters,))
    _check_tuple(model, "coefficients", coefficients, None)
    drive = tuple(parameters[name] for name in model.drives)
    change = _call(model, "derivative", model.derivative, (states, drive, coefficients, COUPLING))
    _check_tuple(model, "derivative", change, model.state_names)
    observables = [(f"{what} of {p.name}", getattr(p, what)) for p in model.populations for what in OBSERVABLES]
    for what, function in [("sent", model.sent), *observables]:
        if function is None:
            continue
        value = _call(model, what, function, (states, coefficients))
        if not _is_number(value, kind):
            raise _refuse(model, f"{what} gives {type(value).__name__}", "one finite number at the defaults")


def _check_tuple(model: "Model", what: str, values: Any, names: Iterable[str] | None) -> None:
    if not isinstance(values, tuple):
        raise _refuse(model, f"{what} gives {type(values).__name__}", "a tuple")
    names = [str(k) for k in range(len(values))] if names is None else list(names)
    if len(values) != len(names):
        raise _refuse(model, f"{what} gives {len(values)} values for {len(names)} states", "one for every state")
    for name, value in zip(names, values, strict=True):
        if not _is_number(value, object):
            raise _refuse(model, f"{what} gives {value!r} for {name}", "finite numbers at the defaults")


def _is_number(value: Any, kind: type) -> bool:
    """Whether a value is a finite number, or an array of two of them where that may be."""
    if isinstance(value, np.ndarray):
        return kind is not float and value.shape == (2,) and bool(np.isfinite(value).all())
    return isinstance(value, (int, float, np.number)) and math.isfinite(value)


def _call(model: "Model", what: str, function: Callable, arguments: tuple) -> Any:
    try:
        with np.errstate(all="ignore"):
            return function(*arguments)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise _refuse(model, f"{what} fails at the defaults ({reason})", PLAIN) from error
