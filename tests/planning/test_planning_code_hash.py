"""Which edits of the package make which results anew; edits are made in a copy, and asked for in another process."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ngnmm_core.compilation.code_hash import code_hash, definitions_used, script_hash

PACKAGE = Path(__file__).resolve().parents[2] / "ngnmm_core"
# Imports the package once, then answers every line from a fork, so that no hash is remembered from an edit to the next.
ASK = """
import json, os, sys
from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.stages.context import context
from ngnmm_core.study.load import make_study

def study(model):
    return make_study("mini", {
        "connectome": {"path": "six.csv"}, "model": {"name": model}, "grid": {"G": [2, 5]}, "highlights": [{"G": 2}],
        "analyses": {"rates": {}, "spectra": {"segment_ms": 50}, "msf": {}, "hubs": {}},
        "simulation": {"duration_ms": 3000, "transient_ms": 100, "method": "rk4"},
    })

studies = {"": study("ei_ngnmm"), "population ": study("ngnmm_population")}
for line in sys.stdin:
    if os.fork() == 0:
        try:
            stages = [(p, s, stage.name) for p, s in studies.items() for stage in stages_of(s)]
            found = {f"{p}{stage}": context(s, stage, "x")["code"] for p, s, stage in stages}
            found["connectome"] = code_hash(["ngnmm_core.connectome.build:build_connectome"])
            found["merge"] = code_hash(["ngnmm_core.dataset.assemble:assemble"])
        except Exception as error:
            found = {"error": repr(error)}
        print(json.dumps(found), flush=True)
        os._exit(0)
    os.wait()
