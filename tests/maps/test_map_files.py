"""Maps in files: matched by label, transformed, refused in one line; and their surrogates."""

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.connectome.arrays import checked
from ngnmm_core.connectome.connectome import Connectome
from ngnmm_core.connectome.datasets import as_dataset, connectome_of
from ngnmm_core.connectome.map_files import read_map
from ngnmm_core.connectome.map_surrogates import generator, spun
from ngnmm_core.connectome.reader_options import MembersOptions
from ngnmm_core.connectome.readers import read_members
from ngnmm_core.plotting.parts.labels import label
from ngnmm_core.preflight.connectome_checks import check_connectome, check_on_connectome
from ngnmm_core.simulation.map_settings import map_axes
from ngnmm_core.simulation.regional import RegionalMaps
from ngnmm_core.stages.context import context
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.load import make_study

LABELS = ("L_a", "L_b", "L_c", "R_a", "R_b", "R_c")
VALUES = (0.7, -1.2, 0.1, 2.0, -0.4, 0.3)
ROWS = list(zip(LABELS, VALUES, strict=True))


def drives_of(study, brain):
    """Values of I_ext_e at all points, [point, region]."""
    return RegionalMaps(study.maps, brain, study.model).parameters(study.points())["I_ext_e"]


# ------------------------------------------------------------------ what a map does
def test_maps_are_z_scored_added_and_multiplied(brain, study_with):
    z = (np.array(VALUES) - np.mean(VALUES)) / np.std(VALUES)
    ten = {"I_ext_e": 10.0}
    np.testing.assert_allclose(drives_of(study_with({"scale": 0.5}, parameters=ten), brain)[0], 10 + 0.5 * z)
    multiplied = study_with({"scale": 0.1, "mode": "multiply"}, parameters=ten)
    np.testing.assert_allclose(drives_of(multiplied, brain)[0], 10 * (1 + 0.1 * z))
    raw = study_with({"transform": "raw"}, parameters=ten)
    np.testing.assert_allclose(drives_of(raw, brain)[0], 10 + np.array(VALUES))
    both = study_with({"scale": 0.5}, {"name": "more", "scale": 0.1, "mode": "multiply"}, parameters=ten)
    np.testing.assert_allclose(drives_of(both, brain)[0], (10 + 0.5 * z) * (1 + 0.1 * z))


def test_only_labels_count(brain, study_with, table):
    """The order of rows, what else is in the table, and how it is separated change nothing: not even the context."""
    plain = study_with({"scale": 0.5})
    other = table([("area", "name", "thickness"), *((k, *row) for k, row in enumerate(ROWS[::-1]))], "other.csv")
    tabs = table([("label\tthickness",), *((f"{label}\t{value}",) for label, value in ROWS[::-1])], "map.tsv")
    for given in ({"file": other, "column": "thickness"}, {"file": tabs}):
        again = study_with({"scale": 0.5, **given})
        np.testing.assert_array_equal(drives_of(again, brain), drives_of(plain, brain))
        assert context(again, "simulation", "c") == context(plain, "simulation", "c")


def test_regions_that_the_connectome_has_not_count_for_nothing(brain, study_with, table):
    more = table([("label", "thickness"), ("L_z", 99.0), *ROWS], "more.csv")
    np.testing.assert_array_equal(drives_of(study_with({"file": more}), brain), drives_of(study_with({}), brain))


def test_a_map_of_the_connectome_itself(brain, study_with):
    y = brain.centres[:, 1]
    found = drives_of(study_with({"of": "y"}, parameters={"I_ext_e": 3.0}), brain)[0]
    np.testing.assert_allclose(found, 3 + (y - y.mean()) / y.std())


def test_maps_come_with_a_connectome(study_with, refused, tmp_path):
    """Read beside the weights, kept in the dataset, found by their names; another map is another connectome."""
    weights = np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]], float)
    members = {"w.csv": "\n".join(",".join(map(str, row)) for row in weights), "m.txt": "0.5\n-1\n2\n"}
    read = lambda member: members[member].encode()
    options = MembersOptions(weights={"member": "w.csv"}, maps={"myelin": {"member": "m.txt"}})
    arrays = read_members(read, options)
    write_netcdf(as_dataset(checked(arrays, "made up"), {}), tmp_path / "c.nc")
    with xr.open_dataset(tmp_path / "c.nc") as dataset:
        found = connectome_of(dataset)
    np.testing.assert_array_equal(found.maps["myelin"], [0.5, -1, 2])
    assert found.identity != Connectome(weights, found.labels).identity
    study = study_with({"of": "myelin", "transform": "raw"}, parameters={"I_ext_e": 3.0})
    np.testing.assert_allclose(drives_of(study, found.normalised("row"))[0], [3.5, 2, 5])
    refused(lambda: drives_of(study_with({"of": "gene"}), found), "model.maps.thick.of: unknown 'gene'", "myelin")
    refused(lambda: drives_of(study_with({"of": "x"}), Connectome(weights)), "the connectome has no maps")
    arrays.maps["myelin"] = np.ones(2)
    refused(lambda: checked(arrays, "made up"), "map myelin")


