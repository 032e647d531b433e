"""Coordinates of results: where each point lies, and what is known of the regions."""

from typing import Any

import numpy as np

from ngnmm_core.analysis import continuation
from ngnmm_core.connectome.cohort import NULL, SUBJECT, Cohort
from ngnmm_core.connectome.datasets import anatomy
from ngnmm_core.connectome.eigenmodes import spectrum
from ngnmm_core.points import SEED, Kind
from ngnmm_core.stages.contract import BRANCHES, SWEEP, Layout
from ngnmm_core.study.connectome_axes import subject_columns
from ngnmm_core.study.study import Study

OF_STAGES = {  # columns that stages add to the axes
    "curves": "0: a diagram over one parameter; 1: curves in two parameters, at no one value of the second",
    "lesion": "kind of lesion (0 none, 1 cut, 2 renormalised)",
    "lesioned_region": "index of the lesioned region",
}


def point_coordinates(study: Study, file: str, layout: Layout) -> dict[str, tuple]:
    """Return the coordinates of the points in a merged file, as (dims, values, attributes)."""
    if file == SWEEP:
        columns = dict(study.axes)
    else:
        named = dict.fromkeys((*study.axes, *(key for h in study.config.highlights for key in h)))
        columns = {n: layout.points.columns[study.model.targets(n)[0]] for n in named if n in study.model.axis_names}
        columns |= {n: v for n, v in layout.points.columns.items() if layout.points.kinds[n] != Kind.PARAMETER}
    if file == BRANCHES:
        columns = continuation.columns(study, columns)
    dense = file == SWEEP and not study.listed
    found = {
        name: ((name,) if dense else layout.dims, *_described(study, name, values)) for name, values in columns.items()
    }
    about = subject_columns(study.config) if dense else {}
    return found | {n: ((SUBJECT,), values, {"long_name": f"{n} of the subject"}) for n, values in about.items()}


def _described(study: Study, name: str, values: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """Give the values of a coordinate in the type that they are stored in, and its attributes."""
    if name == SUBJECT and study.subjects:
        names = np.array([study.subjects[float(value)] for value in values], dtype=object)
        return names, {"long_name": "subject whose connectome it is"}
    if name in OF_STAGES:
        return values.astype(np.int32), {"units": "1", "long_name": OF_STAGES[name]}
    axis = study.known_axes[name]
    return values.astype(np.int64) if name in (SEED, NULL) else values, {"units": axis.unit, "long_name": axis.meaning}


def describe_regions(
    cohort: Cohort, study: Study, layout: Layout | None = None
) -> tuple[dict[str, tuple], dict[str, tuple]]:
    """Give what every result says of the regions: coordinates, eigenvalues of W, as (dims, values, attributes).

    There are eigenvalues of every subject and of every null connectome, where these are axes of a grid; with a
    `layout`, of the connectome of each of its points.
    """
    connectome = cohort.mean
    labels = np.array(connectome.labels, dtype=object)
    coordinates = {"region": (("region",), labels, {"long_name": "brain region"})}
    coordinates |= {name: ((dim,), values, about) for name, (dim, values, about) in anatomy(connectome).items()}
    pairs = np.triu_indices(len(connectome), 1)
    for name, index, which in zip(("region_i", "region_j"), pairs, ("first", "second"), strict=True):
        attributes = {"units": "1", "long_name": f"index of the {which} region of a pair"}
        coordinates[name] = (("edge",), index.astype(np.int32), attributes)
    dims, values = _eigenvalues(cohort, study, layout)
    eigenvalues = {
        name: ((*dims, "mode"), np.array(part), {"units": "1", "long_name": f"{word} part of an eigenvalue of W"})
        for name, part, word in (
            ("eigenvalue_real", values.real, "real"),
            ("eigenvalue_imag", values.imag, "imaginary"),
        )
    }
    return coordinates, eigenvalues


def _eigenvalues(cohort: Cohort, study: Study, layout: Layout | None) -> tuple[tuple[str, ...], np.ndarray]:
    """Compute the eigenvalues of all connectomes, and the dimensions that tell them apart."""
    if layout is not None:
        dims, shape, columns = layout.dims, layout.shape, layout.points.of(Kind.CONNECTOME)
    else:
        names = () if study.listed else (n for n in study.axes if study.known_axes[n].kind == Kind.CONNECTOME)
        axes = {name: study.axes[name] for name in names}
        dims, shape = tuple(axes), tuple(map(len, axes.values()))
        mesh = np.meshgrid(*axes.values(), indexing="ij") if axes else []
        columns = {name: values.ravel() for name, values in zip(axes, mesh, strict=True)}
    of = lambda chosen: spectrum(cohort.at(**chosen).normalised(study.config.normalization).weights).values
    if not columns:
        return (), of({})
    rows, index = np.unique(np.column_stack(list(columns.values())), axis=0, return_inverse=True)
    found = np.array([of(dict(zip(columns, map(float, row), strict=True))) for row in rows])
    return dims, found[index.ravel()].reshape(*shape, -1)
