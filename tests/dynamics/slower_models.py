"""Models in another unit of time: by their parameters at a point, and by what they declare."""

from dataclasses import replace

import numpy as np

from ngnmm_core.simulation.own_times import state_factors

WILSON_COWAN = [{"P": 1.25, "G": 0.5}, {"P": 1.0, "G": 2.0}, {"P": 0.2, "G": 0.5}]
EI = [{"I_ext_e": 13.0, "G": 5.0}, {"I_ext_e": 13.0, "G": 5.0, "Delta": 0.4}, {"I_ext_e": 3.0, "G": 5.0}]
RING = np.roll(np.eye(3), 1, axis=1)


def slowed(model, factor, **values):
    """All parameters at one point, with every time constant multiplied, and every rate divided."""
    p, powers = model.resolve(values), {"ms": factor, "Hz": 1.0 / factor}
    return {q.name: p[q.name] * powers.get(q.unit, 1.0) for q in model.parameters}


def declared_slower(model, factor):
    """Declare the same equations in another unit of time: all defaults, initial and small values in that unit."""
    units, powers = state_factors(model, factor), {"ms": factor, "Hz": 1.0 / factor}
    states = [
        replace(s, initial=s.initial * unit, small=s.small * unit) for s, unit in zip(model.states, units, strict=True)
    ]
    curve, parameters = (
        model.equilibrium_curve,
        [replace(q, default=q.default * powers.get(q.unit, 1.0)) for q in model.parameters],
    )
    if curve is not None and curve.low > 0:
        unit = units[model.state_names.index(curve.coordinate)]
        curve = replace(curve, low=curve.low * unit, high=curve.high * unit)
    return replace(model, parameters=tuple(parameters), states=tuple(states), equilibrium_curve=curve, time_unit=factor)
