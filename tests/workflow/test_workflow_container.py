"""Jobs in a container: what Snakemake hands to Apptainer, from a made-up one that runs the command as it is."""

import os
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

APPTAINER = """#!/bin/bash
if [ "$1" = --version ]; then echo "apptainer version 1.3.0"; exit; fi
echo "$@" >>{log}
while [ $# -gt 0 ]; do
  if [[ "$1" == *.sif ]]; then shift; PATH={python}:$PATH exec "$@"; fi
  shift
done
"""


def test_jobs_run_in_the_image_that_is_named(new_checkout, tmp_path):
    checkout, log = new_checkout(), tmp_path / "asked"
    for name in ("apptainer", "singularity"):
        program = tmp_path / name
        program.write_text(APPTAINER.format(log=log, python=Path(sys.executable).parent))
        program.chmod(0o755)
    (checkout.folder / "ours.sif").touch()
    checkout.environment["PATH"] = f"{tmp_path}{os.pathsep}{checkout.environment['PATH']}"
    checkout.environment["NGNMM_CONTAINER"] = "ours.sif"
    checkout.snakemake(
        "--configfile", checkout.write_study(study="boxed"), "--sdm", "apptainer", "--until", "connectome"
    )
    (asked,) = log.read_text().splitlines()
    assert asked.startswith("exec ")
    assert " ours.sif bash -c " in asked
    assert asked.endswith(".connectome.py")
    assert len(list((checkout.folder / "resources" / "connectomes").glob("six-*.nc"))) == 1
