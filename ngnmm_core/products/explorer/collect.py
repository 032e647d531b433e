"""What the explorer shows of a sweep, in arrays that are small enough for a page."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.colors import to_hex

import ngnmm_core.plotting.parts.style  # noqa: F401 registers seaborn's colour maps
from ngnmm_core.analysis.maps import Look
from ngnmm_core.connectome.cohort import SUBJECT
from ngnmm_core.plotting.parts.brain import fits_template, region_centres, template
from ngnmm_core.plotting.parts.quantities import REGIME, flag_words
from ngnmm_core.plotting.parts.surface import surface_of
from ngnmm_core.products.explorer.grid import PointList, point_list
from ngnmm_core.products.explorer.packing import Packed, between, exact, fine, rows_scaled
from ngnmm_core.study.study import Study

BINS = 64
MOST_FC = 500  # points with all pairs of regions
EXACT = 20_000  # points up to which values of maps have 32 bits
ANCHORS = 17  # colours from which the page interpolates a colour map
COARSER = 2  # pixels of a figure's view of the cortical surface, along each side of one of the page's
FLAGS = (REGIME, "regime")


def collect(dataset: xr.Dataset, study: Study) -> tuple[dict[str, Any], dict[str, Packed]]:
    """Describe a sweep and pack its arrays.

    Returns
    -------
    about : dict
        Axes, the points to begin with, quantities, flags, regions, frequencies and modes, for JSON.
    arrays : dict of Packed
        Those whose names start with `map:` and `flag:` have one value per point.
    """
    points = point_list(dataset, study.dims())
    arrays = {f"axis:{k}": exact(row, "uint16") for k, row in enumerate(points.index)}
    about: dict[str, Any] = {"count": points.count, "axes": points.axes, "regions": _regions(dataset)}
    about["outline"] = _outline(dataset)
    about["surface"] = _surface(dataset, arrays)
    about["first"] = _first(study, points)
    about["quantities"] = _maps(dataset, study, points, arrays)
    about["flags"] = _flags(dataset, points, arrays)
    used = {q["cmap"] for q in about["quantities"]} | {"vlag", "viridis"}
    about["colours"] = {name: _anchors(name) for name in sorted(used)}  # in one order in every process
    about["frequencies"] = _spectra(dataset, points, arrays)
    about["modes"] = _growth(dataset, points, arrays)
    _activity(dataset, points, arrays)
    about["fc"] = _connectivity(dataset, study, points, arrays)
    return about, arrays


def _maps(dataset, study: Study, points: PointList, arrays: dict[str, Packed]) -> list[dict[str, Any]]:
    """Every map that the analyses of a study declare; one with rows gives a quantity for each of them."""
    pack = (lambda v: exact(v, "float32")) if points.count <= EXACT else fine
    found = []
    for analysis, options in study.analyses:
        for one in analysis.maps(options):
            if one.variable not in dataset:
                continue
            variable = dataset[one.variable]
            values = one.reduce(variable.astype(float))
            rows: list[tuple[str | None, Any]] = [(None, values)]
            if one.rows in values.dims:
                rows = [(str(v.item()), values.isel({one.rows: k}, drop=True)) for k, v in enumerate(values[one.rows])]
            for row, part in rows:
                name = one.name if row is None else f"{one.name}:{row}"
                if one.of_motion and REGIME in dataset:
                    part = part.where(flag_words(dataset[REGIME]) != "rest")
                arrays[f"map:{name}"] = pack(points.spread(part).astype(float))
                title = one.title or one.text
                text = title if row is None else f"{title}, {row}".replace("_", " ")
                unit = str(variable.attrs.get("units", "1"))
                found.append({"name": name, "text": text, "unit": unit, **_look(one.look)})
    return found


def _look(look: Look) -> dict[str, Any]:
    return {"cmap": look.cmap, "low": look.low, "high": look.high, "diverging": look.diverging}


def _flags(dataset, points: PointList, arrays: dict[str, Packed]) -> list[dict[str, Any]]:
    """Regimes and the statuses of all analyses: codes per point, and what they mean."""
    named = [name for name in FLAGS if name in dataset]
    named += [
        str(n) for n in dataset.data_vars if str(n).endswith("_status") and set(dataset[n].dims) <= {*points.dims}
    ]
    found = []
    for name in named:
        variable = dataset[name]
        values = np.atleast_1d(variable.attrs.get("flag_values", []))
        words = str(variable.attrs.get("flag_meanings", "")).split()
        arrays[f"flag:{name}"] = exact(points.spread(variable), "int8")
        meanings = {str(int(v)): w.replace("_", " ") for v, w in zip(values, words, strict=True)}
        found.append({"name": name, "text": str(variable.attrs.get("long_name", name)), "meanings": meanings})
    return found


def _anchors(name: str) -> list[str]:
    return [to_hex(colour) for colour in colormaps[name](np.linspace(0.0, 1.0, ANCHORS))]


def _regions(dataset: xr.Dataset) -> list[dict[str, Any]]:
    if "region" not in dataset.coords:
        return []
    centres = [dataset[f"centre_{c}"].values if f"centre_{c}" in dataset.coords else None for c in "xyz"]
    sides = dataset["hemisphere"].values if "hemisphere" in dataset.coords else [""] * dataset.sizes["region"]
    found = []
    for k, label in enumerate(dataset.region.values):
        at = None if any(c is None for c in centres) else [round(float(c[k]), 1) for c in centres]
        found.append({"label": str(label), "side": str(sides[k]), "at": at if at and np.isfinite(at).all() else None})
    return found


def _outline(dataset: xr.Dataset) -> dict[str, list[list[float]]]:
    """Corners of the brain's outline in mm, (x, y) from above and (y, z) from the side; none for another space."""
    centres = region_centres(dataset) if "region" in dataset.coords else None
    if centres is None or not fits_template(centres):
        return {}
    return {view: np.round(template(view), 1).tolist() for view in ("axial", "sagittal")}


