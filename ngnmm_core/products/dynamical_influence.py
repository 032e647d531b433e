"""Dynamical influence of regions: the left eigenvector of the leading mode of the homogeneous state.

A perturbation of region k projects on a mode by the k-th entry of the mode's left eigenvector, so where one mode leads,
that is how much of the response to a kick at k there will be: Klemm, Serrano, Eguiluz, San Miguel, Sci. Rep. 2, 292
(2012), doi:10.1038/srep00292.  The leading mode is the one whose perturbations grow fastest, or decay most slowly.
"""

from dataclasses import replace

import numpy as np

from ngnmm_core.analysis.graph_measures import leading_projector
from ngnmm_core.connectome import row_sum_spread, spectrum
from ngnmm_core.connectome.normalisation import LARGEST_SPREAD
from ngnmm_core.stages import msf
from ngnmm_core.stages.task import Task


def dynamical_influence(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Influence [point, region], the largest 1, and the leading mode [point].

    NaN and -1 where there is no homogeneous state (rows that differ, maps, balanced inhibition), or where growth rates
    of its modes are not defined.
    """
    influence = np.full((len(task.points), len(task.connectome)), np.nan)
    leading = np.full(len(task.points), -1, np.int32)
    alike = np.flatnonzero(~np.broadcast_to(task.regional.differ(task.points), len(task.points)))
    if row_sum_spread(task.connectome.weights) > LARGEST_SPREAD or not len(alike):
        return influence, leading
    growth = msf.run(replace(task, points=task.points.take(alike)))["msf"]
    values = spectrum(task.connectome.weights).values
    for k, rates in zip(alike, growth, strict=True):
        if not np.isfinite(rates).any():
            continue
        leading[k] = int(np.nanargmax(rates))
        influence[k] = left_eigenvector(task.connectome.weights, values[leading[k]])
    return influence, leading


def left_eigenvector(W: np.ndarray, value: complex) -> np.ndarray:
    """Modulus of the left eigenvector of W whose eigenvalue is nearest to `value`, the largest entry 1.

    Where several modes have that eigenvalue, a kick at a region acts on all of them: the length of its projection on
    their space, which no choice of eigenvectors changes.  Of one mode that is its left eigenvector.
    """
    projector = leading_projector(W, value)
    length = np.linalg.norm(projector, axis=0)
    return length / length.max()
