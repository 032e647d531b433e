"""The workflow as a module of another one, with its results elsewhere."""

import shutil

import pytest
from checkouts import jobs, sha256

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SNAKEFILE = """
{configfile}

module sweep:
    snakefile: "{root}/Snakefile"
    config: config
    pathvars:
        results="elsewhere/results",
        resources="elsewhere/resources",
        logs="elsewhere/logs",

use rule * from sweep
"""


@pytest.fixture
def user(checkout, tmp_path):
    """Makes the folder of a user's own workflow."""

    def make(configfile=""):
        (tmp_path / "Snakefile").write_text(SNAKEFILE.format(configfile=configfile, root=checkout.folder))
        shutil.copy(checkout.folder / "six.csv", tmp_path)
        shutil.copy(checkout.folder / checkout.write_study(), tmp_path / "my_study.yaml")
        return tmp_path

    return make


def test_results_go_where_the_user_wants_them(checkout, user, finished):
    folder = user()
    before = checkout.state()
    target = "elsewhere/results/mini/sweep.nc"
    checkout.snakemake(target, "--configfile", "my_study.yaml", cwd=folder)
    assert sha256(folder / target) == sha256(finished / "sweep.nc")
    made = {p.name for p in folder.iterdir()} - {"Snakefile", "my_study.yaml", "six.csv", ".snakemake"}
    assert made == {"elsewhere"}
    assert checkout.state() == before
    assert "shard" not in jobs(checkout.snakemake("-n", target, "--configfile", "my_study.yaml", cwd=folder))


def test_the_first_rule_of_the_user_stays_the_default_target(checkout, user):
    own = 'rule mine:\n    output: "mine.txt"\n    shell: "touch {output}"\n\nconfigfile: "my_study.yaml"'
    folder = user()
    (folder / "Snakefile").write_text(SNAKEFILE.replace("{configfile}", own).replace("{root}", str(checkout.folder)))
    assert jobs(checkout.snakemake("-n", cwd=folder)) == {"mine": 1}


def test_the_config_of_the_user_replaces_the_default_study(checkout, user):
    planned = checkout.snakemake("-n", cwd=user('configfile: "my_study.yaml"'))
    assert "Job stats" in planned
