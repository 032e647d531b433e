"""Hub scores: what the virtual lesion of each region changes, on the brain, ranked, and against structure."""

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from ngnmm_core.plotting.parts.labels import assignments, label
from ngnmm_core.plotting.parts.places import Brain, brain_of, draw_on_brain
from ngnmm_core.plotting.parts.quantities import flag_words
from ngnmm_core.plotting.parts.style import (
    INK,
    LINES,
    LOOKS,
    MUTED,
    TWO_COLUMNS,
    colour_scale,
    new_figure,
    panel_letter,
    say_undefined,
    subfigures,
    themed,
)

TOP = 15  # regions in the ranking
RANKING_MM, SCATTER_MM, TITLE_MM = 84.0, 56.0, 8.0
FOREST_MM, FOREST_ROW_MM = 24.0, 6.0
NOTABLE = 0.05  # corrected p-value below which a change is hardly one of seeds
PER_ROW = 3
BESIDE = {
    "strength": "strength",
    "eigenvector_centrality": "eigenvector centrality",
    "betweenness": "betweenness",
    "information_flow": "information flow (nat)",
    "dynamical_influence": "dynamical influence",
}


def draw(stem: str, dataset: xr.Dataset) -> Figure:
    """Draw the figure of that name in the catalogue: `hubs_1` is the first point."""
    return hub_figure(dataset, int(stem.rpartition("_")[2]) - 1)


@themed
def hub_figure(dataset: xr.Dataset, hub_point: int) -> Figure:
    """Hub scores of one point: for every kind of lesion the brain and the ranking, and below them the structure.

    Parameters
    ----------
    dataset : xarray.Dataset
        A `hubs.nc`.
    hub_point : int
        Position along its dimension `hub_point`.
    """
    point = dataset.isel(hub_point=hub_point)
    lesions = [str(name) for name in point["lesion"].values]
    beside = [name for name in BESIDE if name in point and np.isfinite(point[name]).any()]
    related = [name for name in beside if _is_related(point, name)]
    rows = [related[k : k + PER_ROW] for k in range(0, len(related), PER_ROW)]
    forest = [FOREST_MM + FOREST_ROW_MM * len(beside) * len(lesions)] if beside else []
    heights = [RANKING_MM] * len(lesions) + forest + [SCATTER_MM] * len(rows)
    figure = new_figure(TWO_COLUMNS, sum(heights) + TITLE_MM)
    figure.suptitle(_title(point), x=0.01, ha="left")
    parts = subfigures(figure, len(heights), 1, height_ratios=heights)
    norm = colour_scale(LOOKS["hub_zscore"], point["hub_zscore"].values)
    letters = iter("abcdefghijkl")
    for part, lesion in zip(parts, lesions, strict=False):
        _lesion(part, point.sel(lesion=lesion), lesion, norm, letters)
    if forest:
        _correlations(parts[len(lesions)], point, beside, next(letters))
    for part, names in zip(parts[len(lesions) + len(forest) :], rows, strict=True):
        cells = part.subplots(1, PER_ROW, sharey=True, squeeze=False)[0]
        for axes, name in zip(cells, names, strict=False):
            _against(axes, point, name)
            panel_letter(axes, next(letters))
        for axes in cells[len(names) :]:
            axes.set_visible(False)
        cells[0].set_ylabel(_zscore_label(point))
        if part is parts[-1] and len(lesions) > 1 and np.isfinite(point["hub_zscore"]).any():
            cells[len(names) - 1].legend(loc="best", handletextpad=0.2)
    return figure


def _rank_correlation(point: xr.Dataset, name: str, lesion) -> tuple[float, float, float]:
    """Spearman's correlation of hub scores with another measure, and its 95 % interval; NaN if it is not defined.

    The interval is that of Fisher's z with the variance of Bonett and Wright (2000), doi:10.1007/BF02294183.
    """
    from scipy.stats import spearmanr

    x, y = point[name].values.astype(float), point["hub_zscore"].sel(lesion=lesion).values.astype(float)
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < 5 or not (np.ptp(x[known]) > 0.0 and np.ptp(y[known]) > 0.0):
        return np.nan, np.nan, np.nan
    rho = float(spearmanr(x[known], y[known]).statistic)
    half = 1.96 * np.sqrt((1.0 + rho**2 / 2.0) / (known.sum() - 3.0))
    centre = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    return rho, float(np.tanh(centre - half)), float(np.tanh(centre + half))


