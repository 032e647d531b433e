"""Products that are not what was made in their place are made again, whatever their dates say."""

import json
import os
import time

import pytest

from ngnmm_core.orchestration.kept_outputs import METHODS, keep_outputs
from ngnmm_core.orchestration.recipes import Recipes
from ngnmm_core.storage.records import RECORD, not_later, write_record

FUTURE = 2e9


@pytest.fixture
def study(tmp_path):
    """A study's folder with a product of two files that was made from its recipe, an hour ago."""
    files = [tmp_path / "results" / "mini" / name for name in ("hubs.nc", "hubs.csv")]
    recipe = next_run(tmp_path, files)
    for file in files:
        file.write_bytes(b"content of " + file.name.encode())
    write_record(recipe, files)
    for path in (recipe, *files):
        os.utime(path, (time.time() - 3600,) * 2)
    return tmp_path


@pytest.fixture
def files(study):
    """Its files."""
    return [study / "results" / "mini" / name for name in ("hubs.nc", "hubs.csv")]


def next_run(folder, files, made_from="a", writing=True, anew=False):
    """The recipe that the next run finds."""
    recipes = Recipes(folder / "results", lambda name: writing, dry=True)
    next_run.kept = recipes  # a dry run's recipes live as long as it does
    return recipes.file("mini", "hubs", {"key": made_from}, files, anew)


def is_newer(recipe, files):
    return recipe.stat().st_mtime > min(file.stat().st_mtime for file in files)


@pytest.mark.parametrize("writing", [True, False])
def test_what_is_up_to_date_is_left_alone(study, files, capsys, writing):
    recipe = study / "results" / "mini" / "recipes" / "hubs" / "recipe.json"
    before = recipe.read_bytes(), recipe.stat().st_mtime_ns
    assert next_run(study, files, writing=writing) == recipe
    assert (recipe.read_bytes(), recipe.stat().st_mtime_ns) == before
    assert capsys.readouterr().err == ""


def damage(file):
    file.write_bytes(b"c0ntent" + file.read_bytes()[7:])


def truncate(file):
    os.truncate(file, 3)


def replace(file):
    file.write_bytes(b"another study's")


@pytest.mark.parametrize("harm", [damage, truncate, replace])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("writing", [True, False])
def test_what_was_damaged_is_made_again_though_its_date_is_the_same(study, files, capsys, harm, which, writing):
    times = files[which].stat()
    harm(files[which])
    os.utime(files[which], ns=(times.st_atime_ns, times.st_mtime_ns))
    unchanged = study / "results" / "mini" / "recipes" / "hubs" / "recipe.json"
    before = unchanged.read_bytes()
    recipe = next_run(study, files, writing=writing)
    assert is_newer(recipe, files)
    assert recipe.read_bytes() != before, "Snakemake takes a newer input of the same content for the same"
    assert (unchanged.read_bytes() == before) != writing
    assert f"{files[which].name}: is not what was written there" in capsys.readouterr().err


@pytest.mark.parametrize("writing", [True, False])
def test_what_is_dated_in_the_future_is_made_again(study, files, capsys, writing):
    os.utime(files[0], (FUTURE, FUTURE))
    recipe = next_run(study, files, writing=writing)
    assert is_newer(recipe, files)
    assert files[0].stat().st_mtime == FUTURE or writing
    assert "hubs.nc: is dated in the future" in capsys.readouterr().err


@pytest.mark.parametrize("writing", [True, False])
def test_another_recipe_counts_whatever_the_dates(study, files, capsys, writing):
    for file in files:
        os.utime(file, (FUTURE, FUTURE))
    recipe = next_run(study, files, made_from="b", writing=writing)
    assert json.loads(recipe.read_text())["key"] == "b"
    assert is_newer(recipe, files)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"[]", b'{"recipe": "0", "files": 3}'])
def test_a_lost_or_damaged_record_costs_one_job(study, files, content):
    path = study / "results" / "mini" / "recipes" / "hubs" / RECORD
    path.unlink() if content is None else path.write_bytes(content)
    assert is_newer(next_run(study, files), files)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b'{"made_again": "x"}'])
@pytest.mark.parametrize("writing", [True, False])
def test_a_damaged_recipe_is_written_again(study, files, content, writing):
    path = study / "results" / "mini" / "recipes" / "hubs" / "recipe.json"
    path.write_bytes(content)
    assert json.loads(next_run(study, files, writing=writing).read_text())["key"] == "a"


def test_after_a_job_that_failed_it_is_tried_again_until_it_ends(study, files):
    first = next_run(study, files, anew=True).read_bytes()
    second = next_run(study, files)  # nothing is missing any more, but the job has not come to its end
    assert second.read_bytes() != first
    assert is_newer(second, files)
    write_record(second, files)
    for file in files:
        os.utime(file)
    before = second.read_bytes()
    assert next_run(study, files).read_bytes() == before


def test_one_run_gives_one_recipe_however_often_it_is_asked(study, files):
    recipes = Recipes(study / "results", lambda name: True, dry=True)
    recipe = recipes.file("mini", "hubs", {"key": "a"}, files, anew=True)
    content = recipe.read_bytes()
    assert recipes.file("mini", "hubs", {"key": "a"}, files, anew=True).read_bytes() == content


def test_a_date_in_the_future_is_taken_back(tmp_path):
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", (FUTURE, FUTURE))
    not_later(tmp_path / "a")
    assert abs((tmp_path / "a").stat().st_mtime - time.time()) < 10
    not_later(tmp_path / "b")


class TestKeptOutputs:
    """What Snakemake does with outputs that are marked `update()`."""

    @pytest.fixture
    def backups(self):
        """A class that does what Snakemake's does, as far as it is asked here."""

        class Backups:
            done = ()

            def backup_output(self, path):
                self.done += (("backup", path.name),)

            def restore_output(self, path):
                self.done += (("restore", path.name),)
                return True

            def cleanup_backup(self, path):
                self.done += (("clean", path.name),)

        return Backups

    def test_ours_are_not_copied_and_those_of_others_are(self, tmp_path, backups):
        keep_outputs([tmp_path / "results"], backups)
        ours, other = tmp_path / "results" / "mini" / "sweep.nc", tmp_path / "results_of_others"
        ours.parent.mkdir(parents=True)
        made = backups()
        for path in (ours, other):
            made.backup_output(path)
            made.cleanup_backup(path)
        assert made.restore_output(ours) is False, "what was not there before a job that failed is not restored"
        ours.touch()
        assert made.restore_output(ours) is True
        assert made.restore_output(other) is True
        assert made.done == (("backup", other.name), ("clean", other.name), ("restore", other.name))

    def test_the_snakemake_of_today_has_what_is_changed(self):
        import snakemake.persistence

        assert all(hasattr(snakemake.persistence.FileBackupMixin, name) for name in METHODS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "harm", [lambda path, older: path.write_bytes(older), lambda path, older: path.write_bytes(b"")]
)
def test_a_recipe_put_back_or_lost_is_not_made_to_be_what_snakemake_remembers(study, files, harm):
    """What is damaged beside it would count as up to date: an input with the content that is remembered is the same."""
    path = study / "results" / "mini" / "recipes" / "hubs" / "recipe.json"
    older, record = path.read_bytes(), path.with_name(RECORD).read_bytes()
    damage(files[0])
    remembered = next_run(study, files).read_bytes()
    assert remembered != older
    time.sleep(1.1)  # the next run is not in the same second
    harm(path, older)
    path.with_name(RECORD).write_bytes(record)
    assert next_run(study, files).read_bytes() not in (older, remembered)