"""
SHARDS = {"simulation", "msf", "lesions", "highlights"}
POPULATION = {f"population {stage}" for stage in SHARDS}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package: the folder that it is in."""
    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(PACKAGE, folder / "ngnmm_core", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def hashes(copy):
    """Gives the code hash of every stage for the package as it is now in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", ASK], cwd=copy, env=environment, **pipes) as process:

        def ask():
            print(file=process.stdin, flush=True)
            found = json.loads(process.stdout.readline())
            assert "error" not in found, found
            return found

        yield ask
        process.stdin.close()


@pytest.fixture(scope="module")
def unedited(hashes):
    """The hashes of the package as it is in the repository."""
    return hashes()


@pytest.fixture
def changed(copy, hashes, unedited):
    """Edits modules, says whose code hash that changes, and puts the modules back."""

    def changed(change, *modules):
        before = {module: (copy / "ngnmm_core" / module).read_text() for module in modules}
        try:
            for module, text in before.items():
                assert change(text) != text
                (copy / "ngnmm_core" / module).write_text(change(text))
            found = hashes()
        finally:
            for module, text in before.items():
                (copy / "ngnmm_core" / module).write_text(text)
        return {name for name in unedited if found[name] != unedited[name]}

    return changed


def code(text):
    """Every function computes something more."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno > node.lineno:
            first = node.body[0]
            lines[first.lineno - 1] = f"{' ' * first.col_offset}edited = 1\n" + lines[first.lineno - 1]
    return "".join(lines)


def constants(text):
    """Every constant of a module that is a number is another one."""
    return re.sub(r"^([A-Z_]+ = -?[0-9.e-]+)", r"\1 + 1", text, flags=re.MULTILINE)


def additions(text):
    """Something that nothing uses."""
    return text + "\n\nUNUSED = 1\n\n\ndef unused():\n    return UNUSED\n"


def messages(text):
    """Every text of an error, a warning or a log line reads otherwise."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        call = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call):
            continue
        if isinstance(node, ast.Raise) or ast.unparse(call.func).startswith(("logging.", "warnings.warn")):
            for part in call.args:
                if isinstance(part, ast.JoinedStr) or isinstance(getattr(part, "value", None), str):
                    k = part.lineno - 1
                    at = len(lines[k].encode()[: part.col_offset].decode())
                    lines[k] = lines[k][:at] + re.sub(r'^(f?)"', r'\1"Edited: ', lines[k][at:])
    return "".join(lines)


def imports(text):
    """One more import of a type, and one more annotation."""
    lines = (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from ngnmm_core.plotting.parts.style import theme\n"
    )
    first = re.search(r"^(import|from) ", text, flags=re.MULTILINE)
    text = text if first is None else text[: first.start()] + lines + text[first.start() :]
    return re.sub(r"^( *def \w+\(.*\))( -> .*)?:$", r'\1 -> "theme":', text, flags=re.MULTILINE)


def comments(text):
    return "# A comment.\n" + text.replace("\n\n\n", "\n\n\n# Another.\n\n") + "\n# And one more.\n"


def docstrings(text):
    return re.sub(r'^( *)"""(?=\S)', r'\1"""Edited: ', text, flags=re.MULTILINE)


@pytest.mark.slow
def test_comments_make_nothing_anew(changed):
    modules = [str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py")]
    assert changed(comments, *modules) == set()


@pytest.mark.slow
@pytest.mark.parametrize("edit", [docstrings, imports, additions, pytest.param(messages, marks=pytest.mark.slow)])
def test_what_no_number_depends_on_makes_nothing_anew(changed, edit):
    modules = [p for p in PACKAGE.rglob("*.py") if edit(p.read_text()) != p.read_text()]
    assert len(modules) > 50
    assert changed(edit, *(str(p.relative_to(PACKAGE)) for p in modules)) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heun", "riccati"])
def test_an_integrator_that_is_not_used_makes_nothing_anew(changed, name):
    assert changed(code, f"kernels/steppers/{name}.py", f"kernels/integrators/{name}.py") == set()


@pytest.mark.slow
def test_what_a_declaration_says_for_checks_and_costs_makes_nothing_anew(changed):
    said = "    order=9,\n    start_ms=9.0,\n    strong_order=1,\n    noise_precisions=(),\n"
    assert changed(lambda text: text.replace("    order=4,\n", said), "kernels/integrators/rk4.py") == set()
    edit = lambda text: re.sub(r"^    unreachable=.*,$", "    unreachable=(),", text, flags=re.MULTILINE)
    assert changed(edit, "stages/msf.py") == set()


@pytest.mark.slow
def test_where_a_method_reads_the_past_counts(changed):
    edit = lambda text: text.replace("delays=(0.0, 0.5, 1.0)", "delays=(0.0, 0.25, 1.0)")
    assert changed(edit, "kernels/integrators/rk4.py") >= {"simulation", "lesions"}


@pytest.mark.slow
def test_a_constant_makes_anew_what_uses_it(changed):
    assert changed(constants, "dynamics/step_size.py") & SHARDS == {"msf", "highlights"}
    assert changed(constants, "dynamics/coexistence.py") & SHARDS == set()


def test_what_is_said_of_a_model_or_an_analysis_makes_nothing_anew(changed):
    edit = lambda text: re.sub(r'^    (title|doi)="', r'    \1="Edited: ', text, flags=re.MULTILINE)
    assert changed(edit, "models/ei_ngnmm.py", "models/ngnmm_population.py") == set()
    assert changed(edit, *(f"analysis/{name}.py" for name in ("rates", "msf", "spectra", "hubs"))) == set()


@pytest.mark.slow
def test_checks_of_options_and_descriptions_of_keys_make_nothing_anew(changed):
    assert (
        changed(lambda text: re.sub(r'description="', 'description="Edited: ', text), "simulation/settings.py") == set()
    )
    assert changed(code, "models/_checks.py", "errors.py", "storage/atomic.py", "compilation/kernel_cache.py") == set()


@pytest.mark.slow
def test_another_package_under_the_same_name_is_noticed(changed):
    edit = lambda text: text.replace("import numpy as np", "import scipy as np")
    assert changed(edit, "streaming/welch.py") & SHARDS == {"simulation", "lesions", "highlights"}


@pytest.mark.parametrize(
    "module", ["kernels/steppers/rk4.py", pytest.param("simulation/engine.py", marks=pytest.mark.slow)]
)
def test_code_of_the_integrator_makes_every_simulation_anew_and_no_connectome(changed, module):
    assert changed(code, module) == (SHARDS | POPULATION) - {"msf", "population msf"}


@pytest.mark.parametrize(
    ("module", "affected"),
    [
        pytest.param("simulation/initial_states.py", {"simulation", "lesions", "highlights"}, marks=pytest.mark.slow),
        ("streaming/welch.py", {"simulation", "lesions", "highlights"}),
        pytest.param("analysis/rates.py", {"simulation", "highlights"}, marks=pytest.mark.slow),
        ("dynamics/floquet.py", {"msf", "highlights"}),
        pytest.param("analysis/series.py", {"highlights"}, marks=pytest.mark.slow),
    ],
)
def test_code_of_an_analysis_makes_its_own_shards_anew(changed, module, affected):
    assert changed(code, module) & SHARDS == affected


@pytest.mark.slow
def test_code_of_a_model_makes_its_own_studies_anew(changed, unedited):
    every = set(unedited) - {"connectome", "merge"}
    others = {stage for stage in every if stage.startswith("population ")}
    assert changed(code, "models/ei_ngnmm.py") == every - others
    assert changed(code, "models/ngnmm_population.py") == others


@pytest.mark.slow
def test_code_that_writes_results_makes_every_shard_anew(changed, unedited):
    assert changed(code, "stages/results.py") == set(unedited) - {"connectome", "merge"}


@pytest.mark.slow
def test_code_of_the_merge_makes_no_shard_anew(changed):
    assert changed(code, "dataset/merged_file.py", "dataset/merger.py", "dataset/assemble.py") == {"merge"}


@pytest.mark.slow
def test_code_of_plans_and_figures_makes_no_shard_anew(changed):
    figures = [f"plotting/{p.name}" for p in (PACKAGE / "plotting").glob("[a-z]*.py")]
    others = [
        "orchestration/workflow.py",
        "sweep/plan.py",
        "preflight/cost.py",
        "cli/running.py",
        "study/load.py",
        "study/documentation.py",
    ]
    assert changed(code, *figures, *others) & (SHARDS | {"connectome"}) == set()


@pytest.mark.slow
def test_code_that_reads_files_makes_connectomes_anew(changed):
    assert "connectome" in changed(code, "connectome/readers.py")


@pytest.mark.slow
def test_code_of_the_normalisation_makes_every_shard_anew(changed):
    assert changed(code, "connectome/normalisation.py") >= SHARDS


@pytest.mark.slow
def test_code_of_the_eigenvalues_makes_msf_anew(changed):
    assert "msf" in changed(code, "connectome/eigenmodes.py")


@pytest.mark.slow
def test_code_of_the_msf_makes_no_simulation_anew(changed):
    assert changed(code, "analysis/msf.py") & SHARDS == {"msf", "highlights"}


@pytest.mark.slow
def test_messages_about_connectomes_make_no_shard_anew(changed):
    assert changed(code, "connectome/spec.py") & SHARDS == set()


# ------------------------------------------------------------------ the hash itself
def test_definitions_are_found_through_imports():
    found = definitions_used(["ngnmm_core.stages.simulation:run"])
    assert {
        "ngnmm_core.stages.simulation:simulator",
        "ngnmm_core.simulation.run:Run",
        "ngnmm_core.simulation.run:Run.advance",
        "ngnmm_core.kernels.drivers:make_integrator",
    } <= set(found)
    assert list(found) == sorted(found)
    assert not any(name.startswith(("ngnmm_core.plotting", "ngnmm_core.stages.simulation:warm")) for name in found)


def test_definitions_are_found_behind_names_that_are_imported_at_first_use():
    """`from ngnmm_core.connectome import load_connectome` runs connectome.datasets."""
    assert "ngnmm_core.connectome.built_file:read_built" in definitions_used(["ngnmm_core.sweep.shard:load_task"])


def test_the_order_of_the_entries_does_not_matter():
    entries = ["ngnmm_core.simulation.engine", "ngnmm_core.dataset.merger"]
    assert code_hash(entries) == code_hash(entries[::-1])
    assert len(code_hash(entries)) == 16


def test_an_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        code_hash(["ngnmm_core.nowhere"])


def test_scripts_are_hashed_without_comments(tmp_path):
    texts = ['"""One."""\nx = 1\n', '"""Other."""\n\nx = 1  # comment\n', "x = 2\n"]
    paths = [tmp_path / f"{k}.py" for k in range(3)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    same, also, other = map(script_hash, paths)
    assert same == also != other