def _surface(dataset: xr.Dataset, arrays: dict[str, Packed]) -> list[str]:
    """Pack views of the cortical surface: the region of every pixel, 254 for none, 255 beside the brain; and its shade.

    Returns the names of the views; none where the parcellation has no surface.
    """
    surface = surface_of(dataset)
    if surface is None or surface.regions > 253:
        return []
    coarse = surface.region[:, 1::COARSER, 1::COARSER]
    arrays["surface"] = exact(np.where(coarse >= surface.regions, coarse - surface.regions + 254, coarse), "uint8")
    arrays["surface:shade"] = exact(np.rint(255.0 * surface.shade[:, 1::COARSER, 1::COARSER]), "uint8")
    return list(surface.views)


def _spectra(dataset, points: PointList, arrays: dict[str, Packed]) -> list[float]:
    """Pack the mean over regions of the power spectrum, in decibels, in 64 bins; return their centres (Hz)."""
    if "power_spectrum" not in dataset:
        return []
    variable = dataset["power_spectrum"]
    frequencies = dataset.frequency.values
    bins = np.array_split(np.arange(len(frequencies)), min(BINS, len(frequencies)))
    power = points.spread(variable.mean("region")) if variable.size < 2**27 else _by_slab(points, variable)
    binned = np.stack([power[:, b].mean(axis=1) for b in bins], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        decibels = 10.0 * np.log10(binned)
    arrays["spectrum"] = rows_scaled(np.where(np.isfinite(decibels), decibels, np.nan))
    return [round(float(frequencies[b].mean()), 3) for b in bins]


def _by_slab(points: PointList, variable: xr.DataArray) -> np.ndarray:
    """Average a variable that does not fit into memory over regions."""
    first = points.dims[0]  # a point alone fits
    parts = [variable.isel({first: [k]}).mean("region") for k in range(variable.sizes[first])]
    return points.spread(xr.concat(parts, first))


def _growth(dataset, points: PointList, arrays: dict[str, Packed]) -> list[float]:
    """Growth rates along the eigenvectors of W, and the real parts of its eigenvalues."""
    if "msf" not in dataset or dataset.eigenvalue_real.ndim != 1:
        return []
    values, rows = points.own(dataset["msf"])
    arrays["growth"] = fine(values)
    arrays["growth:row"] = exact(rows, "uint32")
    return np.round(dataset.eigenvalue_real.values, 5).tolist()


def _activity(dataset, points: PointList, arrays: dict[str, Packed]) -> None:
    """Pack the firing rates of the first population per region."""
    if "firing_rate" in dataset:
        rates = dataset["firing_rate"]
        rates = rates.isel(population=0, drop=True) if "population" in rates.dims else rates
        arrays["rates"] = rows_scaled(points.spread(rates))


def _connectivity(dataset, study: Study, points: PointList, arrays: dict[str, Packed]) -> dict[str, Any]:
    """Functional connectivity of the last signal: all pairs at chosen points, blocks of regions at all."""
    if "fc" not in dataset:
        return {}
    variable = dataset["fc"].isel(signal=-1, drop=True)
    chosen = _chosen_points(study, points)
    groups, names = _blocks(dataset)
    i, j = dataset.region_i.values.astype(int), dataset.region_j.values.astype(int)
    pairs = [(a, b) for a in range(len(names)) for b in range(a, len(names))]
    number_of = {pair: k for k, pair in enumerate(pairs)}
    block = np.array([number_of[min(a, b), max(a, b)] for a, b in zip(groups[i], groups[j], strict=True)])
    kept, means = [], []
    for k in range(points.shape[0] if points.dims else 1):
        part = variable.isel(dict.fromkeys(points.dims[:1], k))
        slab = part.transpose(*points.dims[1:], "edge").values.reshape(-1, len(i))
        means.append(_block_means(slab, block, len(pairs)))
        start = k * len(slab)
        kept.append(slab[[p - start for p in chosen if start <= p < start + len(slab)]])
    arrays["fc"] = between(np.concatenate(kept), -1.0, 1.0)
    arrays["fc:point"] = exact(np.array(chosen), "uint32")
    arrays["fc:block"] = between(np.concatenate(means), -1.0, 1.0)
    return {"signal": str(dataset.signal.values[-1]).replace("_", " "), "blocks": names}


def _block_means(values: np.ndarray, block: np.ndarray, count: int) -> np.ndarray:
    """Means over the pairs of each block, array (point, block); NaN where none of its pairs is defined."""
    known = np.isfinite(values)
    sums = np.stack([np.bincount(block, np.where(k, v, 0.0), count) for k, v in zip(known, values, strict=True)])
    counts = np.stack([np.bincount(block, k, count) for k in known])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, sums / counts, np.nan)


