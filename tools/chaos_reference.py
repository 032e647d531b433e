"""Largest exponents of forty chaotic homogeneous states, by steps far below the default, for tests and `make bench`.

    python tools/chaos_reference.py tests/reference/chaotic_exponents.json

The points are drawn at random in the plane of input and coupling, besides two that are given; what counts is that they
are chaotic at the default parameters.  At each, eight trajectories from different states run side by side with Luther's
method at 0.0125 ms, the first one from the attractor that the analyses find.  Their scatter is the standard error, so
that it rests on nothing that a single run says about itself.  A point is left out where the eight disagree by more
than they say of themselves: there they have found several attractors.  Along some Lambda the largest transverse
exponents are found in the same way.  About ten minutes on one core.

Runs: Benettin et al., Meccanica 15, 9 (1980), doi:10.1007/BF02128236.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.lyapunov_runs import Settings, exponents_of
from ngnmm_core.dynamics.regimes import CHAOS
from ngnmm_core.dynamics.tangent_growth import TangentGrowth, TransverseStretching
from ngnmm_core.models import get_model

MODEL = get_model("ei_ngnmm")
GIVEN = ((9.8, 10.75), (9.0, 14.0))
INPUT, COUPLING = (8.5, 11.5), (9.5, 16.0)  # where points are drawn: chaos is a narrow part of the plane
WANTED, DRAWN, SEED = 40, 320, 20
LANES = 8
STEP_MS, ALIGNING_MS = 0.0125, 2000.0
MODES = (0.6, 0.0, -0.3)  # Lambda of the transverse exponents
MOST_SPREAD = 30.0  # chi square of eight trajectories; 24.3 is exceeded by one in a thousand points


def candidates() -> np.ndarray:
    """Points [point, (I_ext_e, G)], rounded to what a study file would hold."""
    unit = np.random.default_rng(SEED).uniform(size=(DRAWN, 2))
    low, high = np.array([INPUT[0], COUPLING[0]]), np.array([INPUT[1], COUPLING[1]])
    return np.concatenate([np.array(GIVEN), np.round(low + unit * (high - low), 2)])


def parameters_of(places: np.ndarray) -> dict[str, np.ndarray]:
    """All parameters of points, arrays (point,)."""
    values = {name: np.full(len(places), float(value)) for name, value in MODEL.resolve({}).items()}
    return values | {"I_ext_e": places[:, 0].copy(), "G": places[:, 1].copy()}


def chaotic(places: np.ndarray):
    """Yield the points that are chaotic, each with a state of its attractor."""
    parameters = parameters_of(places)
    found = classify(MODEL, parameters, 1.0, find_attractors(MODEL, parameters, 1.0))
    for place, attractor in zip(places, found, strict=True):
        if attractor is not None and attractor.regime == CHAOS:
            yield place, attractor.state


def exponents(place: np.ndarray, state: np.ndarray, duration_ms: float):
    """Means and standard errors of the largest exponent and then of those along `MODES`; None where lanes disagree."""
    parameters = parameters_of(np.tile(place, (LANES, 1)))
    own = parameters["G"]
    states = state[:, None] * (1.0 + 0.02 * np.arange(LANES))
    settings = Settings(3, duration_ms / LANES, ALIGNING_MS, STEP_MS, round(1.0 / STEP_MS))
    run = exponents_of(
        TangentGrowth(MODEL, parameters, np.stack([own, own]), settings.count, exact=False), states, settings
    )
    if np.sum((run.values[0] - run.values[0].mean()) ** 2 / run.errors[0] ** 2) > MOST_SPREAD:
        return None
    gains = own * np.array([1.0, *MODES])[:, None]
    across = exponents_of(TransverseStretching(MODEL, parameters, gains, exact=False), states, settings)
    values = np.concatenate([run.values[:1], across.values])
    return values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(LANES)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--duration", type=float, default=800.0, help="s of every point, over all trajectories")
    options = parser.parse_args()
    rows = []
    for place, state in chaotic(candidates()):
        found = exponents(place, state, 1000.0 * options.duration)
        print(place, "several attractors" if found is None else found[0].round(5), flush=True)
        if found is not None:
            values, errors = (np.round(numbers, 8).tolist() for numbers in found)
            rows.append({"I_ext_e": place[0], "G": place[1], "exponents": values, "standard_errors": errors})
        if len(rows) == WANTED:
            break
    text = {
        "what": "largest Lyapunov exponent (1/ms) of the homogeneous ei_ngnmm at its default parameters and the "
        "largest transverse ones along each of `modes`, with standard errors; row sum 1",
        "method": f"tools/chaos_reference.py: Luther's method at {STEP_MS} ms, {LANES} trajectories, "
        f"{options.duration:g} s in all",
        "modes": MODES,
        "points": rows,
    }
    options.path.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
