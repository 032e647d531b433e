"""The repertoire of models: which regimes occur over a grid, how often, and how strong cross-frequency coupling is.

Regimes are those of the homogeneous state reached from the model's nominal state; a cycle is named by the frequency
band of its rounds.  Coexisting attractors and growth along eigenvectors of the connectome, which breaks the homogeneous
state up, are counted beside them, since they can come with any regime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.analysis.spectra import BANDS
from ngnmm_core.dynamics.regimes import REGIMES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

STEADY, TORUS, CHAOS, UNRESOLVED = "steady state", "torus", "chaos", "unresolved"
CYCLES = tuple(f"{band} cycle" for band in BANDS)
SLOWER, FASTER = f"cycle below {BANDS['delta'][0]:g} Hz", f"cycle above {BANDS['gamma'][1]:g} Hz"
KINDS = (STEADY, SLOWER, *CYCLES, FASTER, TORUS, CHAOS, UNRESOLVED)
MULTISTABLE, PATTERNS = "multistability", "unstable against patterns"
SIGNIFICANT = 0.05
PER_SECOND = 1000.0


def kinds_of(regime: np.ndarray, frequency_hz: np.ndarray) -> np.ndarray:
    """Classify every point: by its regime, and cycles by the band of their frequency."""
    kinds = np.full(regime.shape, UNRESOLVED, dtype=object)
    for name, kind in (("rest", STEADY), ("torus", TORUS), ("chaos", CHAOS)):
        kinds[regime == REGIMES.index(name)] = kind
    cyclic = np.isin(regime, [REGIMES.index("limit_cycle"), REGIMES.index("multi_period_cycle")])
    edges = [low for low, _ in BANDS.values()] + [BANDS["gamma"][1]]
    names = np.array((SLOWER, *CYCLES, FASTER), dtype=object)
    kinds[cyclic] = names[np.searchsorted(edges, frequency_hz[cyclic], side="right")]
    return kinds


@dataclass(frozen=True)
class Repertoire:
    """What a sweep tells of one model, flattened over its grid; arrays [point] unless said.

    `leading` and `transverse` are the largest exponents (1/s) within the homogeneous system, the trivial zero of a
    cycle left out, and along the other eigenvectors of W.  `index` and `pvalue` [phase band, point] are the modulation
    index of the mean over regions, `coupled` the share of regions with p < 0.05.
    """

    model: str
    axes: Mapping[str, np.ndarray]
    kinds: np.ndarray
    frequency_hz: np.ndarray
    leading: np.ndarray
    transverse: np.ndarray
    attractors: np.ndarray
    bands: tuple[str, ...]
    index: np.ndarray
    pvalue: np.ndarray
    coupled: np.ndarray

    def example(self, chosen: np.ndarray) -> int:
        """Pick the chosen point nearest to the middle of all chosen ones, in units of the axes' lengths."""
        scaled = np.stack([(v - v.min()) / (np.ptp(v) or 1.0) for v in self.axes.values()], axis=1)
        inside = np.flatnonzero(chosen)
        return int(inside[np.argmin(((scaled[inside] - scaled[inside].mean(axis=0)) ** 2).sum(axis=1))])

    def place(self, point: int) -> str:
        """Parameters of a point in words."""
        return ", ".join(f"{name} = {values[point]:g}" for name, values in self.axes.items())


def read(sweep: "xr.Dataset") -> Repertoire:
    """Read the repertoire from one model's sweep of msf, lyapunov, transverse, multistability and cross_frequency."""
    dims = sweep.regime.dims
    flat = lambda array: array.transpose(*dims, ...).values.reshape(-1, *array.shape[len(dims) :])
    mesh = np.meshgrid(*(sweep[name].values for name in dims), indexing="ij")
    with np.errstate(divide="ignore", invalid="ignore"):
        frequency = PER_SECOND * flat(sweep.orbit_multiplicity) / flat(sweep.orbit_period)
    regime, growth = flat(sweep.regime), flat(sweep.msf)
    kinds = kinds_of(regime, frequency)
    coupling = [sweep[name].transpose(*dims, "phase_band", ...) for name in _COUPLING]
    index, pvalue, of_regions = (array.values.reshape(len(regime), *array.shape[len(dims) :]) for array in coupling)
    return Repertoire(
        model=str(sweep.attrs["model"]),
        axes={str(name): values.ravel() for name, values in zip(dims, mesh, strict=True)},
        kinds=kinds,
        frequency_hz=frequency,
        leading=PER_SECOND * _leading(kinds, flat(sweep.homogeneous_lyapunov_exponent)),
        transverse=PER_SECOND * _largest(growth[:, 1:], flat(sweep.transverse_exponent)[:, 1:]),
        attractors=flat(sweep.attractor_count),
        bands=tuple(str(b) for b in sweep.phase_band.values),
        index=index.T,
        pvalue=pvalue.T,
        coupled=_share(of_regions).T,
    )