def _blocks(dataset: xr.Dataset) -> tuple[np.ndarray, list[str]]:
    """Assign a block to every region: its hemisphere and the first part of its name, else a run of regions."""
    labels = [str(label) for label in dataset.region.values]
    sides = dataset["hemisphere"].values.astype(str) if "hemisphere" in dataset.coords else [""] * len(labels)
    stems = [label.replace("-", "_").split("_")[0] for label in labels]
    keys = [f"{side} {stem}".strip() for side, stem in zip(sides, stems, strict=True)]
    names = sorted(set(keys))
    if not 2 <= len(names) <= 60:
        size = max(len(labels) // 12, 1)
        keys = [f"{side} {k // size * size + 1:04d}+".strip() for k, side in enumerate(sides)]
        names = sorted(set(keys))
    return np.array([names.index(key) for key in keys]), names


def _chosen_points(study: Study, points: PointList) -> list[int]:
    """Points that get all pairs: those of highlights, then an even choice."""
    if points.count <= MOST_FC:
        return list(range(points.count))
    wanted = set(np.linspace(0, points.count - 1, MOST_FC - len(study.config.highlights)).astype(int).tolist())
    return sorted(wanted | set(_highlights(study, points)))[:MOST_FC]


def _first(study: Study, points: PointList) -> list[int]:
    """List the points that the page opens with: those of the first two highlights, else the one in the middle."""
    highlights = list(dict.fromkeys(_highlights(study, points)))[:2]
    if highlights or not points.dims:
        return highlights or [0]
    return [int(np.ravel_multi_index([size // 2 for size in points.shape], points.shape))]


def _highlights(study: Study, points: PointList) -> list[int]:
    """Find the point of the sweep next to each highlight; none where no point has all of its nearest values."""
    found = []
    for highlight in study.config.highlights:
        matching = np.ones(points.count, bool)
        for axis, row in zip(points.axes, points.index, strict=True):
            if axis["name"] in highlight:
                matching &= row == _nearest(axis, highlight[axis["name"]], study)
        found += np.flatnonzero(matching)[:1].tolist()
    return found


def _nearest(axis: dict[str, Any], value: float, study: Study) -> int:
    """Which value of an axis is next to that of a highlight, which names a subject by its number."""
    if axis["name"] == SUBJECT and study.subjects:
        name = study.subjects[value]
        return axis["values"].index(name) if name in axis["values"] else -1
    return int(np.argmin([abs(float(v) - float(value)) for v in axis["values"]]))
