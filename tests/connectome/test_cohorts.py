"""Cohorts: one connectome per subject, from a pattern, a table or an entry of the registry."""

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, connectome_of, load_connectome
from ngnmm_core.connectome.cohort import NUMBER, cohort_of
from ngnmm_core.connectome.identity import output_name, source_identity, subject_numbers
from ngnmm_core.connectome.nulls import null_connectome
from ngnmm_core.connectome.subjects import all_subjects, chosen_subjects, columns_of
from ngnmm_core.storage.netcdf import write_netcdf

LABELS = ["a_L", "b_L", "a_R", "b_R"]


def weights_of(seed):
    weights = np.random.default_rng(seed).uniform(0.1, 5.0, (4, 4)) * (1 - np.eye(4))
    return weights


def write(folder, name, seed, order=(0, 1, 2, 3), labels=LABELS):
    """One subject's file with its regions in some order; lengths are 10 times the weights."""
    order = list(order)
    weights = weights_of(seed)[np.ix_(order, order)]
    centres = np.arange(12.0).reshape(4, 3)[order]
    path = folder / f"{name}.npz"
    np.savez(path, weights=weights, tract_lengths=10 * weights, labels=[labels[k] for k in order], centres=centres)
    return path


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "subjects"
    folder.mkdir()
    for seed, name in enumerate(("sub-01_sc", "sub-02_sc", "plain")):
        write(folder, name, seed)
    return folder


def spec_of(folder, **more):
    return ConnectomeSpec(path=str(folder / "*.npz"), **more)


def built(spec, tmp_path):
    """Build, write and load a connectome, as the workflow does."""
    return load_connectome(write_netcdf(build_connectome(spec), tmp_path / "built.nc"))


def test_files_are_named_by_their_subjects(folder):
    spec = spec_of(folder)
    assert [s.name for s in all_subjects(spec)] == ["plain", "sub-01", "sub-02"]
    assert spec.is_cohort
    assert spec.each
    assert not spec_of(folder, subjects="mean").each
    assert not ConnectomeSpec(path=str(folder / "plain.npz")).is_cohort
    assert output_name(spec).startswith("subjects-")


def test_every_subject_keeps_its_weights_and_lengths(folder, tmp_path):
    dataset = built(spec_of(folder), tmp_path)
    seeds = {"plain": 2, "sub-01": 0, "sub-02": 1}
    cohort = cohort_of(dataset, connectome_of(dataset))
    each = [weights_of(seed) for seed in seeds.values()]
    np.testing.assert_allclose(dataset["weights"], np.mean([w / w.max() for w in each], axis=0), rtol=1e-15)
    numbers = subject_numbers(spec_of(folder))
    assert list(dataset[NUMBER].values) == list(numbers.values())
    for name, seed in seeds.items():
        own = cohort.at(numbers[name])
        np.testing.assert_array_equal(own.weights, weights_of(seed))
        np.testing.assert_array_equal(own.tract_length, 10 * weights_of(seed))
        assert list(own.labels) == LABELS
        alone = connectome_of(build_connectome(next(s for s in all_subjects(spec_of(folder)) if s.name == name).spec))
        assert alone.identity == own.identity
    assert cohort.at() is cohort.mean


def test_the_order_of_rows_in_a_file_changes_nothing(folder, tmp_path):
    before = built(spec_of(folder), tmp_path)
    write(folder, "sub-02_sc", 1, order=(2, 0, 3, 1))
    after = built(spec_of(folder), tmp_path)
    for name in ("weights", "subject_weights", "subject_tract_length", "centre_x"):
        np.testing.assert_array_equal(after[name], before[name])
    assert list(after["region"].values) == LABELS


