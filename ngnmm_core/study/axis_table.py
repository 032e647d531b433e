"""All that may be an axis of a study, one table: what it is, what it means, and which values it may have."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from ngnmm_core.errors import InputError
from ngnmm_core.models._base import Model
from ngnmm_core.points import SEED, Axis, Kind
from ngnmm_core.simulation.delay_settings import delay_axes
from ngnmm_core.simulation.lesions import resection_axis
from ngnmm_core.simulation.map_settings import map_axes
from ngnmm_core.simulation.noise_settings import noise_axes
from ngnmm_core.simulation.stimuli import stimulus_axes
from ngnmm_core.study.connectome_axes import connectome_axes
from ngnmm_core.study.operating_point import operating_axes

if TYPE_CHECKING:
    from ngnmm_core.study.schema import StudyConfig

NOBODY: Mapping[float, str] = MappingProxyType({})
LARGEST_SEED = 2**53  # seeds and parameters share a table of floats, which holds whole numbers up to here exactly


def axes_of(model: Model, config: "StudyConfig", subjects: Mapping[float, str] = NOBODY) -> dict[str, Axis]:
    """Collect what may be an axis of a study with some model: its own parameters first.

    `subjects` are the names of those of a cohort by their numbers (`ngnmm_core.study.connectome_axes.subject_names`).
    A new axis is declared beside the setting that it varies, and listed here.
    """
    simulation = config.simulation
    found = [
        *(_parameter_axis(model, name) for name in model.axis_names),
        *connectome_axes(config, subjects),
        Axis(SEED, Kind.SEED, check_seed, "1", "seed of the replicate", SEED, 0.0),
        *stimulus_axes(simulation.stimuli),
        *operating_axes(config.model.operating_point),
        resection_axis(),
        *noise_axes(simulation),
        *map_axes(config.model.maps),
        *delay_axes(simulation),
    ]
    return {axis.name: axis for axis in found}


def _parameter_axis(model: Model, name: str) -> Axis:
    parameter = model.parameter(name)
    meaning = parameter.meaning if name == parameter.name else f"{' and '.join(model.targets(name))} together"
    return Axis(name, Kind.PARAMETER, partial(_check_parameter, model, name), parameter.unit, meaning)


def _check_parameter(model: Model, name: str, key: str, value: float) -> None:
    model.check(key, name, (value,))


def check_seed(key: str, value: float) -> None:
    """Whether a number may be a seed.

    Raises
    ------
    InputError
        If it may not.
    """
    if value != int(value) or not 0 <= value <= LARGEST_SEED:
        raise InputError(f"{key}: {value:g} is not a seed; allowed: whole numbers from 0 to {LARGEST_SEED}")
