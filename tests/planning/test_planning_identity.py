"""A point is its full set of parameters, its seed, the connectome, the settings and the code; not how it is written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_results import REGIONS, identities, listed, make_study

from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.points import Kind
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.sweep.identity import point_ids

GRID = {"G": [2, 5], "I_ext_e": [3, 13]}


def test_an_identity_is_32_hexadecimal_digits_and_each_point_has_its_own():
    ids = identities(make_study(grid={**GRID, "seed": [0, 1]}))
    assert len(set(ids)) == len(ids) == 8
    assert all(len(identity) == 32 and int(identity, 16) >= 0 for identity in ids)


SAME = {
    "order of the axes": {"grid": {"I_ext_e": [3, 13], "G": [2, 5]}},
    "order of the values": {"grid": {"G": [5, 2], "I_ext_e": [13, 3]}},
    "range or list": {"grid": {"G": {"start": 2, "stop": 5, "step": 3}, "I_ext_e": {"start": 3, "stop": 13, "num": 2}}},
    "new axis at its default": {"grid": {**GRID, "tau_si": [5.0]}},
    "new alias axis at its default": {"grid": {**GRID, "Delta": [1]}},
    "the seed at its default": {"grid": {**GRID, "seed": [0]}},
    "a default spelled out": {"model": {"parameters": {"I_ext_i": 0, "Delta_e": 1}}},
    "minus zero": {"grid": {**GRID, "I_ext_i": [-0.0]}},
    "name of the study": {"study": "other"},
    "number of shards": {"shards": 3},
    "highlights": {"highlights": [{"G": 2}]},
    "an analysis of the homogeneous system": {"analyses": ["msf", "rates"]},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_what_leaves_the_points_the_same(changes):
    assert sorted(identities(make_study(**changes))) == sorted(identities(make_study()))


OTHER = {
    "new axis at another value": {"grid": {**GRID, "tau_si": [6]}},
    "new alias axis at another value": {"grid": {**GRID, "Delta": [0.9]}},
    "another seed": {"grid": {**GRID, "seed": [1]}},
    "a parameter": {"model": {"parameters": {"eta_e": -4.999999999999999}}},
    "the normalisation": {"normalization": "max"},
    "duration": {"simulation": {"duration_ms": 300, "transient_ms": 50, "dt_ms": 0.05}},
    "transient": {"simulation": {"duration_ms": 200, "transient_ms": 60, "dt_ms": 0.05}},
    "step": {"simulation": {"duration_ms": 200, "transient_ms": 50, "dt_ms": 0.04}},
    "sampling": {"simulation": {"duration_ms": 200, "transient_ms": 50, "dt_ms": 0.05, "sample_ms": 0.1}},
    "initial states": {"simulation": {"duration_ms": 200, "transient_ms": 50, "dt_ms": 0.05, "initial": {"sd": 0.02}}},
    "another analysis of the simulation": {"analyses": ["rates", "synchrony"]},
    "processor": {"cpu_target": "x86-64-v3"},
}


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER)
def test_what_makes_all_points_others(changes):
    assert not set(identities(make_study(**changes))) & set(identities(make_study()))


def test_another_connectome_makes_all_points_others():
    assert not set(identities(make_study())) & set(identities(make_study(), connectome="another"))


def test_the_order_of_analyses_does_not_matter():
    first, second = make_study(analyses=["rates", "synchrony"]), make_study(analyses=["synchrony", "rates"])
    assert identities(first) == identities(second)


def test_a_fixed_parameter_or_an_axis_of_one_value():
    fixed, axis = make_study(model={"parameters": {"eta_e": -4}}), make_study(grid={"eta_e": [-4], **GRID})
    assert identities(fixed) == identities(axis)


def test_a_list_of_points_or_a_grid():
    points = [{"G": g, "I_ext_e": i} for g in (2, 5) for i in (3, 13)]
    assert identities(listed(points)) == identities(make_study())


def test_an_alias_or_its_parameters():
    points = [{"Delta_e": 0.8, "Delta_i": 0.8}, {"Delta_e": 1.2, "Delta_i": 1.2}]
    assert identities(listed(points)) == identities(make_study(grid={"Delta": [0.8, 1.2]}))


def test_coordinates_that_differ_in_the_last_bit_are_other_points():
    study = make_study(grid={"G": [0.3, 0.1 + 0.2]})
    assert len(set(identities(study))) == 2
    assert identities(make_study(grid={"G": {"start": 0, "stop": 0.3, "step": 0.1}}))[3] == identities(study)[0]


def test_the_homogeneous_system_knows_neither_seeds_nor_settings():
    first = make_study(analyses=["msf"], grid={**GRID, "seed": [0, 1]})
    second = make_study(analyses=["msf", "rates"], simulation={"duration_ms": 300, "transient_ms": 50})
    assert identities(first, "msf") == identities(second, "msf")
    assert len(identities(first, "msf")) == 4


def test_the_stages_of_a_point_are_told_apart():
    study = make_study(analyses=["rates", "msf"], highlights=[{"G": 2, "I_ext_e": 3}])
    assert not set(identities(study, "highlights")) & {*identities(study), *identities(study, "msf")}


def test_lesions_are_told_apart():
    hubs = {"at": [{"G": 5, "I_ext_e": 13}], "seeds": 2, "null_seeds": 3}
    ids = identities(make_study(analyses={"hubs": hubs}), "lesions")
    assert len(set(ids)) == len(ids) == 3 + 2 * 6 * 2  # null seeds, and 2 lesions of 6 regions with 2 seeds


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(-20, 20), st.integers(0, 2**31)), min_size=1, max_size=20))
def test_points_are_equal_only_if_all_their_values_are(rows):
    ids = identities(listed([{"G": g, "I_ext_e": i, "seed": s} for g, i, s in rows]))
    for first, a in zip(rows, ids, strict=True):
        for second, b in zip(rows, ids, strict=True):
            assert (a == b) == (first == second)


# ------------------------------------------------------------------ settings
PULSE = {"name": "p", "kind": "pulse", "parameter": "I_ext_e", "onset_ms": 100, "duration_ms": 200, "amplitude": 3}
TIMES = {"duration_ms": 700, "transient_ms": 50}


def with_axis(name, values=(5,), **settings):
    return identities(make_study(grid={"G": [2], name: list(values)}, simulation={**TIMES, **settings}))


def test_the_same_number_of_another_setting_makes_another_point():
    """What an axis is called counts: an axis of velocities that becomes one of noise finds nothing that is finished."""
    stimulated = {"stimuli": [PULSE]}
    found = [
        with_axis("velocity_m_per_s"),
        with_axis("noise_sigma"),
        with_axis("resection.region"),
        with_axis("p.onset_ms", (100, 200), **stimulated),
        with_axis("p.duration_ms", (100, 200), **stimulated),
        with_axis("p.amplitude", (100, 200), **stimulated),
    ]
    assert len({identity for ids in found for identity in ids}) == 3 + 3 * 2


@pytest.mark.parametrize(("name", "value"), [("noise_sigma", 0.05), ("velocity_m_per_s", 5.0)])
def test_a_setting_is_the_same_fixed_or_as_an_axis(name, value):
    fixed = identities(make_study(grid={"G": [2]}, simulation={**TIMES, name: value}))
    assert with_axis(name, (value,)) == fixed
    assert fixed[0] in with_axis(name, (2 * value, value))


def test_an_axis_at_what_holds_without_it_makes_the_same_point():
    plain = identities(make_study(grid={"G": [2]}, simulation=TIMES))
    assert with_axis("velocity_m_per_s", (None, 5))[:1] == plain
    assert with_axis("noise_sigma", (0, 0.1))[:1] == plain


def test_the_order_of_axes_of_settings_does_not_matter():
    axes = {"noise_sigma": [0.05, 0.1], "velocity_m_per_s": [5, 10]}
    found = [
        identities(make_study(grid={name: axes[name] for name in order}, simulation=TIMES))
        for order in (sorted(axes), sorted(axes, reverse=True))
    ]
    assert sorted(found[0]) == sorted(found[1])
    assert len(set(found[0])) == 4


def test_the_scale_of_a_map_is_the_same_fixed_or_as_an_axis(tmp_path):
    path = tmp_path / "map.csv"
    path.write_text("label,z\n0,1\n1,2\n", encoding="utf-8")

    def ids(scale=None, axis=None):
        one = {"name": "own", "file": str(path), "parameter": "I_ext_e", **({} if scale is None else {"scale": scale})}
        grid = {"G": [2, 5], **({} if axis is None else {"own.scale": axis})}
        return identities(make_study(model={"maps": [one]}, grid=grid))

    assert ids(scale=0.2) == ids(axis=[0.2])
    assert set(ids(scale=0.2)) < set(ids(axis=[0, 0.2]))
    assert ids() == ids(scale=1.0) == ids(axis=[1.0])
    assert not set(ids(scale=0.2)) & set(ids(scale=0.3))


# ------------------------------------------------------------------ several connectomes
def chosen_ids(numbers, members):
    """Identities of points that choose among connectomes by the numbers of a column."""
    points = STAGES["simulation"].layout(make_study(grid={"G": [2]}), REGIONS).points
    points = points.take(np.zeros(len(numbers), int)).having({"subject": np.array(numbers)}, Kind.CONNECTOME)
    return point_ids(points, {}, PlannedConnectome("all", REGIONS, {"subject": members}))


def test_a_point_is_known_by_the_connectome_that_it_chooses_not_by_its_number():
    """A subject that is added before others changes their numbers and no identity."""
    few = chosen_ids([0, 1], {0.0: "anna", 1.0: "carl"})
    more = chosen_ids([0, 1, 2], {0.0: "anna", 1.0: "bert", 2.0: "carl"})
    assert few == [more[0], more[2]]
    assert len(set(more)) == 3


def test_a_point_on_the_connectome_of_the_study_is_known_as_if_there_were_no_axis():
    """So that an axis of null connectomes leaves what was computed on the true one."""
    points = STAGES["simulation"].layout(make_study(grid={"G": [2]}), REGIONS).points
    (alone,) = point_ids(points, {}, PlannedConnectome("all", REGIONS))
    assert chosen_ids([0, 1], {0.0: "", 1.0: "null"})[0] == alone


def test_points_keep_the_kind_of_every_column():
    """Columns of one kind are found together, whatever is taken, added or left out."""
    points = make_study(grid={"G": [2, 5], "noise_sigma": [0, 1]}, normalization="row").points()
    assert list(points.of(Kind.SETTING)) == ["noise_sigma"]
    assert list(points.of(Kind.SEED)) == ["seed"]
    some = points.take(np.array([3])).having({"G": np.array([7.0])}, Kind.PARAMETER)
    assert some.parameters["G"] == [7]
    assert some.values("noise_sigma", 9.0) == [1]
    assert some.only(Kind.PARAMETER, Kind.SEED).values("noise_sigma", 9.0) == [9]
    with pytest.raises(ValueError, match="one length"):
        points.having({"G": np.array([7.0])}, Kind.PARAMETER)
