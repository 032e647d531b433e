"""Exponents of chaos beside converged ones: whether they are unbiased, and their standard errors true.

    python -m benchmarks.chaotic_exponents

At the forty points of `tests/reference/chaotic_exponents.json` (made by `tools/chaos_reference.py`) the exponents are
found as the analyses `lyapunov` and `transverse` find them by default.  The distance to the reference in units of both
standard errors, z, has mean 0 and standard deviation 1 if all is right.  About ten seconds on one core.
"""

import json
import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.documents import DOCS, replace_part, table
from benchmarks.problem import MODEL
from ngnmm_core.analysis.lyapunov import LyapunovOptions
from ngnmm_core.analysis.transverse import TransverseOptions
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.attractor_exponents import homogeneous_exponents, transverse_spectra
from ngnmm_core.dynamics.irregular_attractors import classify
from ngnmm_core.dynamics.lyapunov_runs import ALIGNING_MS, Settings

REFERENCE = Path(__file__).parent.parent / "tests" / "reference" / "chaotic_exponents.json"
MOST_MEAN, LEAST_SPREAD, MOST_SPREAD = 0.4, 0.75, 1.25


class Scores(NamedTuple):
    """z of the largest exponents [point] and of those along the Lambda of the reference [point, mode]."""

    own: np.ndarray
    across: np.ndarray


def scores(count: int | None = None) -> Scores:
    """Compare the first `count` points of the reference (all if not given)."""
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    points = reference["points"][:count]
    known, uncertain = (np.array([p[name] for p in points]) for name in ("exponents", "standard_errors"))
    parameters = {name: np.full(len(points), float(value)) for name, value in MODEL.resolve({}).items()}
    parameters |= {name: np.array([p[name] for p in points]) for name in ("I_ext_e", "G")}
    attractors = classify(MODEL, parameters, 1.0, find_attractors(MODEL, parameters, 1.0))
    options, over = LyapunovOptions(), TransverseOptions()
    settings = Settings(len(MODEL.states), options.duration_ms, ALIGNING_MS, most_error=options.step_error)
    own = homogeneous_exponents(MODEL, parameters, 1.0, attractors, settings)
    settings = Settings(1, over.duration_ms, ALIGNING_MS, most_error=over.step_error)
    across = transverse_spectra(MODEL, parameters, 1.0, attractors, np.array([1.0, *reference["modes"]]), settings)
    distance = lambda found, at: (found.values[:, at] - known[:, at]) / np.hypot(found.errors[:, at], uncertain[:, at])
    return Scores(distance(own, slice(0, 1))[:, 0], distance(across, slice(1, None)))


def rows(found: Scores, modes) -> list[list[str]]:
    """Rows of the table: mean and standard deviation of z."""
    limits = f"at most {MOST_MEAN:g}; {LEAST_SPREAD:g} to {MOST_SPREAD:g}"
    named = [("largest exponent", found.own, limits), ("transverse, all", found.across.ravel(), limits)]
    named += [(f"transverse, Lambda = {m:g}", z, "") for m, z in zip(modes, found.across.T, strict=True)]
    return [
        [name, f"{z.mean():+.2f}", f"{z.std(ddof=1):.2f}", f"{np.abs(z).max():.1f}", last] for name, z, last in named
    ]


def write() -> None:
    """Write the part of docs/accuracy.md."""
    modes = json.loads(REFERENCE.read_text(encoding="utf-8"))["modes"]
    found = scores()
    text = table(["40 chaotic states", "mean of z", "s.d. of z", "largest", "wanted"], rows(found, modes))
    logging.info(text)
    replace_part(DOCS / "accuracy.md", "chaotic exponents", text)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write()
