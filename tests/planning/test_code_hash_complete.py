"""Whatever runs while results are computed is part of their code hash: watched by the interpreter, not by the hash."""

import ast
import functools
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import ngnmm_core
from ngnmm_core.api import get_connectome, run_stage
from ngnmm_core.compilation.code_hash import APART, definitions_used
from ngnmm_core.stages.context import SAID, code_entries
from ngnmm_core.stages.registry import STAGES, stages_of
from ngnmm_core.study.load import make_study
from ngnmm_core.sweep import shard

PACKAGE = Path(ngnmm_core.__file__).parent
SHORT = {"duration_ms": 2400, "transient_ms": 500, "dt_ms": 0.05, "sample_ms": 1.0}
HUBS = {"seeds": 2, "null_seeds": 4, "lesion": ["cut"], "at": [{"I_ext_e": 10}]}
ANALYSES = {
    "simulation": {
        "rates": {}, "spectra": {"segment_ms": 500}, "fc": {}, "synchrony": {},
        "cross_frequency": {"surrogates": 19, "phase_bands": {"alpha": [8, 13], "beta": [13, 30]}},
        "amplitude_modulation": {"segment_ms": 500}, "recruitment": {},
    },
    "highlights": {"rates": {}, "fc": {}, "series": {}, "msf": {}},
    "lesions": {"rates": {}, "hubs": HUBS},
    "balance": {"balance": {}},
    "linear_fc": {"linear_fc": {"haemodynamics": "balloon"}},
    "msf": {"msf": {}},
    "transverse": {"transverse": {"duration_ms": 200}},
    "dispersion": {"dispersion": {}},
    "lyapunov": {"lyapunov": {"duration_ms": 200}},
    "network_lyapunov": {"network_lyapunov": {"exponents": 2, "duration_ms": 200, "transient_ms": 50}},
    "multistability": {"multistability": {"starts": 2}},
    "bistability": {"bistability": {}},
    "orbit_diagram": {"orbit_diagram": {"state": "v_e", "transient_ms": 300, "duration_ms": 300}},
    "continuation": {"continuation": {"parameter": "I_ext_e", "range": [8, 10], "doublings": 0}},
}  # fmt: skip
SPECIAL = re.compile(r"\.__\w+__$")  # methods that count with their class
PULSE = {"name": "focal", "parameter": "I_ext_e", "onset_ms": 700, "duration_ms": 100, "amplitude": 5.0, "region": 0}


@functools.cache
def places(file):
    """What stands where in a module: (first line, last line, name of the definition or of a part of it)."""
    module = ".".join(Path(file).relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    found = []

    def note(node, name):
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        found.append((first, node.end_lineno, f"{module}:{name}"))

    for node in ast.parse(Path(file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            note(node, node.name)
            for inner in getattr(node, "body", ()) if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef) and not any(
                    "validator" in ast.unparse(d) for d in inner.decorator_list
                ):
                    note(inner, f"{node.name}.{inner.name}")
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            note(node, node.targets[0].id)
            for keyword in getattr(node.value, "keywords", ()):
                note(keyword.value, f"{node.targets[0].id}.{keyword.arg}")
    return found


def definition_at(code):
    """The definition that a running piece of code belongs to, or None for one that runs when a module is imported."""
    if not code.co_filename.startswith(str(PACKAGE)) or code.co_name == "<module>":
        return None
    inside = [p for p in places(code.co_filename) if p[0] <= code.co_firstlineno <= p[1]]
    name = min(inside, key=lambda p: p[1] - p[0])[2] if inside else None
    return SPECIAL.sub("", name) if name else None


def study_for(stage):
    """A study of two points, one oscillating and one at rest, that needs the stage."""
    return make_study(
        "watched",
        {
            "connectome": {"name": "made_up"},
            "grid": {} if stage == "continuation" else {"I_ext_e": [10.0, 2.0]},
            "model": {
                "name": "ei_ngnmm",
                "parameters": {"G": 4},
                "balance": {"target_rate_hz": 15} if stage == "balance" else None,
            },
            "simulation": {
                **SHORT,
                "stimuli": [PULSE] if stage == "simulation" else [],
                **({"method": "heun", "dt_ms": 0.01, "noise_sigma": 0.02} if stage == "linear_fc" else {}),
            },
            "analyses": ANALYSES[stage],
            "highlights": [{"I_ext_e": 10.0}] if stage == "highlights" else [],
        },
    )


@pytest.fixture(scope="module", autouse=True)
def everything_imported():
    """What runs at import is not what is watched for."""
    for module in pkgutil.walk_packages(ngnmm_core.__path__, "ngnmm_core."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def forget():
    """Empties the caches of all functions of the package, so that they run again."""
    for name, module in list(sys.modules.items()):
        if name.startswith("ngnmm_core.") and not name.startswith("ngnmm_core.compilation."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.fixture
def watched(monkeypatch):
    """Runs a stage twice, as it compiles what it calls at first, and gives what ran while results were computed."""
    seen = set()
    compute = shard.compute

    def under_watch(stage, task):
        compute(stage, task)
        forget()
        sys.setprofile(lambda frame, event, argument: seen.add(frame.f_code) if event == "call" else None)
        try:
            return compute(stage, task)
        finally:
            sys.setprofile(None)

    monkeypatch.setattr("ngnmm_core.sweep.shard.compute", under_watch)
    monkeypatch.setattr("ngnmm_core.api.compute", under_watch)
    return seen


def network():
    """Four regions whose rows sum to 1."""
    W = np.random.default_rng(3).uniform(0.1, 1.0, (4, 4))
    np.fill_diagonal(W, 0.0)
    return W / W.sum(axis=1, keepdims=True)


def test_every_stage_is_watched():
    assert set(ANALYSES) == set(STAGES)


@pytest.mark.parametrize("stage", ANALYSES)
def test_what_runs_is_hashed(watched, stage):
    study = study_for(stage)
    (kind,) = [s for s in stages_of(study) if s.name == stage]
    run_stage(study, kind, get_connectome(network()))
    ran = {definition_at(code) for code in watched} - {None}
    assert len(ran) > 20
    hashed = set(definitions_used(code_entries(study, stage), without=SAID))
    missing = {name for name in ran - hashed if name.partition(":")[0] not in APART}
    assert missing == set()
