"""Places of regions on the cortical sphere: means of their vertices, fetched only where a map is spun."""

import base64
import hashlib
import io
import zipfile
import zlib

import numpy as np
import pytest

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, connectome_of, output_name, source_identity
from ngnmm_core.connectome import map_surrogates as surrogates
from ngnmm_core.connectome.build import built_identity
from ngnmm_core.connectome.fetch import opened_source
from ngnmm_core.connectome.registry import SphereEntry
from ngnmm_core.connectome.spheres import places_of
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.map_settings import context_of, surrogates_of
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.study.load import make_study

SIDES = ["L", "L", "R", "R"]
AXES = np.array([[0.0, 0, 1], [-1, 0, 0], [0, 0, 1], [0.6, 0.8, 0]])  # centres of the caps that are the regions
HEAD = 'Intent="NIFTI_INTENT_POINTSET" DataType="NIFTI_TYPE_FLOAT32" ArrayIndexingOrder="RowMajorOrder"'
FAKE = {
    "title": "caps",
    "wheel": {"name": "balls", "version": "1.0", "filename": "balls-1.0.whl", "sha256": "0" * 64},
    "surfaces": ["lh.gii", "rh.gii"],
    "parcellation": "caps.csv",
    "terms": "for spins only",
    "citation": ["no one"],
}


def gifti(vertices, head=HEAD):
    packed = base64.b64encode(zlib.compress(np.asarray(vertices, "<f4").tobytes())).decode()
    form = f'Dim0="{len(vertices)}" Encoding="GZipBase64Binary" Endian="LittleEndian"'
    return f'<?xml version="1.0"?><GIFTI><DataArray {head} {form}><Data>{packed}</Data></DataArray></GIFTI>'.encode()


def caps(regions=(0, 1), radius=50.0):
    """Vertices of rings around axes, and one beyond that belongs to no region; numbers of the regions from 1."""
    vertices, numbers = [[0, 0, -radius]], [0]
    for k in regions:
        across = np.linalg.svd(AXES[k][None])[2][1:]  # two directions at right angles to the axis
        for angle in np.arange(12) * np.pi / 6:
            ring = np.cos(0.4) * AXES[k] + np.sin(0.4) * (np.cos(angle) * across[0] + np.sin(angle) * across[1])
            vertices.append(radius * ring)
            numbers.append(k + 1)
    return np.array(vertices), numbers


@pytest.fixture
def members():
    (left, l_numbers), (right, r_numbers) = caps(), caps((2, 3))
    column = "\n".join(f"{n:.18e}" for n in [*l_numbers, *r_numbers])
    return {"lh.gii": gifti(left), "rh.gii": gifti(right), "caps.csv": column.encode()}


