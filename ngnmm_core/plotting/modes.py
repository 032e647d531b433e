"""The directions in which regions part first: eigenvectors of the connectome on the brain, at one highlighted point."""

import json
from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.analysis.msf import GROWTH_RATE
from ngnmm_core.connectome import connectome_of, normalise, spectrum
from ngnmm_core.connectome.cohort import NULL, SUBJECT
from ngnmm_core.connectome.nulls import null_connectome
from ngnmm_core.dynamics.dispersion import NEUTRAL
from ngnmm_core.plotting.highlights import point_of, title_of
from ngnmm_core.plotting.parts.eigenvector import LEAST_MM, draw_eigenvector, row_height
from ngnmm_core.plotting.parts.labels import number, unit_text
from ngnmm_core.plotting.parts.places import brain_of
from ngnmm_core.plotting.parts.quantities import reason_text, reasons
from ngnmm_core.plotting.parts.style import TWO_COLUMNS, new_figure, say_undefined, subfigures, themed

MOST = 3  # directions in one figure
TITLE_MM = 8.0


def draw(stem: str, dataset: xr.Dataset, connectome: xr.Dataset, normalization: str = "row") -> Figure:
    """Draw the figure of that name in the catalogue: `modes_1` is about the first highlight."""
    return modes_figure(dataset, connectome, normalization, int(stem.rpartition("_")[2]) - 1)


def leading_modes(rates: np.ndarray, eigenvalues: np.ndarray) -> list[int]:
    """Select the growing modes, fastest first and three at most, or else the one that decays most slowly.

    The uniform mode does not count, and a pair of complex conjugate eigenvalues counts once.  Empty where there are no
    growth rates.

    Parameters
    ----------
    rates : array (mode,)
        Growth rates, `msf` at one point (1/ms).
    eigenvalues : array (mode,), real or complex
        Of W.
    """
    rates = np.where(np.imag(eigenvalues) < 0.0, np.nan, rates)
    rates[0] = np.nan
    known = [int(mode) for mode in np.argsort(-rates, kind="stable") if np.isfinite(rates[mode])]
    return [mode for mode in known if rates[mode] > NEUTRAL][:MOST] or known[:1]


def _weights_at(point: xr.Dataset, connectome: xr.Dataset) -> np.ndarray:
    """Return the weights that a point is on: of its subject, or of a null connectome."""
    brain = connectome_of(connectome)
    if SUBJECT in point.coords and "subject_weights" in connectome:
        own = connectome["subject_weights"].sel(subject=str(point[SUBJECT].item())).values
        brain = replace(brain, weights=own)
    if NULL in point.coords and point[NULL] > 0:
        nulls = json.loads(point.attrs["config"])["nulls"]
        brain = null_connectome(brain, nulls["kind"], int(point[NULL]), nulls["seed"])
    return brain.weights


@themed
def modes_figure(dataset: xr.Dataset, connectome: xr.Dataset, normalization: str = "row", highlight: int = 0) -> Figure:
    """Eigenvectors of W of the leading modes, a row each: on the brain, and the largest components by name.

    The phase is that of `ngnmm_core.connectome.spectrum`: the largest component is real and positive.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `highlights.nc` with `msf`, or the one point that `ngnmm_core.simulate` gives.
    connectome : xarray.Dataset
        As `ngnmm_core.connectome.build_connectome` makes it.
    normalization : str
        `row`, `max` or `none`: of W.
    highlight : int
        Position along the dimension `highlight` of `dataset`, if it has one.
    """
    point, brain = point_of(dataset, highlight), brain_of(connectome)
    of_W = spectrum(normalise(_weights_at(point, connectome), normalization))
    modes = leading_modes(point["msf"].values, of_W.values)
    height = row_height(brain) if modes else LEAST_MM
    figure = new_figure(TWO_COLUMNS, height * max(len(modes), 1) + TITLE_MM)
    figure.suptitle(f"Patterns in which regions desynchronise: {title_of(point)}", x=0.01, ha="left")
    parts = subfigures(figure, max(len(modes), 1), 1)
    if not modes:
        axes = parts[0].subplots()
        why = str(reasons(point, GROWTH_RATE).values)
        say_undefined(axes, f"no growth rates: {reason_text(why or 'other')}")
        axes.set(xticks=[], yticks=[])
        return figure
    regions = connectome["region"].values
    for part, mode, letter in zip(parts, modes, "abc", strict=False):
        draw_eigenvector(part, of_W.right[:, mode], brain, regions, (_words(point, mode, of_W.values[mode]), letter))
    return figure


def _words(point: xr.Dataset, mode: int, eigenvalue: complex) -> str:
    imaginary = float(np.imag(eigenvalue))
    value = number(round(float(np.real(eigenvalue)), 4)) + (f" {imaginary:+.4f}i" if imaginary else "")
    rate, frequency = float(point["msf"][mode]), float(point["msf_frequency"][mode])
    return f"mode {mode}, Λ = {value}: growth rate {number(round(rate, 5))} {unit_text('ms-1')}, {frequency:.1f} Hz"
