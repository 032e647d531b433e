"""What is integrated: networks, parameter points and initial states of the benchmarks."""

import os

import numpy as np

from ngnmm_core.connectome import normalise
from ngnmm_core.models import get_model
from ngnmm_core.points import Points, make_points
from ngnmm_core.simulation.delays import Delays
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.initial_states import perturbed
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.simulator import homogeneous_states

MODEL = get_model("ei_ngnmm")
PAPER_MATRIX = "NGNMM_SC2017"
SD = 0.01  # of the perturbation of initial states
BOX_MM, TORTUOSITY = (70.0, 80.0, 55.0), 1.35  # half of the sides; length of a tract over that of a straight line
MAPPED = ("J_ee", "J_ie", "eta_e")
STEPS_MS = {"rk4": 0.01, "heun": 0.01, "multirate": 0.05, "riccati": 0.1}


def dense_network(regions: int) -> np.ndarray:
    """Row-normalised uniform random weights without self-connections."""
    W = np.random.default_rng(0).uniform(0.1, 1.0, (regions, regions))
    np.fill_diagonal(W, 0.0)
    return W / W.sum(axis=1, keepdims=True)


def made_network(regions: int = 90) -> np.ndarray:
    """A made-up connectome: two hemispheres, log-normal weights that fall with distance, rows normalised."""
    rng = np.random.default_rng(1)
    places = rng.uniform(-50.0, 50.0, (regions, 3))
    side = np.arange(regions) < regions // 2
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    weights = rng.lognormal(0.0, 1.5, (regions, regions)) * np.exp(-distance / 25.0)
    weights = (weights + weights.T) * np.where(side[:, None] == side[None], 1.0, 0.3)
    np.fill_diagonal(weights, 0.0)
    return normalise(weights, "row")


def brain() -> tuple[np.ndarray, str]:
    """The network of the accuracy tables and what to call it: the paper's matrix if its path is given."""
    path = os.environ.get(PAPER_MATRIX)
    if not path:
        return made_network(), "a made-up network of 90 regions (`benchmarks/problem.py`)"
    target, source, weight = np.loadtxt(path, skiprows=1).T
    W = np.zeros((90, 90))
    W[target.astype(int), source.astype(int)] = weight
    np.fill_diagonal(W, 0.0)
    return normalise(W, "row"), "the paper's AAL90 matrix, rows normalised"


def points_at(places, seeds=None, **parameters) -> Points:
    """Points at pairs of (I_ext_e, G)."""
    currents, couplings = np.array(places, float).T
    columns = {"I_ext_e": currents, "G": couplings}
    if seeds is not None:
        columns["seed"] = np.asarray(seeds)
    return make_points(MODEL, parameters, columns, len(places))


def start_of(points: Points, regions: int, near_homogeneous: bool) -> np.ndarray:
    """Initial states [point, region, state]: near the homogeneous state, or near the nominal one."""
    count = len(points)
    base = homogeneous_states(MODEL, points.parameters, 1.0) if near_homogeneous else MODEL.nominal
    base = np.broadcast_to(np.reshape(base, (-1, 1, len(MODEL.states))), (count, regions, len(MODEL.states)))
    return perturbed(MODEL, base, points.seeds, SD)


def delays_of(regions: int, rounded: bool) -> Delays:
    """Delays at 10 m/s of tracts between points of a box as large as a brain: about 13 ms in the median, 25 at most."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(-1.0, 1.0, (regions, 3)) * BOX_MM
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    return Delays(TORTUOSITY * apart / 10.0, rounded)


def maps_of(points: Points, regions: int) -> dict[str, np.ndarray]:
    """All parameters [point, region], those of `MAPPED` up to a tenth above and below their values between regions."""
    gradient = 1.0 + 0.1 * np.random.default_rng(2).uniform(-1.0, 1.0, regions)
    found = {name: np.repeat(values[:, None], regions, axis=1) for name, values in points.parameters.items()}
    return found | {name: found[name] * gradient for name in MAPPED}


def new_run(W, points: Points, start, method: str, dtype: str = "float64", sigma: float = 0.0, delays=None) -> Run:
    """A batch of points, ready to integrate."""
    engine = Engine(MODEL, W, method, dtype, noisy=method == "riccati" and sigma > 0, delays=delays)
    return Run(engine, points.parameters, start, noise=(sigma, points.seeds))
