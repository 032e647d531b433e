"""From the shards of a study to its merged files and its provenance."""

import json
from collections.abc import Sequence
from pathlib import Path

from ngnmm_core.connectome import connectome_of, load_connectome
from ngnmm_core.connectome.cohort import cohort_of
from ngnmm_core.dataset.merged_file import PARTIAL, merge_file
from ngnmm_core.dataset.provenance import config_hash, git_state, job_times, machine
from ngnmm_core.errors import InputError
from ngnmm_core.recordings.load import load_recordings
from ngnmm_core.stages.contract import SWEEP
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.study.connectome_axes import nulls_of
from ngnmm_core.study.load import make_study
from ngnmm_core.study.study import Study
from ngnmm_core.sweep.identity import read_definition


def load_resolved(path: Path) -> Study:
    """Load the study that the workflow has resolved and written down.

    Raises
    ------
    InputError
        If the file can't be read.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        name = config["study"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path}: damaged; allowed: what the workflow has written (run it again)") from None
    return make_study(name, config)


def assemble(
    study_path: Path, source: tuple[Path, str], shards: Sequence[Path], output: Path, hubs: Path | None = None
) -> None:
    """Merge shards into the file of a study that `output` names; in `*.partial.nc` points may be missing.

    `source` is the file of the connectome and its identity; `hubs` holds hub scores to go into the sweep.
    """
    path, identity = source
    study = load_resolved(study_path)
    file = output.name.replace(PARTIAL, ".nc")
    dataset = load_connectome(path)
    recordings = None
    if file == SWEEP and "fit" in study.options:
        recordings = load_recordings(study.config.empirical, dataset)
    brain = (cohort_of(dataset, connectome_of(dataset, str(path)), nulls_of(study.config)), identity)
    missing = merge_file(study, file, _by_stage(shards), brain, output, hubs, recordings)
    if output.name.endswith(PARTIAL):
        print(f"{output}: {missing} points are missing")
    else:
        remove_leftovers(shards)


def remove_leftovers(shards: Sequence[Path]) -> None:
    """Remove what jobs that were killed while writing left beside shards that are complete now."""
    names = {path.stem for path in shards}
    for folder in {path.parent for path in shards}:
        for left in folder.glob(".*.part"):
            if left.name.split(".")[1] in names:
                left.unlink(missing_ok=True)


def record_provenance(study_path: Path, identity: str, shards: Sequence[Path], output: Path) -> None:
    """Write down what a study was made from: shards, code, times, machine, commit."""
    study = load_resolved(study_path)
    by_stage = _by_stage(shards)
    record = {
        "config_hash": config_hash(study, identity),
        "shards": {stage: [path.stem for path in paths] for stage, paths in by_stage.items()},
        "code": {s: read_definition(p[0].with_suffix(".json"))["context"]["code"] for s, p in by_stage.items()},
        "times": {stage: {path.stem: job_times(path) for path in paths} for stage, paths in by_stage.items()},
        "machine": machine(),
        "git": git_state(Path(__file__).parent),
    }
    write_atomically(output, json.dumps(record, indent=1))


def _by_stage(shards: Sequence[Path]) -> dict[str, list[Path]]:
    by_stage: dict[str, list[Path]] = {}
    for path in shards:
        by_stage.setdefault(path.parent.name, []).append(path)
    return by_stage
