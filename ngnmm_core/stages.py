"""The kinds of sharded jobs, and the context that a point's result depends on besides the point itself."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ngnmm_core.analysis.registry import MODULES
from ngnmm_core.code_hash import code_hash
from ngnmm_core.models import module_name
from ngnmm_core.points import Points
from ngnmm_core.study.study import Study

FORMAT = 1  # of the shard files; a change makes all of them anew


@dataclass(frozen=True)
class Stage:
    """One kind of sharded job.

    Attributes
    ----------
    module : str
        The job: a module with `run(task)` and `VARIABLES`, what it writes besides the variables of its analyses.
    of_network : bool
        Whether a point has a seed; what belongs to the homogeneous system alone has none.
    settings : callable
        `settings(study)`: settings, besides parameters and options, that the result depends on.
    """

    name: str
    module: str
    of_network: bool
    settings: Callable[[Study], dict[str, Any]] = lambda study: {}

    def points(self, study: Study) -> Points:
        """The points of this stage in a study."""
        return study.points(self.of_network)


def _simulation(study: Study) -> dict[str, Any]:
    return study.simulation.model_dump(mode="json")


STAGES = {
    stage.name: stage
    for stage in (
        Stage("simulation", "ngnmm_core.jobs.simulation", True, _simulation),
        Stage("msf", "ngnmm_core.jobs.msf", False),
    )
}


def context(study: Study, stage: str, connectome: str) -> dict[str, Any]:
    """All that the results of a stage depend on besides the points: settings, options, code, connectome.

    `connectome` is `ngnmm_core.connectome.source_identity`.
    """
    kind = STAGES[stage]
    analyses = study.analyses_of(stage)
    entries = [kind.module, module_name(study.model.name), *(MODULES[a.name] for a, _ in analyses)]
    return {
        "format": FORMAT,
        "stage": stage,
        "model": study.model.name,
        "parameters": list(study.model.parameter_names),
        "connectome": connectome,
        "normalization": study.config.normalization,
        "settings": kind.settings(study),
        "analyses": {a.name: o.model_dump(mode="json") for a, o in analyses},
        "cpu_target": study.config.cpu_target,
        "code": code_hash(entries),
    }


def fingerprint(value: Any, size: int = 16) -> str:
    """A hash of anything that JSON can hold, in `2 * size` hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
