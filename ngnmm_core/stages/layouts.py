"""The points of a stage, laid out for the merged file: those that several stages share."""

from ngnmm_core.points import Kind
from ngnmm_core.simulation.delay_settings import VELOCITY
from ngnmm_core.stages.contract import Layout
from ngnmm_core.study.study import Study


def network_layout(study: Study, regions: int) -> Layout:
    """Give the whole grid."""
    return Layout(study.dims(True), study.shape(True), study.points(True))


def homogeneous_layout(study: Study, regions: int = 0) -> Layout:
    """Give the grid without seeds: what belongs to the homogeneous system alone has none."""
    return Layout(study.dims(False), study.shape(False), study.points(False))


def row_sum_layout(study: Study, regions: int = 0) -> Layout:
    """Give the same without the axes of connectomes, where all of them have the same row sums.

    For what depends on nothing else of W.
    """
    alike = study.config.normalization == "row"
    other = lambda axis: study.known_axes[axis].kind != Kind.CONNECTOME
    return Layout(*study.over(lambda axis: study.is_of_system(axis) and (not alike or other(axis))))


def delayed_layout(study: Study, regions: int = 0) -> Layout:
    """Give the grid without seeds, with the conduction velocity where there are delays.

    For what looks at the homogeneous state and at what delays make of it.
    """
    if not study.delayed:
        return homogeneous_layout(study)
    return Layout(*study.over(lambda axis: study.is_of_system(axis) or axis == VELOCITY))