@pytest.fixture
def with_sphere(made_up, members):
    """A registry whose entry `three` has its four regions on a sphere, in a wheel beside the first."""
    wheel = made_up.wheel.with_name("balls-1.0.whl")
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    pinned = {**FAKE["wheel"], "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}

    plain = made_up()
    return made_up(lambda entry: entry.update(sphere={**FAKE, "wheel": pinned})), plain, wheel


def test_places_are_the_means_of_vertices_on_the_sphere(members):
    """The mean of a ring lies on its axis, inside the sphere; its place is where the axis meets the sphere."""
    places = places_of(members.get, SphereEntry(**FAKE), SIDES, "s")
    np.testing.assert_allclose(places, 50.0 * AXES, atol=1e-4)


FAULTS = {
    "regions in the other hemisphere": ({}, ["R", "R", "L", "L"], ("region 1 lies in L", "allowed: R")),
    "another number of regions": ({}, [*SIDES, "R"], ("numbers up to 4", "from 1 to 5")),
    "no hemisphere stated": ({}, ["", "", "", ""], ("region 1 lies in L",)),
    "another number of vertices": ({"caps.csv": b"1\n2\n3\n4"}, SIDES, ("4 vertices", "50 with")),
    "numbers that are not whole": ({"caps.csv": b"1.5\n2\n"}, SIDES, ("whole numbers",)),
    "names in place of numbers": ({"caps.csv": b"V1\nV2\n"}, SIDES, ("not a column of numbers",)),
    "a surface that is folded": ({"lh.gii": gifti(caps()[0] * [1, 1, 0.9])}, SIDES, ("lh.gii", "not on a sphere")),
    "no surface": ({"lh.gii": b"<a"}, SIDES, ("lh.gii", "GIFTI")),
    "no points": ({"lh.gii": gifti(caps()[0], HEAD.replace("POINTSET", "LABEL"))}, SIDES, ("lh.gii", "GIFTI")),
    "another type": ({"lh.gii": gifti(caps()[0], HEAD.replace("FLOAT32", "INT32"))}, SIDES, ("float32",)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_parcellation_of_spheres_is_refused(members, refused, fault):
    changes, sides, words = FAULTS[fault]
    refused(lambda: places_of((members | changes).get, SphereEntry(**FAKE), sides, "s"), *words)


def test_a_region_all_around_the_sphere_has_no_place(members, refused):
    ring = [[50 * np.cos(a), 50 * np.sin(a), 0] for a in np.arange(25) * 2 * np.pi / 25]
    members["lh.gii"] = gifti(ring)
    members["caps.csv"] = b"1\n" * 24 + b"2\n" + b"\n".join(members["caps.csv"].split(b"\n")[25:])
    refused(lambda: places_of(members.get, SphereEntry(**FAKE), SIDES, "s"), "region 1", "all around")


def test_without_a_network_one_line_says_what_to_do(with_sphere, monkeypatch, refused):
    """The connectome's own wheel is there, and without spins it suffices."""
    registry, _, wheel = with_sphere
    wheel.unlink()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    words = ("places on the sphere: cannot download balls==1.0", "NGNMM_WHEELS", wheel.name)
    refused(lambda: build_connectome(ConnectomeSpec(name="three", sphere=True), registry), *words)
    assert build_connectome(ConnectomeSpec(name="three"), registry).sizes["region"] == 4


def test_places_change_neither_the_weights_nor_what_points_are_known_by(with_sphere, refused, capsys):
    registry, plain, _ = with_sphere
    spec, spun = ConnectomeSpec(name="three"), ConnectomeSpec(name="three", sphere=True)
    assert source_identity(spec, registry) == source_identity(spun, registry) == source_identity(spec, plain)
    assert built_identity(spec, registry) == built_identity(spec, plain) != built_identity(spun, registry)
    assert (output_name(spec), output_name(spun)) == ("three", "three-sphere")
    refused(lambda: build_connectome(spun, plain), "connectome.sphere", "three has no places", "schaefer-100")
    # the regions of this connectome have other hemispheres than the caps
    refused(lambda: build_connectome(spun, registry), "caps.csv", "region")
    assert "Terms of use: for spins only" in capsys.readouterr().err


# ------------------------------------------------------------------ studies
def study_of(kind="spin", connectome=None, **keys):
    one = {"name": "m", "of": "myelin", "parameter": "I_ext_e", "surrogates": {"kind": kind, "count": 3}}
    config = {"connectome": connectome or {"name": "schaefer-100"}, "grid": {"G": [5]}, "analyses": {"rates": {}}}
    return make_study("s", {**config, "model": {"name": "ei_ngnmm", "maps": [one]}, **keys})


def test_a_study_with_spins_asks_for_the_places(refused):
    study, shuffles = study_of(), study_of("labels")
    assert study.config.connectome.sphere
    assert not shuffles.config.connectome.sphere
    assert context_of(study.maps) == context_of(shuffles.maps), "the map itself is known as without spins"
    assert set(surrogates_of(study.maps)["m"]) == {"surrogates", "places", "sphere"}
    assert set(surrogates_of(shuffles.maps)["m"]) == {"surrogates"}
    again = make_study("s", study.config.model_dump(by_alias=True))
    assert again.maps == study.maps
    aal = {"name": "hcp-aal2-94"}
    assert not study_of(connectome=aal).config.connectome.sphere, "refused once the connectome is there"
    refused(lambda: study_of("labels", {**aal, "sphere": True}), "connectome.sphere: hcp-aal2-94 has no places")
    refused(lambda: study_of("labels", {"path": "w.npz", "sphere": True}), "connectome.sphere", "sphere_x")


# ------------------------------------------------------------------ the real sphere
@pytest.fixture(scope="module")
def schaefer():
    """The connectome with its places, and a reader of the wheel that they are from; skips where it can't be had."""
    from ngnmm_core.connectome import load_registry

    entry = load_registry().entry("schaefer-100")
    try:
        dataset = build_connectome(ConnectomeSpec(name="schaefer-100", sphere=True))
        with opened_source("sphere", entry.sphere) as read:
            matrix = np.loadtxt(io.BytesIO(read(MATRIX)), delimiter=",")
    except InputError as error:
        if "cannot download" not in str(error):
            raise
        pytest.skip(f"the package index cannot be reached: {error}")
    return dataset, matrix


MATRIX = "brainspace/datasets/matrices/main_group/schaefer_100_mean_connectivity_matrix.csv"


@pytest.mark.slow
def test_the_numbers_of_the_vertices_are_the_regions_of_the_connectome(schaefer):
    """FC of another group, in the same wheel by the same numbers: every region is most like itself, both ways."""
    dataset, theirs = schaefer
    ours = dataset.empirical_fc.values.astype(float)
    alike = np.empty((100, 100))
    for i in range(100):
        for j in range(100):
            others = np.setdiff1d(np.arange(100), [i, j])
            alike[i, j] = np.corrcoef(theirs[i, others], ours[j, others])[0, 1]
    np.testing.assert_array_equal(alike.argmax(axis=0), np.arange(100))
    np.testing.assert_array_equal(alike.argmax(axis=1), np.arange(100))
    assert np.diag(alike).min() > 0.93
    assert str(dataset.attrs["sphere_source"]) == "brainspace 0.3.0 (wheel)"


def nearest(places, sides):
    """Five nearest regions of the same hemisphere, [region, 5]."""
    away = np.linalg.norm(places[:, None] - places[None], axis=2)
    away[sides[:, None] != sides[None]] = np.inf
    np.fill_diagonal(away, np.inf)
    return np.argsort(away, axis=1)[:, :5]


@pytest.mark.slow
def test_spins_of_the_real_sphere_keep_hemispheres_and_neighbours(schaefer, monkeypatch):
    brain = connectome_of(schaefer[0])
    sides = np.array(brain.hemisphere)
    np.testing.assert_allclose(np.linalg.norm(brain.sphere, axis=1), 100.0, rtol=1e-6)
    near = nearest(brain.sphere, sides)
    moran = lambda z: np.mean((z - z.mean())[:, None] * (z - z.mean())[near]) / z.var()
    maps = make_regional(brain)
    true = maps.map_of(0, 0)
    for number in range(1, 31):
        spun, mixed = maps.map_of(0, number), true[surrogates.shuffled(100, surrogates.generator(0, number))]
        for side in "LR":
            np.testing.assert_array_equal(np.sort(spun[sides == side]), np.sort(true[sides == side]))
        assert not np.array_equal(spun, true)
        assert moran(spun) > moran(mixed) + 0.05
    assert np.mean([moran(maps.map_of(0, k)) for k in range(1, 31)]) > 0.6 * moran(true)
    monkeypatch.setattr(surrogates, "random_rotation", lambda rng: np.eye(3))
    np.testing.assert_array_equal(make_regional(brain).map_of(0, 1), true)


def make_regional(brain):
    """The map of myelin on a connectome, with 30 spins."""
    study = study_of()
    more = [
        one.model_copy(update={"surrogates": one.surrogates.model_copy(update={"count": 30})}) for one in study.maps
    ]
    return RegionalMaps(more, brain, study.model)