def test_a_further_subject_leaves_the_others_numbers(folder):
    before = subject_numbers(spec_of(folder))
    write(folder, "first", 7)  # sorts before the others
    after = subject_numbers(spec_of(folder))
    assert next(iter(after)) == "first"
    assert {name: after[name] for name in before} == before
    assert source_identity(spec_of(folder)) != source_identity(spec_of(folder, variable="weights"))
    write(folder, "sub-01_sc", 8)
    changed = subject_numbers(spec_of(folder))
    assert [name for name in after if changed[name] != after[name]] == ["sub-01"]
    write(folder, "first", 7, order=(3, 2, 1, 0))  # another order for all
    assert not set(subject_numbers(spec_of(folder)).values()) & set(changed.values())


def test_a_table_names_files_lengths_and_what_else_is_known(folder, tmp_path):
    lengths = np.full((4, 4), 80.0)
    np.savetxt(folder / "lengths.csv", lengths, delimiter=",")
    table = tmp_path / "subjects.csv"
    table.write_text(
        "subject,path,lengths,age,group\n"
        "two,subjects/sub-02_sc.npz,,31.5,patient\n"
        "one,subjects/sub-01_sc.npz,subjects/lengths.csv,,control\n"
    )
    spec = ConnectomeSpec(table=str(table))
    assert spec.each
    dataset = built(spec, tmp_path)
    assert list(dataset["subject"].values) == ["two", "one"]
    np.testing.assert_array_equal(dataset["age"], [31.5, np.nan])
    assert list(dataset["group"].values) == ["patient", "control"]
    assert dataset["age"].dims == dataset["group"].dims == ("subject",)
    np.testing.assert_array_equal(dataset["subject_weights"][1], weights_of(0))
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_array_equal(dataset["subject_tract_length"].values[1][off], lengths[off])
    np.testing.assert_array_equal(dataset["subject_tract_length"].values[0][off], 10 * weights_of(1)[off])
    assert columns_of(all_subjects(spec))["group"] == ["patient", "control"]


def test_some_subjects_may_be_chosen(folder, refused):
    chosen = chosen_subjects(spec_of(folder, subjects=["sub-02", "plain"]))
    assert [s.name for s in chosen] == ["sub-02", "plain"]
    refused(lambda: chosen_subjects(spec_of(folder, subjects=["sub-2"])), "connectome.subjects", "'sub-2'", "sub-02")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("subject,file\na,x.npz\n", ["columns subject, file", "subject and path"]),
        ("subject,path\n", ["0 subjects"]),
        ("subject,path\na,nowhere.npz\n", ["line 2", "nowhere.npz", "no such file"]),
        ("subject,path\na,subjects/plain.npz\na,subjects/sub-01_sc.npz\n", ["'a' occurs twice"]),
        ("subject,path\na,subjects/plain.npz\n,subjects/sub-01_sc.npz\n", ["line 3", "empty cell under subject"]),
        ("subject,path,region\na,subjects/plain.npz,1\n", ["'region'", "another name"]),
        ("subject,path,a b\na,subjects/plain.npz,1\n", ["'a b' is no name"]),
        ("subject,path,age,age\na,subjects/plain.npz,1,2\n", ["'age' occurs twice"]),
    ],
)
def test_tables_that_are_none_are_refused(folder, tmp_path, refused, text, words):
    table = tmp_path / "subjects.csv"
    table.write_text(text)
    refused(lambda: build_connectome(ConnectomeSpec(table=str(table))), "connectome.table", "allowed: ", *words)


def test_regions_that_differ_are_named(folder, refused):
    write(folder, "sub-02_sc", 1, labels=["a_L", "b_L", "a_R", "c_R"])
    line = refused(lambda: build_connectome(spec_of(folder)), "subject sub-02", "lacks 'b_R'", "has 'c_R'")
    assert "subject plain" in line


