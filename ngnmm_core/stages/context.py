"""What the results of a stage depend on besides the points themselves."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ngnmm_core.analysis.registry import module_name as analysis_module
from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.compilation.versions import library_versions
from ngnmm_core.models import module_name
from ngnmm_core.simulation.integrators import integrator_module
from ngnmm_core.simulation.map_settings import MAPS, context_of
from ngnmm_core.stages.contract import BALANCE, FORMAT
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.balance import balance_of
from ngnmm_core.study.study import Study

# What makes a job of a definition and the weights, and a dataset of its results, for every stage
SHARED = (
    "ngnmm_core.stages.contract:Stage.coordinates",
    "ngnmm_core.stages.contract:Stage.variables",
    "ngnmm_core.stages.task:Task",
    "ngnmm_core.sweep.shard:compute",
    "ngnmm_core.sweep.shard:make_task",
)
# What declarations say for readers, checks, plans and estimates: no number of a point depends on it
SAID = (
    *("check", "compares_regions", "maps", "rests_on_simulations", "title"),  # of an analysis
    *("doi",),  # of a model
    *("chosen", "cost", "file", "layout", "measured", "needs_equal_rows"),  # of a stage
    *("reads", "settings", "signals", "starts_network", "unreachable", "unreachable_axes", "warm"),
    *("description", "evaluation_seconds", "noise_seconds", "order"),  # of an integrator
    *("noise_precisions", "precisions", "products", "stability", "start_ms", "strong_order"),
)


VERSIONS = "versions"  # in a context: those of the libraries that compute


def context(study: Study, stage: str, connectome: str) -> dict[str, Any]:
    """All that the results of a stage depend on besides the points: settings, options, code, libraries, connectome.

    `connectome` is the identity of the connectome.
    """
    kind = STAGES[stage]
    analyses, settings = kind.analyses(study), kind.settings(study)
    own = study.files_used(analyses)
    found = {
        "format": FORMAT,
        "stage": stage,
        "model": study.model.name,
        "parameters": list(study.model.parameter_names),
        "connectome": connectome,
        "normalization": study.config.normalization,
        "settings": settings,
        "analyses": {a.name: o.model_dump(mode="json") for a, o in analyses},
        "cpu_target": study.config.cpu_target,
        "code": code_hash(code_entries(study, stage), without=SAID),
        VERSIONS: dict(library_versions()),
    }
    if study.config.model.balance is not None and BALANCE not in kind.unreachable:
        found[BALANCE] = balance_of(study.config)
    if study.maps and MAPS not in kind.unreachable:
        found[MAPS] = context_of(study.maps)
    return found | ({"sources": {place: file.source for place, file in own.items()}} if own else {})


def compiled_name(made: Mapping[str, Any]) -> str:
    """Name what says that the kernels of a context are compiled: they depend on code, libraries and processor."""
    return f"compiled-{fingerprint([made['code'], made[VERSIONS], made['cpu_target']], size=8)}"


def code_entries(study: Study, stage: str) -> list[str]:
    """Where the code of a stage's results begins, as `ngnmm_core.compilation.code_hash` wants it."""
    kind = STAGES[stage]
    analyses = kind.analyses(study)
    own = study.files_used(analyses)
    return [
        *SHARED,
        f"{kind.module}:STAGE",
        *(f"{integrator_module(name)}:INTEGRATOR" for name in kind.integrators(kind.settings(study))),
        *([f"{module_name(study.model.name)}:MODEL"] if "model" not in own else []),
        *(f"{analysis_module(a.name)}:ANALYSIS" for a, _ in analyses if f"analyses.{a.name}" not in own),
        *(entry for file in own.values() for entry in file.uses),
    ]


def fingerprint(value: Any, size: int = 16) -> str:
    """Hash anything that JSON can hold into `2 * size` hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
