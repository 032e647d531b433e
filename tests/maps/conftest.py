"""A network of six regions with labels, a map of theirs in a file, and studies with maps."""

import numpy as np
import pytest

from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.study.load import make_study

LABELS = ("L_a", "L_b", "L_c", "R_a", "R_b", "R_c")
VALUES = (0.7, -1.2, 0.1, 2.0, -0.4, 0.3)


@pytest.fixture(scope="session")
def brain(undirected6):
    """Six regions, three on either side, with centres."""
    places = np.random.default_rng(3).standard_normal((6, 3))
    return Connectome(undirected6, LABELS, hemisphere="LLLRRR", centres=places)


@pytest.fixture
def table(tmp_path):
    """`table(rows, name="map.csv")`: writes a table; without rows, that of VALUES; returns its path."""

    def write(rows=None, name="map.csv"):
        rows = rows or [("label", "thickness"), *zip(LABELS, VALUES, strict=True)]
        path = tmp_path / name
        path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
        return str(path)

    return write


TIMES = {"duration_ms": 150, "transient_ms": 40}


@pytest.fixture
def study_with(table):
    """`study_with(*maps, **keys)`: a short study; a map is that of VALUES on I_ext_e unless it says otherwise."""

    def make(*maps, parameters=None, model="ei_ngnmm", **keys):
        given = [{"name": "thick", "parameter": "I_ext_e", **m} for m in maps]
        given = [m if {"of", "file"} & set(m) else {**m, "file": table()} for m in given]
        times = {} if {"network_lyapunov", "linear_fc"} & set(keys.get("analyses", ())) else TIMES  # they take none
        simulation = {**times, **keys.pop("simulation", {})}
        config = {"grid": {"G": [5]}, "analyses": {"rates": {}}, **keys}
        config = {"connectome": {"name": "given"}, **config, "simulation": simulation}
        return make_study("maps", {**config, "model": {"name": model, "maps": given, "parameters": parameters or {}}})

    return make
