"""From the files of a study to its merged dataset and its provenance."""

import json
from collections.abc import Sequence
from pathlib import Path

from ngnmm_core.connectome import load_connectome
from ngnmm_core.dataset import merge_study
from ngnmm_core.planning import read_definition, write_atomically
from ngnmm_core.provenance import config_hash, git_state, machine
from ngnmm_core.study.load import make_study
from ngnmm_core.study.study import Study


def load_resolved(path: Path) -> Study:
    """The study that the workflow has resolved and written down; its name is that of its folder."""
    config = json.loads(path.read_text(encoding="utf-8"))
    return make_study(config["study"], config)


def assemble(
    study_path: Path, connectome_path: Path, identity: str, shards: Sequence[Path], sweep: Path, provenance: Path | None
) -> None:
    """Merges shards into `sweep`; without `provenance`, points may be missing."""
    study = load_resolved(study_path)
    by_stage: dict[str, list[Path]] = {stage: [] for stage in study.stages}
    for path in shards:
        by_stage[path.parent.name].append(path)
    connectome = load_connectome(connectome_path)
    missing = merge_study(study, by_stage, connectome, identity, sweep, partial=provenance is None)
    if provenance is None:
        print(f"{sweep}: {missing} points are missing")
        return
    record = {
        "config_hash": config_hash(study, identity),
        "shards": {stage: [path.stem for path in paths] for stage, paths in by_stage.items()},
        "code": {s: read_definition(p[0].with_suffix(".json"))["context"]["code"] for s, p in by_stage.items()},
        "machine": machine(),
        "git": git_state(Path(__file__).parent),
    }
    write_atomically(provenance, json.dumps(record, indent=1))