def test_maps_of_the_registry_are_known_before_they_are_fetched(study_with, refused, tmp_path):
    study = lambda of: study_with({"of": of}, connectome={"name": "schaefer-100"})
    check = lambda of: check_connectome(study(of), tmp_path / "none.nc", 100)
    refused(lambda: check("myelyn"), "model.maps.thick.of: unknown 'myelyn'", "did you mean 'myelin'")
    refused(lambda: check("x"), "model.maps.thick.of: unknown 'x'")
    assert check("nmda") == 1.0


@pytest.mark.parametrize(("name", "of", "regions"), [("aal90-sc2017", "y", 90), ("dk-84", "z", 84)])
def test_spins_are_refused_of_an_entry_that_is_on_no_sphere(study_with, refused, tmp_path, name, of, regions):
    def check(**surrogates):
        study = study_with({"of": of, "surrogates": surrogates}, connectome={"name": name})
        return check_connectome(study, tmp_path / "none.nc", regions)

    refused(
        lambda: check(kind="spin"),
        f"model.maps.thick.surrogates.kind: spin: {name} has no places on the cortical sphere",
        "allowed: kind: labels",
    )
    assert check(kind="labels") == 1.0
    assert study_with({"of": "myelin", "surrogates": {"kind": "spin"}}, connectome={"name": "schaefer-100"}).maps


def test_what_results_depend_on_is_in_the_context(study_with, table):
    def contexts(*maps):
        study = study_with(*maps, analyses={"rates": {}, "network_lyapunov": {}})
        return [context(study, stage, "c") for stage in ("simulation", "network_lyapunov")]

    changed = table([("label", "thickness"), *ROWS[1:], ("L_a", 0.71)], "changed.csv")
    plain = contexts({"scale": 0.5})
    for other in ({"scale": 0.4}, {"scale": 0.5, "file": changed}, {"scale": 0.5, "mode": "multiply"}):
        assert all(a != b for a, b in zip(contexts(other), plain, strict=True))
    few, many = (contexts({"surrogates": {"count": n}}) for n in (2, 9))
    assert few == many, "more surrogates leave those that are there"


def test_stages_of_regions_that_are_alike_know_of_no_map(study_with):
    """A scale of 0 throughout: what msf computed without the map stays."""
    plain = study_with(analyses={"msf": {}})
    mapped = study_with({}, grid={"G": [5], "thick.scale": [0]}, analyses={"msf": {}})
    assert context(mapped, "msf", "c") == context(plain, "msf", "c")
    assert STAGES["msf"].layout(mapped, 6).dims == ("G",)


# ------------------------------------------------------------------ surrogates
def test_surrogates_are_an_axis_and_permutations(brain, study_with):
    study = study_with({"surrogates": {"count": 30, "seed": 4}})
    assert study.dims() == ("G", "thick.surrogate")
    found = drives_of(study, brain)
    np.testing.assert_array_equal(found[0], drives_of(study_with({}), brain)[0])
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.sort(found[0]), (31, 1)))
    assert len(np.unique(found, axis=0)) > 25
    about = next(axis.meaning for axis in map_axes(study.maps) if axis.name == "thick.surrogate")
    assert label({"long_name": about, "units": "1"}) == "Surrogate of the map thick"
    fewer = drives_of(study_with({"surrogates": {"count": 5, "seed": 4}}), brain)
    np.testing.assert_array_equal(found[:6], fewer)
    assert (found[1:6] != drives_of(study_with({"surrogates": {"count": 5, "seed": 5}}), brain)[1:]).any()


def sphere(count, seed=0):
    """Places of as many regions on either side of two spheres, in mirror image, [region, 3], and their hemispheres."""
    x = np.random.default_rng(seed).standard_normal((count, 3))
    x *= 100.0 / np.linalg.norm(x, axis=1, keepdims=True)
    return np.concatenate([x, x * [-1, 1, 1]]), "L" * count + "R" * count


