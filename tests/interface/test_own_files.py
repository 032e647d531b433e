"""Models and analyses in files of a user's own: found, hashed without being run, loaded, and refused in one line."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ngnmm_core import simulate
from ngnmm_core.analysis.registry import TAKEN
from ngnmm_core.compilation.own_files import equations_code, find_file, own_file_of, read_file, run_file
from ngnmm_core.errors import InputError
from ngnmm_core.stages.context import context
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.study.load import load_studies, make_study
from ngnmm_core.study.own_files import own_files

MODEL = """
from ngnmm_core.models._base import COUPLING, Model, Parameter, State
from .helpers import leak


def derivative(x, drive, c, coupling):
    \"\"\"A leaky integrator.\"\"\"
    return (leak(x[0], drive[0], c[0]) + coupling,)


MODEL = Model(
    name="leaky",
    title="Leaky integrator",
    doi="",
    states=(State("x", "1", 0.5),),
    parameters=(Parameter("tau", 5.0, "ms", "time scale", positive=True), Parameter("I", 0.0, "1", "input"), COUPLING),
    drives=("I",),
    coefficients=lambda p: (1.0 / p["tau"],),
    derivative=derivative,
    sent=lambda x, c: 0.0 * x[0],
    observable="x",
    populations=(),
    fastest_rate=lambda p: 1.0,
)
"""
HELPERS = "def leak(x, drive, rate):\n    return (drive - x) * rate  # first order\n"
ANALYSIS = """
import numpy as np
from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map, mean_over_regions


class LastOptions(Options):
    \"\"\"No options.\"\"\"


class LastReducer:
    def __init__(self, options, window):
        self.points = window.points

    def consume(self, block):
        self.last = block.observable[-1].copy()

    def finish(self, activity):
        by_point = np.moveaxis(self.last, -1, 1).reshape(-1, self.last.shape[1])[: self.points]
        return {"last_value": by_point, "last_status": np.zeros(self.points, np.int8)}


LAST = Map("last", "last_value", "last value", "**Last value**.", mean_over_regions, Look("mako"))
ANALYSIS = Analysis(
    name="last",
    title="Last value",
    needs="simulation",
    options=LastOptions,
    variables=lambda options: (Variable("last_value", ("region",), "1", "last value"), status("last")),
    reducer=LastReducer,
    maps=lambda options: (LAST,),
)
"""
KEYS = {
    "connectome": {"name": "single"},
    "normalization": "none",
    "model": {"file": "leaky.py"},
    "grid": {"tau": [4.0, 8.0]},
    "simulation": {"duration_ms": 20, "transient_ms": 4, "dt_ms": 0.1, "method": "rk4"},
    "analyses": {"last": {"file": "last.py"}},
}


@pytest.fixture
def folder(tmp_path):
    """A folder with a model that imports a helper, and an analysis."""
    (tmp_path / "leaky.py").write_text(MODEL)
    (tmp_path / "helpers.py").write_text(HELPERS)
    (tmp_path / "last.py").write_text(ANALYSIS)
    return tmp_path


def study_in(folder, **changes):
    return make_study("own", {**KEYS, **changes}, folder)


def edited(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_model_and_an_analysis_of_ones_own_compute_what_they_say(folder, monkeypatch):
    """x(t) = 0.5 exp(-t / tau) without input or coupling."""
    monkeypatch.chdir(folder)
    options = {"duration_ms": 20, "transient_ms": 4, "dt_ms": 0.1, "method": "rk4", "initial": {"sd": 0}}
    found = simulate(
        grid={"tau": [4.0, 8.0]},
        connectome=[[0.0, 1.0], [1.0, 0.0]],
        analyses={"last": {"file": "last.py"}},
        model="leaky.py",
        **options,
    )
    expected = 0.5 * np.exp(-20.0 / np.array([4.0, 8.0]))
    np.testing.assert_allclose(found["last_value"].values, np.repeat(expected[:, None], 2, 1), rtol=1e-7)


def test_a_slow_model_says_so_and_holds_no_hidden_times(folder):
    """`time_unit` multiplies lengths; a time that is no parameter would not be."""
    edited(folder / "leaky.py", "populations=(),", "populations=(),\n    time_unit=20.0,")
    slow = study_in(folder, simulation={"method": "rk4", "dt_ms": 0.1})
    assert slow.time_factors.tolist() == [16.0, 32.0]  # tau is 4 and 8, its default 5
    edited(folder / "helpers.py", "* rate", "* rate - 0.1 * x")
    with pytest.raises(InputError, match=r"^model leaky: time_unit is 20, and its equations hold times"):
        study_in(folder, simulation={"method": "rk4", "dt_ms": 0.1})
    edited(folder / "leaky.py", "time_unit=20.0", "time_unit=-1.0")
    with pytest.raises(InputError, match=r"model leaky: time_unit is -1; allowed: a number > 0"):
        study_in(folder)


def test_files_are_looked_for_beside_the_study_and_then_here(folder, monkeypatch, tmp_path_factory):
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    assert (here / find_file("model.file", "leaky.py", folder)).resolve() == (folder / "leaky.py").resolve()
    (here / "leaky.py").write_text(MODEL)
    assert find_file("model.file", "leaky.py", None) == Path("leaky.py")
    assert (here / find_file("model.file", "leaky.py", folder)).resolve() == (folder / "leaky.py").resolve()


def test_resolved_studies_are_the_same_from_the_working_directory(folder, tmp_path_factory, monkeypatch):
    """As the jobs read them, which are told no folder."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    study = study_in(folder)
    again = make_study("own", study.config.model_dump(by_alias=True, mode="json"))
    assert again.files == study.files
    assert again.config == study.config
    assert again.model is study.model


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("leaky.py", "A leaky integrator.", "An integrator that leaks.", True),
        ("helpers.py", "  # first order", "", True),
        ("helpers.py", "(drive - x)", "(drive - 2.0 * x)", False),
        ("leaky.py", "5.0", "6.0", False),
        ("leaky.py", "Leaky integrator", "Leaky", True),  # the title
        ("last.py", "[-1]", "[-2]", False),
        ("last.py", "mako", "rocket", True),
        ("last.py", "(LAST,)", "()", True),
        ("last.py", "def consume(self, block):", "def consume(self, block: object) -> None:", True),
        ("last.py", "self.points = window.points", "self.points = window.points\n        print('points')", True),
        ("last.py", "import numpy as np", "import math as np", False),
        ("helpers.py", "def leak", "LEAST = 2\n\n\ndef leak", False),  # who knows what reads it
        ("leaky.py", "lambda p: 1.0", "lambda p: 2.0", False),
    ],
)
def test_what_changes_results_changes_the_context_and_nothing_else_does(folder, file, old, new, same):
    before = study_in(folder)
    edited(folder / file, old, new)
    after = study_in(folder)
    assert (context(before, "simulation", "c") == context(after, "simulation", "c")) is same
    text = [own.text for own in before.files.values()] != [own.text for own in after.files.values()]
    assert text is ("#" not in old and "integrator that" not in new)