def test_two_files_of_one_subject_are_refused(folder, refused):
    write(folder, "sub-01_other", 5)
    refused(lambda: all_subjects(spec_of(folder)), "connectome.path", "'sub-01' occurs twice")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"path": "nowhere/*.npz"}, ["connectome.path: nowhere/*.npz", "no such file"]),
        ({"name": "dk-84", "subjects": "each"}, ["connectome.subjects", "dk-84 holds no subjects", "hcp-aal2-94"]),
        ({"name": "hcp-aal2-94", "subjects": ["1"]}, ["connectome.subjects", "'1'", "101309"]),
    ],
)
def test_cohorts_that_are_not_there_are_refused(given, words, refused):
    refused(lambda: chosen_subjects(ConnectomeSpec(**given)), *words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"path": "brain.npz", "subjects": "each"}, "connectome.subjects: given beside the one file brain.npz"),
        ({"table": "a.csv", "path": "b.npz"}, "connectome.table: given beside path"),
        ({"name": "hcp-aal2-94", "subjects": "all"}, "subjects"),
        ({"name": "hcp-aal2-94", "subjects": ["a", "a"]}, "'a' occurs twice"),
        ({"name": "hcp-aal2-94", "subjects": []}, "names no subjects"),
        ({"name": "hcp-aal2-94", "table": "a.csv"}, "connectome.table: given beside name"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        ConnectomeSpec(**given)


def test_subjects_of_the_registry_have_numbers_before_anything_is_fetched():
    spec = ConnectomeSpec(name="hcp-aal2-94", subjects="each")
    numbers = subject_numbers(spec)
    assert list(numbers)[:2] == ["101309", "102311"]
    assert len(set(numbers.values())) == 7
    assert all(number == int(number) < 2**52 for number in numbers.values())


def test_weights_of_subjects_that_were_edited_are_refused(folder, tmp_path, refused):
    dataset = build_connectome(spec_of(folder))
    dataset["subject_weights"].values[1, 0, 1] += 1
    path = write_netcdf(dataset, tmp_path / "edited.nc")
    refused(lambda: load_connectome(path), "subjects don't fit their hash")


def test_a_single_connectome_is_a_cohort_without_subjects(folder):
    dataset = build_connectome(ConnectomeSpec(path=str(folder / "plain.npz")))
    mean = connectome_of(dataset)
    assert isinstance(dataset, xr.Dataset)
    cohort = cohort_of(dataset, mean, ("weights", 3))
    assert not cohort.subjects
    assert cohort.at() is mean
    assert not np.array_equal(cohort.at(null=1).weights, mean.weights)


def test_subjects_keep_their_own_centres_and_volumes(tmp_path):
    """Nulls by distance and maps of places are those of a study of the subject's file alone, whoever comes first."""
    rng, labels = np.random.default_rng(2), [f"r{k}" for k in range(12)]
    for name in ("a", "b", "c"):
        weights = np.triu(rng.uniform(0.1, 2.0, (12, 12)), 1)
        given = {"weights": weights + weights.T, "labels": labels}
        if name != "c":
            given |= {"centers": rng.normal(0, 40, (12, 3))}
        np.savez(tmp_path / f"{name}.npz", **given)
    for order in ("ab", "ba", "abc"):
        (tmp_path / "table.csv").write_text("subject,path\n" + "".join(f"{n},{n}.npz\n" for n in order))
        dataset = built(ConnectomeSpec(table=str(tmp_path / "table.csv")), tmp_path)
        cohort = cohort_of(dataset, connectome_of(dataset), ("distance", 3))
        by_name = {text: number for number, text in cohort.names.items()}
        for name in "ab":
            alone = connectome_of(build_connectome(ConnectomeSpec(path=str(tmp_path / f"{name}.npz"))))
            own = cohort.at(by_name[name])
            np.testing.assert_array_equal(own.centres, alone.centres)
            null = null_connectome(alone, "distance", 1, 3).weights
            np.testing.assert_array_equal(cohort.at(by_name[name], 1).weights, null)
    np.testing.assert_array_equal(cohort.at(by_name["c"]).centres, cohort.at(by_name["a"]).centres)
    said = "centres: those of subject a stand in for those of 'c', which have none of their own"
    assert said in dataset.attrs["comment"]
    assert "volume: " not in dataset.attrs["comment"]