def test_spins_keep_neighbours_together_and_mirror_the_hemispheres():
    places, sides = sphere(150)
    smooth = places[:, 2]  # a gradient
    near = np.argsort(((places[:150, None] - places[None, :150]) ** 2).sum(axis=2), axis=1)[:, 1:6]
    alike, shuffled = [], []
    for number in range(1, 9):
        taken = spun(places, sides, generator(0, number))
        assert sorted(taken) == list(range(300)), "no value twice"
        assert (taken[:150] < 150).all()
        np.testing.assert_array_equal(taken[150:], taken[:150] + 150, err_msg="mirror image")
        alike.append(np.abs(smooth[taken[:150]][near] - smooth[taken[:150]][:, None]).mean())
        mixed = generator(0, number).permutation(150)
        shuffled.append(np.abs(smooth[mixed][near] - smooth[mixed][:, None]).mean())
    assert max(alike) < 0.5 * min(shuffled)
    true = np.abs(smooth[:150][near] - smooth[:150, None]).mean()
    assert np.mean(alike) < 1.5 * true


def test_rotations_are_uniform():
    """The mean of a rotated direction vanishes, and the mean of its squares is a third."""
    from ngnmm_core.connectome.map_surrogates import random_rotation

    turned = np.array([random_rotation(generator(1, k)) for k in range(4000)])
    np.testing.assert_allclose(turned @ turned.transpose(0, 2, 1), np.tile(np.eye(3), (4000, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turned), 1.0)
    np.testing.assert_allclose(turned.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose((turned**2).mean(axis=0), 1 / 3, atol=0.03)


def test_what_is_on_no_sphere_is_permuted_among_itself(study_with, table, undirected6):
    """Two subcortical regions; places come from the table."""
    rows = [("label", "thickness", "sphere_x", "sphere_y", "sphere_z")]
    places = [(1, 0, 0), (0, 1, 0), ("", "", ""), (-1, 0, 0), (0, 1, 0), ("n/a", "", "")]
    rows += [(*row, *xyz) for row, xyz in zip(ROWS, places, strict=True)]
    brain = Connectome(undirected6, LABELS, hemisphere="LLLRRR")
    spins = {"file": table(rows, "s.csv"), "column": "thickness", "surrogates": {"kind": "spin", "count": 40}}
    found = drives_of(study_with(spins), brain)
    np.testing.assert_array_equal(np.sort(found[:, [2, 5]], axis=1), np.tile(np.sort(found[0, [2, 5]]), (41, 1)))
    assert len(np.unique(found, axis=0)) == 4, "two that swap on each sphere, in mirror image, and two beside them"


# ------------------------------------------------------------------ refusals
def test_tables_that_are_no_maps_are_refused(table, refused, tmp_path):
    read = lambda rows, column=None, name="m.csv": (
        lambda: read_map(tmp_path / table(rows, name), column, "model.maps.m")
    )
    head = ("label", "v")
    refused(read([head, *ROWS, ROWS[0]]), "the label 'L_a' occurs twice")
    refused(read([head, ("L_a", "high")]), "'high' of L_a is not a number")
    refused(read([head, *ROWS], "w"), "column: unknown 'w'", "allowed: v")
    refused(read([("label", "v", "w"), ("L_a", 1, 2)]), "columns v, w", "the key `column`")
    refused(read([("label", "v", "v"), ("L_a", 1, 2)]), "the column 'v' occurs twice")
    refused(read([head, ("L_a",)]), "not a table")
    refused(read([head, *ROWS], None, "m.xlsx"), "unknown format '.xlsx'")


MAP_FAULTS = {
    "no such parameter": ({"parameter": "I_ext"}, ("model.maps.thick.parameter: unknown 'I_ext'", "I_ext_e")),
    "no file": ({"file": "none.csv"}, ("model.maps.thick.file: none.csv: no such file",)),
    "two sources": ({"file": "a.csv", "of": "y"}, ("both file and of",)),
    "a column of nothing": ({"of": "y", "column": "c"}, ("a column without a file",)),
    "another mode": ({"mode": "divide"}, ("mode", "divide")),
    "no name": ({"name": "a b"}, ("name",)),
}


@pytest.mark.parametrize("fault", MAP_FAULTS)
def test_keys_that_do_not_fit_are_refused(study_with, refused, fault):
    keys, words = MAP_FAULTS[fault]
    refused(lambda: study_with(keys), *words)


def test_a_name_twice_and_a_scale_twice_are_refused(study_with, refused):
    refused(lambda: study_with({}, {}), "the name 'thick' occurs twice")
    refused(lambda: study_with({"scale": 1}, grid={"thick.scale": [0, 1]}), "thick.scale: also an axis")
    refused(lambda: study_with(grid={"thick.scale": [0, 1]}), "unknown 'thick.scale'")
    surrogates = {"surrogates": {"count": 2}}
    refused(lambda: study_with(surrogates, grid={"thick.surrogate": [3]}), "3 is no surrogate", "0 to 2")
    refused(lambda: study_with(surrogates, grid=None, points=[{"G": 1}]), "a column thick.surrogate")
    assert study_with(surrogates, grid=None, points=[{"G": 1, "thick.surrogate": 2}]).size() == 1


def test_maps_that_do_not_fit_the_connectome_are_refused(brain, study_with, refused, table):
    check = lambda *maps, **keys: lambda: check_on_connectome(study_with(*maps, **keys), brain)
    few = table([("label", "v"), *ROWS[2:], ("L_b", "nan")], "few.csv")
    refused(check({"file": few}), "model.maps.thick", "no number for 2 of 6 regions (L_a, L_b)")
    flat = table([("label", "v"), *((label, 2.0) for label in LABELS)], "flat.csv")
    refused(check({"file": flat}), "all regions have the value 2", "raw")
    refused(check({"parameter": "tau_e", "scale": 9.0}), "L_b at scale 9", "tau_e", "a number > 0")
    refused(check({"parameter": "tau_e"}, grid={"thick.scale": [0, 9]}), "at scale 9")
    refused(check({"of": "volume"}), "of: unknown 'volume'; allowed: x, y, z")
    refused(check({"surrogates": {"kind": "spin"}}), "spin", "from (0, 0, 0)", "kind: labels")


@pytest.mark.parametrize("analysis", ["msf", "dispersion", "lyapunov", "transverse", "bistability", "orbit_diagram"])
def test_what_needs_regions_alike_is_refused(brain, study_with, refused, analysis):
    """Unless the scale is 0 throughout; the message names what works."""
    keys = {"analyses": {analysis: {}, "rates": {}}}
    check = lambda *maps, **more: lambda: check_on_connectome(study_with(*maps, **keys, **more), brain)
    words = (f"does not reach analyses.{analysis}", "network_lyapunov", "linear_fc", "a scale of 0")
    refused(check({"scale": 0.2}), "model.maps.thick.scale: 0.2", *words)
    refused(check({}, grid={"G": [5], "thick.scale": [0, 0.2]}), "grid.thick.scale: 0.2", *words)
    refused(check({"scale": 0}, highlights=[{"thick.scale": 0.1}]), "model.maps.thick.scale: 0.1", *words)
    check({"scale": 0})()
    check({}, grid={"G": [5], "thick.scale": [0]})()


def test_what_is_found_from_regions_alike_is_refused(study_with, refused):
    stimulus = {"name": "focal", "parameter": "I_ext_e", "onset_ms": 50, "duration_ms": 5}
    keys = {"simulation": {"stimuli": [stimulus], "duration_ms": 200}, "analyses": {"recruitment": {}}}
    refused(lambda: study_with({"scale": 0.2}, **keys), "analyses.recruitment.between", "recruitment.threshold_hz")
    study_with({"scale": 0.2}, **{**keys, "analyses": {"recruitment": {"threshold_hz": 20}}})
    study_with({"scale": 0}, **keys)
    poised = {"name": "ngnmm_population", "operating_point": {"margin": 0.1}}
    poised["maps"] = [{"name": "m", "parameter": "eta", "of": "y", "scale": 0.1}]
    config = {"connectome": {"name": "given"}, "grid": {"G": [1]}, "model": poised, "analyses": {"rates": {}}}
    refused(lambda: make_study("p", config), "model.maps.m.scale: 0.1 together with model.operating_point")


def test_lesions_take_scales_and_their_axes(brain, study_with, refused):
    hubs = {"hubs": {"seeds": 1, "null_seeds": 3, "duration_ms": 2500, "transient_ms": 500}}
    study = study_with({"scale": 0.2}, grid={"G": [5]}, analyses=hubs)
    check_on_connectome(study, brain)
    assert context(study, "lesions", "c")["maps"][0]["scale"] == 0.2
    axis = study_with({}, grid={"G": [5], "thick.scale": [0.2]}, analyses=hubs)
    check_on_connectome(axis, brain)
    at = lambda value: {"hubs": {**hubs["hubs"], "at": [{"thick.scale": value}]}}
    grid = {"G": [5], "thick.scale": [0.2, 0.4]}
    chosen = STAGES["lesions"].layout(study_with({}, grid=grid, analyses=at(0.4)), 6).points
    assert set(chosen.columns["thick.scale"]) == {0.4}
    refused(lambda: study_with({}, grid=grid, analyses=at(0.3)), "at[0].thick.scale", "0.3 is not on the grid")
