"""What the results of a stage depend on besides the points themselves."""

import hashlib
import json
from typing import Any

from ngnmm_core.analysis.registry import module_name as analysis_module
from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.models import module_name
from ngnmm_core.simulation.integrators import integrator_module
from ngnmm_core.stages.contract import FORMAT
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.study import Study

# What makes W from the weights and writes the results down, for every stage
SHARED = ("ngnmm_core.connectome.normalisation", "ngnmm_core.stages.results")


def context(study: Study, stage: str, connectome: str) -> dict[str, Any]:
    """All that the results of a stage depend on besides the points: settings, options, code, connectome.

    `connectome` is the identity of the connectome.
    """
    kind = STAGES[stage]
    analyses, settings = kind.analyses(study), kind.settings(study)
    entries = [*SHARED, kind.module, module_name(study.model.name), *(analysis_module(a.name) for a, _ in analyses)]
    entries += [integrator_module(name) for name in kind.integrators(settings)]
    return {
        "format": FORMAT,
        "stage": stage,
        "model": study.model.name,
        "parameters": list(study.model.parameter_names),
        "connectome": connectome,
        "normalization": study.config.normalization,
        "settings": settings,
        "analyses": {a.name: o.model_dump(mode="json") for a, o in analyses},
        "cpu_target": study.config.cpu_target,
        "code": code_hash(entries),
    }


def fingerprint(value: Any, size: int = 16) -> str:
    """A hash of anything that JSON can hold, in `2 * size` hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
