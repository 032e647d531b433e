"""`simulate` and `get_connectome` in a notebook: what they take, refuse and give back."""

import numpy as np
import pytest

from ngnmm_core import get_connectome, simulate
from ngnmm_core.connectome import Connectome, connectome_of

SHORT = {"duration_ms": 20, "transient_ms": 5, "dt_ms": 0.05}


def ring(count=4):
    return np.roll(np.eye(count), 1, axis=1)


def test_a_matrix_may_be_a_nested_list():
    connectome = get_connectome(ring().tolist())
    np.testing.assert_array_equal(connectome.weights, ring())
    assert list(connectome.region.values) == ["region_1", "region_2", "region_3", "region_4"]


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (-ring(), ["'region_1' from 'region_2'", "-1", "not negative"]),
        (np.where(ring() > 0, np.nan, 0.0), ["'region_1' from 'region_2'", "nan", "finite"]),
        (np.ones((2, 3)), ["2 x 3", "square"]),
        ([[0, "x"], [1, 0]], ["not numbers"]),
    ],
    ids=["negative", "not finite", "not square", "no numbers"],
)
def test_a_bad_matrix_is_refused_as_in_a_study(matrix, words, refused):
    refused(lambda: simulate({"G": 1}, matrix, analyses=["rates"], **SHORT), "connectome: ", *words, "allowed: ")


def test_a_region_that_is_not_there_is_refused(refused):
    grid = {"resection.region": [99]}
    refused(
        lambda: simulate({"G": 1}, ring(), grid=grid, analyses=["rates"], **SHORT),
        "grid.resection.region",
        "99",
        "allowed: at most 3",
    )


def test_a_step_that_blows_up_is_refused(refused):
    settings = {**SHORT, "dt_ms": 1.0, "method": "rk4"}
    refused(lambda: simulate({"G": 1}, ring(), analyses=["rates"], **settings), "dt_ms", "1", "allowed: ")


def test_rows_that_differ_are_refused_where_the_homogeneous_state_is_asked_for(refused):
    weights = ring() * np.array([[1.0], [2.0], [3.0], [4.0]])
    refused(lambda: simulate({"G": 1}, weights, analyses=["msf"], normalization="none"), "analyses.msf", "allowed: ")


def test_every_diagram_says_where_in_the_grid_it_is():
    options = {"continuation": {"range": [0, 2], "doublings": 0, "rows": 200}}
    found = simulate(grid={"G": [2, 3], "I_ext_e": [0, 1]}, connectome=ring(), analyses=options)
    assert found.branch_parameter.dims == ("diagram", "row")
    np.testing.assert_array_equal(found.G, [2, 3])
    assert found.G.dims == ("diagram",)


def test_diagrams_take_a_call_of_their_own(refused):
    refused(
        lambda: simulate({}, ring(), analyses=["rates", "continuation"], **SHORT), "analyses.continuation", "allowed"
    )


def test_axes_of_a_grid_have_units():
    found = simulate(grid={"G": [1, 2], "seed": [0, 1]}, connectome=ring(), analyses=["rates"], **SHORT)
    assert found.firing_rate.dims[:2] == ("G", "seed")
    assert found.G.attrs["units"] == "1"
    assert found.seed.attrs["long_name"]


# ------------------------------------------------------------------ files and the cache of built connectomes
@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache of our own: the folder of its connectomes."""
    monkeypatch.setenv("NGNMM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache" / "connectomes"


def test_what_an_older_reader_built_is_built_again(kept, monkeypatch):
    np.savetxt("brain.csv", ring(), delimiter=",")
    first = get_connectome("brain.csv")
    (file,) = kept.glob("*.nc")
    written = file.stat().st_mtime_ns
    assert get_connectome("brain.csv").identical(first)
    assert file.stat().st_mtime_ns == written
    monkeypatch.setattr("ngnmm_core.connectome.build.code_hash", lambda modules: "another reader")
    again = get_connectome("brain.csv")
    assert file.stat().st_mtime_ns != written
    assert again.attrs["built_from"] != first.attrs["built_from"]
    file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_array_equal(get_connectome("brain.csv").weights, ring())


def test_a_local_copy_is_checked_though_its_name_is_known(kept, refused):
    get_connectome("single")
    refused(lambda: get_connectome({"name": "single", "path": "no.dat"}), "connectome.path", "no.dat")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"nme": "single"}, ["connectome.nme", "unknown 'nme'", "did you mean 'name'?"]),
        ({"path": "x.csv", "transpos": True}, ["connectome.transpos", "did you mean 'transpose'?"]),
        ({}, ["connectome", "neither 'name' nor 'path'"]),
        ({"name": 3}, ["connectome.name", "3"]),
        (None, ["connectome: None", "a name, a file"]),
        (7, ["connectome: 7"]),
        ("no/such.csv", ["no/such.csv", "no such file", "looked for in"]),
        ("Single", ["connectome.name", "unknown 'Single'", "did you mean 'single'?"]),
        ("AAL90-SC2017", ["did you mean 'aal90-sc2017'?"]),
    ],
)
def test_wrong_sources_are_refused_in_one_line(kept, refused, source, words):
    refused(lambda: get_connectome(source), *words, "allowed: ")


def test_other_kinds_of_matrices(kept):
    import scipy.sparse

    np.testing.assert_array_equal(get_connectome(scipy.sparse.csr_array(ring())).weights, ring())
    np.testing.assert_array_equal(get_connectome(tuple(map(tuple, ring()))).weights, ring())
    whole = Connectome(ring(), tuple("abcd"), tract_length=np.where(ring() + np.eye(4), 50 * ring(), np.nan))
    assert connectome_of(get_connectome(whole)).identity == whole.identity
