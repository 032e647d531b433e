"""Small studies, and made-up results in place of simulations.

The numbers of a point are drawn from a generator that is seeded with the point itself, so that a row that goes astray
is found wherever it lands.
"""

import hashlib
import itertools

import numpy as np

from ngnmm_core.connectome import connectome_of, load_connectome
from ngnmm_core.connectome.cohort import Cohort
from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.dataset.merged_file import merge_file
from ngnmm_core.stages.context import context
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.integrity import seal
from ngnmm_core.study.load import load_studies
from ngnmm_core.sweep.identity import point_ids
from ngnmm_core.sweep.plan import plan
from ngnmm_core.sweep.shard import run_shard

IDENTITY, REGIONS = "identity-of-six", 6
GRID = {"G": [2.0, 5.0, 8.0], "I_ext_e": [3.0, 13.0], "seed": [0.0, 1.0]}
SIZES = {"region": REGIONS, "edge": REGIONS * (REGIONS - 1) // 2, "mode": REGIONS, "population": 2}


def make_study(**changes):
    """A checked study: a small one with changes."""
    config = {
        "study": "mini",
        "connectome": {"path": "six.csv"},
        "grid": {"G": [2, 5], "I_ext_e": [3, 13]},
        "simulation": {"duration_ms": 700, "transient_ms": 50, "dt_ms": 0.05},
        "analyses": ["rates"],
        **changes,
    }
    (study,) = load_studies(config).values()
    return study


def listed(points, **changes):
    """The small study at a list of points."""
    return make_study(grid=None, points=points, **changes)


def identities(study, stage="simulation", connectome=IDENTITY):
    """The identities of all points of a stage, in order."""
    points, planned = STAGES[stage].layout(study, REGIONS).points, PlannedConnectome(connectome, REGIONS)
    return point_ids(points, context(study, stage, connectome), planned)


class Planner:
    """Plans stages of studies in a folder, and pretends to compute their shards."""

    def __init__(self, folder):
        self.folder = folder

    def plan(self, study, stage="simulation", write=True):
        """The shards of a stage."""
        return plan(study, stage, self.folder / stage, PlannedConnectome(IDENTITY, REGIONS), write)

    def compute(self, study, stage="simulation"):
        """Plans, and makes the files of the missing shards; returns the identities of their points."""
        new = [shard for shard in self.plan(study, stage) if not shard.finished]
        for shard in new:
            finish(shard.path)
        return [identity for shard in new for identity in shard.ids]


class Bench(Planner):
    """Writes shards with made-up results, and merges them.

    Parameters
    ----------
    folder : Path
        Where the shards go, in one folder per stage.
    connectome : Path
        A built connectome of six regions.
    """

    def __init__(self, folder, connectome):
        super().__init__(folder)
        self.connectome = connectome

    def write(self, study, *stages):
        """Writes the missing shards of stages; returns all their files by stage."""
        shards = {stage: self.plan(study, stage) for stage in stages}
        for shard in itertools.chain.from_iterable(shards.values()):
            if not shard.finished:
                run_shard(shard.definition, self.connectome, shard.path)
        return {stage: [shard.path for shard in shards[stage]] for stage in stages}

    def merge(self, study, shards, output, file="sweep.nc", **options):
        """Merges shards into a file; returns its path."""
        brain = Cohort(connectome_of(load_connectome(self.connectome)))
        merge_file(study, file, shards, (brain, IDENTITY), output, **options)
        return output


def finish(path):
    """Makes an empty file that counts as the results of a shard."""
    path.touch()
    seal(path)


def run_made_up(stage, task):
    """Stands in for the job of a stage: results, one array [point, ...] per variable."""
    kind = STAGES[stage]
    window = kind.window(task)
    sizes = SIZES | {k: len(values) for k, (values, _, _) in kind.coordinates(task.analyses, window).items()}
    columns = task.points.columns
    points = [{name: values[k] for name, values in columns.items()} for k in range(len(task.points))]
    return {v.name: np.array([made_up(v, point, sizes) for point in points]) for v in kind.variables(task.analyses)}


def made_up(variable, point, sizes=SIZES):
    """The value of a variable at a point, {name: number} with every parameter, the seed and whatever else there is."""
    key = repr((variable.name, sorted((name, float(value) + 0.0) for name, value in point.items())))
    rng = np.random.default_rng(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little"))
    shape = tuple(sizes[d] for d in variable.dims)
    if np.dtype(variable.dtype).kind == "f":
        return rng.standard_normal(shape).astype(variable.dtype)
    return rng.integers(0, len(variable.flags) or 9, shape).astype(variable.dtype)


def full_point(study, **values):
    """All numbers of a point by name, worked out without the package's layouts."""
    point = {p.name: p.default for p in study.model.parameters} | {"seed": 0.0}
    for name, value in values.items():
        point |= dict.fromkeys(("Delta_e", "Delta_i"), value) if name == "Delta" else {name: value}
    return point


def every_point_once(shards, study, stage="simulation"):
    held = [identity for shard in shards for identity in shard.ids]
    assert len(held) == len(set(held))
    assert set(held) == set(identities(study, stage))
