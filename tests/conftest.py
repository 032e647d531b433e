"""Small networks, a plain way to run the engine, reference numbers, and the paper's matrix where its path is given."""

import gc
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from ngnmm_core.compilation.cache_folder import cache_directory

# some environments forbid it: then every process that tests start would compile the package from its source, which
# takes a job as long as the rest of its start, and pytest would rewrite all tests in every run
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    sys.dont_write_bytecode = False

# before numpy is imported: threads of BLAS in parallel workers would wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# one cache of compiled kernels for all workers and all programs that tests start, kept from run to run as a user's is:
# a kernel is found by everything that it is made from, and compiling them is a large part of a first run
os.environ.setdefault("NGNMM_CACHE_DIR", str(cache_directory()))

# what a shell starts in the background ignores Ctrl-C, and so do its children, to which some tests send one
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pytest
from headless import Browser
from legible import look_at_every_figure
from scipy.integrate import solve_ivp

from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model
from ngnmm_core.orchestration.garbage import look_seldom
from ngnmm_core.points import make_points
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run


def pytest_collection_finish():
    """Look seldom for garbage, as jobs do, and never through what was there before the first test."""
    look_seldom()
    gc.collect()
    gc.freeze()


PAPER_MATRIX = "NGNMM_SC2017"


def random_network(regions: int, seed: int, symmetric: bool = False) -> np.ndarray:
    """Row-normalised random weights without self-connections; undirected before normalisation if `symmetric`."""
    W = np.random.default_rng(seed).uniform(0.1, 1.0, (regions, regions))
    if symmetric:
        W = W + W.T
    np.fill_diagonal(W, 0.0)
    return W / W.sum(axis=1, keepdims=True)


@pytest.fixture(scope="session", autouse=True)
def text_of_all_figures_is_legible():
    """Every figure that a test draws has its text looked at."""
    with pytest.MonkeyPatch.context() as patch:
        look_at_every_figure(patch)
        yield


@pytest.fixture(scope="session")
def ei():
    """The excitatory-inhibitory model."""
    return get_model("ei_ngnmm")


@pytest.fixture(scope="session")
def population():
    """The model of one population."""
    return get_model("ngnmm_population")


@pytest.fixture(scope="session")
def directed5():
    """Five regions, directed, row-normalised: no two weights are equal, so that a transposition shows."""
    return random_network(5, seed=1)


@pytest.fixture(scope="session")
def undirected6():
    """Six regions, row-normalised from symmetric weights: a real spectrum."""
    return random_network(6, seed=2, symmetric=True)


@pytest.fixture(scope="session")
def ring6():
    """Six regions on a ring, each fed by both of its neighbours: Lambda = cos(2 pi k / 6)."""
    return (np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)) / 2.0


@pytest.fixture(scope="session")
def points_of():
    """`points_of(model, count=1, **columns)`: points with the swept values given, everything else at its default."""

    def build(model, count=1, **columns):
        columns = {name: np.broadcast_to(values, count) for name, values in columns.items()}
        return make_points(model, {}, columns, count)

    return build


@pytest.fixture(scope="session")
def start_of():
    """`start_of(model, points, regions, seed=0)`: scattered but physical initial states [point, region, state]."""

    def build(model, points, regions, seed=0):
        rng = np.random.default_rng(seed)
        nominal = np.array([s.initial for s in model.states])
        states = nominal + 0.3 * np.abs(nominal) * rng.standard_normal((points, regions, len(nominal)))
        return np.where([s.non_negative for s in model.states], np.abs(states), states)

    return build


@pytest.fixture(scope="session")
def integrate():
    """`integrate(model, W, points, start, dt, samples, steps=1, ...)`: states [sample, point, region, state]."""

    def run(model, W, points, start, dt, samples, steps=1, method="rk4", dtype="float64", lesions=(None, None)):
        with np.errstate(over="ignore", invalid="ignore"):
            batch = Run(Engine(model, np.asarray(W, float), method, dtype), points.parameters, start, lesions)
            return np.stack([batch.by_point(s) for s in batch.advance(dt, steps, samples)])

    return run


@pytest.fixture(scope="session")
def dop853():
    """`dop853(model, W, parameters, start, times)`: states [time, region, state] of one point, by scipy's DOP853.

    Parameters may be arrays, one value per region.
    """

    def solve(model, W, parameters, start, times, rtol=1e-13):
        constants, drive = model.coefficients(parameters), tuple(parameters[n] for n in model.drives)

        def slope(t, flat):
            x = flat.reshape(start.shape).T
            coupling = parameters["G"] * (W @ model.sent(tuple(x), constants))
            return np.stack(model.derivative(tuple(x), drive, constants, coupling), axis=-1).ravel()

        out = solve_ivp(slope, (0, times[-1]), start.ravel(), "DOP853", times, rtol=rtol, atol=0.01 * rtol)
        return out.y.T.reshape(len(times), *start.shape)

    return solve


@pytest.fixture(scope="session")
def reference():
    """The reference numbers of the homogeneous system, from independent methods (see `methods` in the file)."""
    path = Path(__file__).parent / "reference" / "homogeneous_system.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sc2017():
    """Path of the paper's matrix."""
    path = os.environ.get(PAPER_MATRIX)
    if not path:
        pytest.skip(f"{PAPER_MATRIX} is not set: it should hold the path of sc2017.dat, which is not in the repository")
    return path


@pytest.fixture
def browser(tmp_path):
    """A headless browser; see `headless.Browser`."""
    return Browser(tmp_path)


@pytest.fixture
def refused():
    """Calls something that must refuse its input in one line, in which all the words occur; returns the line."""

    def check(call, *words):
        with pytest.raises(InputError) as caught:
            call()
        line = str(caught.value)
        assert "\n" not in line
        for word in words:
            assert word in line, f"{word!r} not in: {line}"
        assert not line.endswith(("allowed: ", "allowed:")), line
        return line

    return check


def pytest_collection_modifyitems(items):
    """Puts the files with most slow tests first, so that two workers end at the same time."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def pytest_terminal_summary(terminalreporter):
    """Says what was skipped for lack of the paper's matrix: such a run has not checked everything."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if PAPER_MATRIX in str(r.longrepr)]
    if skipped:
        terminalreporter.section(f"skipped for lack of the paper's matrix ({PAPER_MATRIX})")
        for report in skipped:
            terminalreporter.write_line(report.nodeid)