def test_the_context_has_no_path(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for name in ("leaky.py", "helpers.py", "last.py"):
        (other / name).write_text((folder / name).read_text())
    assert context(study_in(folder), "simulation", "c") == context(study_in(other), "simulation", "c")


def test_an_edited_file_is_another_module_in_the_same_process(folder):
    """Written within the same second, with the same size: Python's own caches would take it for the old one."""
    first = study_in(folder).model
    edited(folder / "helpers.py", "(drive - x)", "(x - drive)")
    second = study_in(folder).model
    assert first.derivative((1.0,), (0.0,), (0.5,), 0.0) == (-0.5,)
    assert second.derivative((1.0,), (0.0,), (0.5,), 0.0) == (0.5,)
    assert equations_code(first.derivative.__module__) != equations_code(second.derivative.__module__)
    assert own_file_of("ngnmm_core.models.ei_ngnmm") is None
    assert not list(folder.rglob("__pycache__"))


def test_files_are_named_without_being_run(folder):
    edited(folder / "leaky.py", "MODEL = ", "raise SystemExit('run')\nMODEL = ")
    parts = {"study": "s", "base": KEYS, "parts": {"a": {}, "b": {"model": {"name": "ei_ngnmm"}}}}
    found = own_files(parts, folder)
    assert [file.key for file in found] == ["model.file", "analyses.last.file"]
    assert all(len(file.source) == 16 for file in found)
    assert found[0].uses == tuple(f"ngnmm_core.models._base:{n}" for n in ("COUPLING", "Model", "Parameter", "State"))


MODEL_FAULTS = {
    "no file": ("remove", "leaky.py: no such file; allowed"),
    "no Python": ("def (", r"leaky.py: not Python in line 1 \(invalid syntax\); allowed"),
    "no MODEL": ("MODELS = 1\n", "leaky.py: defines no MODEL; allowed"),
    "another thing": ("MODEL = 1\n", "leaky.py: MODEL is int; allowed"),
    "fails": ("import nothing_of_that_name\nMODEL = 1\n", "leaky.py: fails when it runs .*nothing_of_that_name"),
    "absolute import": ("import helpers\nMODEL = 1\n", r"imports helpers.py beside it; allowed: from .helpers import"),
    "import from above": ("from ..x import y\nMODEL = 1\n", "imports from a folder above its own; allowed"),
    "not in the package": ("from ngnmm_core.nowhere.at_all import y\nMODEL = 1\n", "there is no ngnmm_core.nowhere"),
    "of the package": (MODEL.replace('"leaky"', '"ei_ngnmm"'), "'ei_ngnmm' is a model of the package; allowed"),
    "bad declaration": (MODEL.replace('observable="x"', 'observable="y"'), "leaky: observable: unknown 'y'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", MODEL_FAULTS)
def test_a_file_that_is_no_model_is_refused_in_one_line(folder, fault):
    text, message = MODEL_FAULTS[fault]
    if text == "remove":
        (folder / "leaky.py").unlink()
    else:
        (folder / "leaky.py").write_text(text)
    refused(folder, message, "model.file: ")


ANALYSIS_FAULTS = {
    "another name": ('name="last"', 'name="first"', "defines the analysis 'first'|it has no status"),
    "a stage": ('needs="simulation"', 'needs="msf"', "needs 'msf'; allowed: simulation"),
    "a variable of the package": ('"last_value"', '"synchrony"', "the variable 'synchrony' is one of the package"),
    "a map of the package": ('Map("last"', 'Map("fc"', "the map 'fc' is one of the package"),
    "what the job writes": ('"last_value"', '"network_regime"', "the variable 'network_regime' is one of the package"),
    "a map of nothing": ('Map("last", "last_value"', 'Map("last", "nothing"', "map last: variable: unknown 'nothing'"),
    "a map without a reduction": ("mean_over_regions, Look", "None, Look", "map last: reduce: found None"),
    "a mean over no regions": ('("region",), "1"', '(), "1"', "mean_over_regions of last_value, which has no regions"),
    "a map with values left over": (
        "Look, Map, mean_over_regions", "Look, Map, as_it_is as mean_over_regions", "as_it_is leaves region",
    ),
    "a map by no rows": ("mean_over_regions, Look", 'mean_over_regions, rows="signal", look=Look', "rows: unknown"),
    "a colour map": ('Look("mako")', 'Look("jet")', "look.cmap: unknown 'jet'"),
    "no limits": ('Look("mako")', 'Look("mako", 1.0, 0.0)', "are no limits"),
    "no status": ('status("last")', 'status("first")', "it has no status"),
    "no reducer": ("reducer=LastReducer", "reducer=None", "has no reducer"),
}  # fmt: skip


@pytest.mark.parametrize("fault", ANALYSIS_FAULTS)
def test_a_file_that_is_no_analysis_is_refused_in_one_line(folder, fault):
    old, new, message = ANALYSIS_FAULTS[fault]
    edited(folder / "last.py", old, new)
    refused(folder, message, "analyses.last.file: ")


def refused(folder, message, key):
    with pytest.raises(InputError, match=message) as refusal:
        load_studies({"study": "own", **KEYS}, "own.yaml", folder)
    line = str(refusal.value)
    assert line.startswith(f"own.yaml: {key}")
    assert "; allowed: " in line
    assert "\n" not in line


def test_a_name_beside_a_file_and_options_that_are_none_are_refused(folder):
    with pytest.raises(InputError, match=r"model.name: 'ei_ngnmm' given beside model.file, whose model is 'leaky'"):
        study_in(folder, model={"name": "ei_ngnmm", "file": "leaky.py"})
    with pytest.raises(InputError, match=r"analyses.last.depth.*unknown"):
        study_in(folder, analyses={"last": {"file": "last.py", "depth": 3}})
    with pytest.raises(InputError, match=r"model.file: 3 is no file|model.file: 3 does not fit"):
        study_in(folder, model={"file": 3})
    with pytest.raises(InputError, match=r"grid.speed: unknown 'speed'"):
        study_in(folder, grid={"speed": [1]})


def test_what_jobs_write_is_no_name_for_a_variable():
    assert {v.name for v in (*STAGES["simulation"].own_variables, *STAGES["highlights"].own_variables)} <= {*TAKEN}


def test_two_folders_with_helpers_of_the_same_name_keep_apart(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "leaky.py").write_text(MODEL)
    (other / "helpers.py").write_text(HELPERS.replace("(drive - x)", "(x - drive)"))
    one, two = (run_file(read_file("model.file", where / "leaky.py", "MODEL"), "MODEL") for where in (folder, other))
    assert one.derivative((1.0,), (0.0,), (1.0,), 0.0) != two.derivative((1.0,), (0.0,), (1.0,), 0.0)
    assert "helpers" not in sys.modules