def _is_related(point: xr.Dataset, name: str) -> bool:
    """Whether the interval of the correlation leaves out zero for any kind of lesion."""
    found = (_rank_correlation(point, name, lesion) for lesion in point["lesion"].values)
    return any(low > 0.0 or high < 0.0 for _, low, high in found)


def _correlations(part: SubFigure, point: xr.Dataset, names: list[str], letter: str) -> None:
    """Rank correlations of the scores with other measures of the regions, a row each with its interval."""
    axes = part.subplots()
    lesions = list(point["lesion"].values)
    rows, texts = [], []
    for name in names:
        for k, lesion in enumerate(lesions):
            rho, low, high = _rank_correlation(point, name, lesion)
            rows.append((rho, low, high, LINES[k]))
            text = BESIDE[name].partition(" (")[0]
            texts.append(text if len(lesions) == 1 else f"{text}, {lesion}")
    if not np.isfinite(point["hub_zscore"]).any():
        say_undefined(axes, _why(point))
        axes.set(xticks=[], yticks=[])
        panel_letter(axes, letter)
        return
    for y, (rho, low, high, colour) in enumerate(rows):
        if np.isfinite(rho):
            axes.plot([low, high], [y, y], color=colour, linewidth=1.2)
            axes.plot([rho], [y], "o", color=colour, markersize=4)
        else:
            axes.text(0.03, y, "the same in all regions", va="center", color=MUTED)
    axes.axvline(0.0, color=MUTED, linewidth=0.6, zorder=0)
    axes.set(
        xlim=(-1.0, 1.0), ylim=(len(rows) - 0.4, -0.6), xlabel="Rank correlation of hub scores with ... (95 % interval)"
    )
    axes.set_yticks(range(len(texts)), texts)
    axes.set_title(
        "what hubs go with" if any(_is_related(point, n) for n in names) else "no measure goes with the hub scores"
    )
    panel_letter(axes, letter)


def _title(point: xr.Dataset) -> str:
    names = [str(name) for name, c in point.coords.items() if c.ndim == 0 and c.dtype.kind == "f"]
    return "Virtual lesions at " + assignments({name: float(point[name]) for name in names})


def _zscore_label(point: xr.Dataset) -> str:
    return label({"units": "1"}, text="hub score against seeds (z)")


def _why(point: xr.Dataset) -> str:
    """Why there are no scores, in the words of the status."""
    if "hubs_status" not in point:
        return "not defined"
    words = np.unique(flag_words(point["hubs_status"]).values)
    found = [str(word).replace("_", " ") for word in words if word not in ("ok", "undefined")]
    return "not defined: " + ", ".join(found) if found else "not computed"


def _lesion(part: SubFigure, point: xr.Dataset, lesion: str, norm: Normalize, letters) -> None:
    """Brain and ranking of one kind of lesion."""
    scores = point["hub_zscore"].values.astype(float)
    brain = brain_of(point)
    if brain is None:
        axes = part.subplots()
    else:
        left, ranking = subfigures(part, 1, 2, width_ratios=(2.0, 1.0))
        _brain(left, brain, scores, norm)
        axes = ranking.subplots()
        left.axes[0].set_title(f"lesion: {lesion}", x=0.05)
        panel_letter(left.axes[0], next(letters), dx_mm=-2.0)
    if not np.isfinite(scores).any():
        say_undefined(axes, _why(point))
        axes.set(xticks=[], yticks=[])
    else:
        _ranking(axes, point, scores, norm)
    axes.set_title(f"{min(TOP, len(scores))} largest" + ("" if brain is not None else f", lesion: {lesion}"))
    about = f"z (filled: p < {NOTABLE})" if np.isfinite(scores).any() else ""
    stability = float(point["hub_stability"]) if "hub_stability" in point else np.nan
    if np.isfinite(stability):
        about += f"\nsplit-half ρ = {stability:.2f}".replace("-", "−")
    axes.set_xlabel(about, loc="right")  # below the names of regions, where there is room beside a narrow axis
    panel_letter(axes, next(letters), dx_mm=-4.5 if brain is not None else -7.0)


