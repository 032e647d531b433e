"""The points of a stage, laid out for the merged file: those that several stages share."""

from ngnmm_core.stages.contract import Layout
from ngnmm_core.study.study import Study


def network_layout(study: Study, regions: int) -> Layout:
    """Give the whole grid."""
    return Layout(study.dims(True), study.shape(True), study.points(True))


def homogeneous_layout(study: Study, regions: int = 0) -> Layout:
    """Give the grid without seeds: what belongs to the homogeneous system alone has none."""
    return Layout(study.dims(False), study.shape(False), study.points(False))
