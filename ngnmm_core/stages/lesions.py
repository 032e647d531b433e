"""The stage `lesions`: simulations with a region taken out, for hub scores."""

from typing import Any

import numpy as np

from ngnmm_core.analysis import fc, spectra
from ngnmm_core.analysis.contract import Variable
from ngnmm_core.analysis.hubs import hub_axes, hub_simulation
from ngnmm_core.analysis.transfer_entropy import SURROGATES, InformationReducer
from ngnmm_core.connectome.cohort import NULL
from ngnmm_core.points import SEED, Kind
from ngnmm_core.simulation.lesions import CUT, KINDS, LESION, NONE, REGION
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages import simulation
from ngnmm_core.stages.contract import EVERY_SETTING, LESIONS, NOISES, OF_DELAYS, Layout, Rates, Reducers, Stage
from ngnmm_core.stages.task import Task
from ngnmm_core.streaming.leave_one_out import LeaveOneOutSynchrony
from ngnmm_core.study.study import Study

SEGMENT_MS, SHARE = 1000.0, 0.4  # of the window, for the gamma power: two segments and more

SURROGATE_AXIS = {"surrogate": (np.arange(SURROGATES), "1", "time-shifted surrogate")}

VARIABLES = (
    *simulation.VARIABLES,
    Variable("lesion_fc", ("edge",), "1", "functional connectivity under the lesion", "float32"),
    Variable("lesion_synchrony", ("region",), "1", "synchrony of the other regions"),
    Variable("lesion_gamma_power", ("region",), "1", "power in the gamma band under the lesion", "float32"),
    Variable("lesion_information", ("region",), "1", "mean transfer entropy to the others (nat), of unlesioned runs"),
    Variable("lesion_information_surrogates", ("surrogate", "region"), "1", "the same with shifted sources", "float32"),
)


def _reducers(task: Task) -> Reducers:
    options, settings = task.options("hubs"), Simulation.model_validate(task.settings)
    segment_ms = min(SEGMENT_MS, SHARE * settings.window_samples * settings.sample_ms)
    fc_options = fc.FcOptions(signals=(options.signal,))
    return [
        (fc.FcReducer, fc_options),
        (LeaveOneOutSynchrony, None),
        (spectra.SpectraReducer, spectra.SpectraOptions(segment_ms=segment_ms)),
        (InformationReducer, (fc.SIGNALS[options.signal], fc_options, options.lag_ms)),
    ]


def run(task: Task) -> dict[str, np.ndarray]:
    """Results, one array [point, ...] per variable."""
    settings = Simulation.model_validate(task.settings)
    results = simulation.simulator(task, settings, _reducers(task)).run(task.points)
    kept = {v.name: results[v.name] for v in simulation.VARIABLES}
    own = ("lesion_synchrony", "lesion_information", "lesion_information_surrogates")
    return kept | {
        "lesion_fc": results["fc"][:, 0],
        "lesion_gamma_power": results["gamma_power"],
        **{name: results[name] for name in own},
    }


def window(task: Task):
    """Describe what the analyses see of the simulations."""
    return simulation.window(task)


def warm(task: Task) -> None:
    """Compiles everything that `run` calls."""
    simulation.compile_with(task, _reducers(task))


def _layout(study: Study, regions: int) -> Layout:
    """At every chosen grid point: runs without lesion for the null, then every lesion of every region."""
    options = study.options["hubs"]
    chosen = hub_layout(study).points.take(hub_points(study))
    runs = [(NONE, -1, seed) for seed in range(options.null_seeds)]
    for kind in options.lesion:
        code = CUT + KINDS.index(kind)
        runs += [(code, region, seed) for region in range(regions) for seed in range(options.seeds)]
    kinds, lesioned, seeds = np.array(runs).T
    index = np.repeat(np.arange(len(chosen)), len(runs))
    repeated = chosen.take(index).only(Kind.PARAMETER, Kind.CONNECTOME)
    of_maps = {name: chosen.columns[name][index] for one in study.maps for name in one.axes if name in chosen.columns}
    repeated = repeated.having(of_maps, Kind.SETTING)
    tile = lambda values: np.tile(values, len(chosen))
    points = repeated.having({SEED: tile(seeds)}, Kind.SEED)
    points = points.having({LESION: tile(kinds), REGION: tile(lesioned)}, Kind.SETTING)
    return Layout(("run",), (len(index),), points)


def hub_layout(study: Study) -> Layout:
    """Lay out the grid that hubs may be looked for on."""
    axes = hub_axes(study)
    return Layout(*study.over(lambda axis: axis in axes))


def hub_points(study: Study) -> np.ndarray:
    """Positions, in the flattened `hub_layout`, of the points that hubs are looked for at."""
    layout = hub_layout(study)
    names, shape = layout.dims, layout.shape
    wanted = study.options["hubs"].at
    chosen = np.zeros(shape, bool) if wanted else np.ones(shape, bool)
    mesh = dict(zip(names, np.meshgrid(*(study.axes[n] for n in names), indexing="ij"), strict=True))
    for point in wanted:
        chosen |= np.logical_and.reduce([mesh[name] == value for name, value in point.items()])
    if NULL in mesh and not any(NULL in point for point in wanted):
        chosen &= mesh[NULL] == 0  # hubs of null connectomes where a study names them
    return np.flatnonzero(chosen.ravel())


def _settings(study: Study) -> dict[str, Any]:
    return hub_simulation(study.options["hubs"], study.simulation).model_dump(mode="json", by_alias=True)


def _signals(study: Study) -> int:
    return 1


def _cost(study: Study, regions: int) -> Rates:
    rates = simulation.simulation_rates(_settings(study), regions, len(STAGE.analyses(study)), _signals(study))
    return simulation.in_steps(study, rates, regions, STAGE)


STAGE = Stage(
    name="lesions",
    run=run,
    warm=warm,
    window=window,
    reducers=_reducers,
    integrators=simulation.integrators_of,
    layout=_layout,
    settings=_settings,
    cost=_cost,
    signals=_signals,
    starts_network=True,
    reads=tuple(name for name in EVERY_SETTING if name != "keep_series"),
    # scores compare runs at points of the model's parameters and maps
    unreachable_axes=("resection", *NOISES, "stimuli", *OF_DELAYS),
    file=LESIONS,
    own_variables=VARIABLES,
    own_coordinates=SURROGATE_AXIS,
)