def _brain(part: SubFigure, brain: Brain, scores: np.ndarray, norm: Normalize) -> None:
    largest = np.nanmax(np.abs(scores), initial=0.0) or 1.0
    share = np.nan_to_num(np.clip(scores, 0.0, None) / largest)
    sizes = (4.0 + 32.0 * share) * min(1.0, 100.0 / len(scores))
    panels, drawn = draw_on_brain(part, brain, scores, (LOOKS["hub_zscore"].cmap, norm), sizes, columns=2)
    if np.isfinite(scores).any():
        bar = part.colorbar(drawn, ax=panels, orientation="horizontal", fraction=0.04, pad=0.02, shrink=0.5, aspect=30)
        bar.outline.set_linewidth(0.5)
        bar.set_label("Hub score against seeds (z)")


def _ranking(axes: Axes, point: xr.Dataset, scores: np.ndarray, norm: Normalize) -> None:
    """Rank the regions with the largest z-scores: a dot for each, filled if significant, with its interval."""
    order = [k for k in np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable") if np.isfinite(scores[k])][:TOP]
    top, rows = scores[order], np.arange(len(order))
    low, high = _interval(point, order, top)
    left, right = min(0.0, float(low.min())), max(float(high.max()), 0.0)
    axes.hlines(rows, low, high, color=MUTED, linewidth=1.0, zorder=1)
    colors = colormaps[LOOKS["hub_zscore"].cmap](norm(top))
    notable = point["hub_pvalue"].values[order] < NOTABLE if "hub_pvalue" in point else np.ones(len(order), bool)
    faces = np.where(notable[:, None], colors, 1.0)
    axes.scatter(top, rows, c=faces, s=16, edgecolors=INK, linewidths=0.6, zorder=2)
    extent = max(right - left, 1e-9)
    for row, value in zip(rows, top, strict=True):
        axes.text(1.0, row, f"{value:.1f}", transform=axes.get_yaxis_transform(), va="center", ha="right")  # type: ignore[arg-type]
    axes.set_yticks(rows, [str(name).replace("_", " ") for name in point["region"].values[order]])
    axes.set(ylim=(len(order) - 0.4, -0.6), xlim=(left - 0.02 * extent, left + 1.5 * extent))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=MUTED, linewidth=0.5, linestyle=":", zorder=0)


def _interval(point: xr.Dataset, order: list[int], top: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the scores' 95 % intervals, in units of z; the scores themselves where there are none."""
    if "lesion_seeds" not in point.attrs or "hub_score_low" not in point:
        return np.minimum(top, 0.0), top
    error = point["hub_null_std"].values[order] / np.sqrt(point.attrs["lesion_seeds"])
    ends = (point[f"hub_score_{end}"].values[order] for end in ("low", "high"))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = ((end - point["hub_null_mean"].values[order]) / error for end in ends)
    return np.where(np.isfinite(low), low, top), np.where(np.isfinite(high), high, top)


def _against(axes: Axes, point: xr.Dataset, name: str) -> None:
    """Scores against one other measure of the regions, with Spearman's rank correlation per kind of lesion."""
    from scipy.stats import spearmanr

    structure = point[name].values.astype(float)
    texts = []
    for k, lesion in enumerate(point["lesion"].values):
        scores = point["hub_zscore"].sel(lesion=lesion).values.astype(float)
        known = np.isfinite(scores) & np.isfinite(structure)
        axes.scatter(
            structure[known], scores[known], s=8, color=LINES[k], alpha=0.75, linewidths=0.0, label=f"{lesion}"
        )
        if known.sum() > 2 and np.ptp(scores[known]) > 0.0 and np.ptp(structure[known]) > 0.0:
            texts.append(f"{lesion} {spearmanr(structure[known], scores[known]).statistic:.2f}".replace("-", "−"))
    if not texts:
        scored = np.isfinite(point["hub_zscore"]).any()
        say_undefined(axes, "the same in all regions" if scored else _why(point))
        axes.set_xticks([])
        axes.tick_params(axis="y", left=False, labelleft=False)  # its own: panels of a row share the scale
    else:
        axes.axhline(0.0, color=MUTED, linewidth=0.5, zorder=0)
        axes.set_title("rank correlation: " + ", ".join(texts))
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.ticklabel_format(axis="x", scilimits=(-2, 4))
    axes.set_xlabel(label(point[name].attrs, text=BESIDE[name]))