_COUPLING = ("mean_modulation_index", "mean_modulation_pvalue", "modulation_pvalue")


def _leading(kinds: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Find the largest exponent [point]; of a cycle, a torus and chaos without the zero of a shift in time."""
    moving = (kinds != STEADY) & (kinds != UNRESOLVED)
    result = np.full(len(kinds), np.nan)
    for k in np.flatnonzero(np.isfinite(exponents).any(axis=1)):
        values = exponents[k][np.isfinite(exponents[k])]
        if moving[k]:
            values = np.delete(values, np.argmin(np.abs(values)))
        result[k] = values.max() if len(values) else np.nan
    return result


def _largest(*tables: np.ndarray) -> np.ndarray:
    """Find the largest finite value of every row of tables side by side; NaN where there is none."""
    table = np.concatenate(tables, axis=1)
    return np.where(np.isfinite(table).any(axis=1), np.nanmax(np.nan_to_num(table, nan=-np.inf), axis=1), np.nan)


def _share(pvalue: np.ndarray) -> np.ndarray:
    """Share of the regions with a p-value below 0.05, [point, phase band]; NaN where no region has one."""
    known = np.isfinite(pvalue).any(axis=-1)
    return np.where(known, (pvalue < SIGNIFICANT).mean(axis=-1), np.nan)


def regime_table(repertoires: list[Repertoire]) -> "pd.DataFrame":
    """One row per model and kind that any of the models shows, and for multistability and instability to patterns."""
    import pandas as pd

    shown = [kind for kind in KINDS if any((r.kinds == kind).any() for r in repertoires)]
    required = [STEADY, "alpha cycle", "gamma cycle", TORUS, CHAOS]
    kinds = [kind for kind in KINDS if kind in shown or kind in required]
    rows = []
    for r in repertoires:
        rows += [_regime_row(r, kind, r.kinds == kind) for kind in kinds]
        rows.append(_regime_row(r, MULTISTABLE, r.attractors > 1))
        rows.append(_regime_row(r, PATTERNS, r.transverse > 0))
    return pd.DataFrame(rows)


def _regime_row(r: Repertoire, kind: str, chosen: np.ndarray) -> dict:
    row = {
        "model": r.model, "regime": kind, "occurs": "yes" if chosen.any() else "no", "fraction": chosen.mean(),
        "points": int(chosen.sum()), "of": len(chosen), "example": "", "frequency_hz": np.nan,
        "leading_exponent_per_s": np.nan, "transverse_exponent_per_s": np.nan,
    }  # fmt: skip
    if chosen.any():
        k = r.example(chosen)
        row |= {
            "example": r.place(k), "frequency_hz": r.frequency_hz[k], "leading_exponent_per_s": r.leading[k],
            "transverse_exponent_per_s": r.transverse[k],
        }  # fmt: skip
    return row


def coupling_table(repertoires: list[Repertoire]) -> "pd.DataFrame":
    """One row per model and phase band: how often gamma amplitude follows its phase, and how strongly."""
    import pandas as pd

    return pd.DataFrame([_coupling_row(r, b) for r in repertoires for b in range(len(r.bands))])


def _coupling_row(r: Repertoire, band: int) -> dict:
    index, defined = r.index[band], np.isfinite(r.index[band])
    coupled = r.pvalue[band] < SIGNIFICANT
    row = {
        "model": r.model, "coupling": f"{r.bands[band]}-gamma", "points": len(defined), "defined": int(defined.sum()),
        "with_gamma_rhythm": int(np.isfinite(r.pvalue[band]).sum()),
        "significant": int(coupled.sum()), "significant_fraction": coupled.mean(),
        "points_with_coupled_regions": int((r.coupled[band] > 0).sum()),
        "median_index": np.median(index[coupled]) if coupled.any() else np.nan, "largest_index": np.nan, "at": "",
    }  # fmt: skip
    if coupled.any():
        k = int(np.argmax(np.where(coupled, index, -np.inf)))
        row |= {"largest_index": index[k], "at": r.place(k)}
    return row
