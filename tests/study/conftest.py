"""Small studies, changed key by key, and the line that a bad one must be refused with."""

import numpy as np
import pytest

from ngnmm_core.study.load import load_studies

SIMULATION = {"duration_ms": 200, "transient_ms": 50, "dt_ms": 0.05, "sample_ms": 0.2}


@pytest.fixture(scope="session")
def six(tmp_path_factory):
    """Path of a connectome of six regions."""
    weights = np.triu(np.random.default_rng(6).uniform(0.2, 1.0, (6, 6)), 1).round(3)
    path = tmp_path_factory.mktemp("connectome") / "six.csv"
    np.savetxt(path, weights + weights.T, delimiter=",", fmt="%g")
    return path


@pytest.fixture
def config(six):
    """Makes the content of a study file: a small study with changes; those to `simulation` are laid over it."""

    def make(without=(), without_of_simulation=(), **changes):
        simulation = changes.pop("simulation", {})
        kept = {key: value for key, value in SIMULATION.items() if key not in without_of_simulation}
        made = {
            "study": "mini",
            "connectome": {"path": str(six)},
            "grid": {"G": [2, 5]},
            "simulation": {**kept, **simulation} if isinstance(simulation, dict) else simulation,
            "analyses": ["rates"],
            **changes,
        }
        return {key: value for key, value in made.items() if key not in without}

    return make


@pytest.fixture
def study(config):
    """Makes a checked study from a small one with changes."""

    def make(**changes):
        (only,) = load_studies(config(**changes)).values()
        return only

    return make


@pytest.fixture
def refuses(config, refused):
    """Checks that a study with some changes is refused in a line that says what is allowed and has all the words."""

    def check(changes, *words, without=()):
        return refused(lambda: load_studies(config(without, **changes)), "allowed: ", *words)

    return check
