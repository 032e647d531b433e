"""Which figures a study has: known from its config alone, before anything is computed.

Snakemake reads this while it parses the workflow, in every job; so nothing here needs matplotlib or xarray.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ngnmm_core.connectome.cohort import SUBJECT
from ngnmm_core.connectome.spec import SINGLE
from ngnmm_core.plotting.parts.captions import as_words
from ngnmm_core.plotting.parts.labels import assignments, number
from ngnmm_core.plotting.parts.layout import choose_axes, region_axis
from ngnmm_core.stages.lesions import hub_layout, hub_points
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.study.study import Study

KINDS, FILM_KINDS = ("svg", "png", "pdf"), ("gif", "html")  # of files of a figure, and of a film
MOST_HUB_FIGURES = 12
RECRUITMENT, TASK = "recruitment", "memory"  # analyses
OF_SPREAD = {RECRUITMENT, "dynamic_fc", "bistability"}  # analyses that the figures of a spread show


@dataclass(frozen=True)
class Family:
    """Figures that are drawn by one module.

    Attributes
    ----------
    name : str
        The module, of `ngnmm_core.plotting`.
    category : str
        Where they stand in the report.
    file : str
        The merged file that they are drawn from; empty for the connectome's.
    shows : str
        What tells a figure about a point apart from others about it: the report shows one of those that have the same
        labels.
    """

    name: str
    category: str
    file: str = ""
    shows: str = ""


MAPS = Family("maps", "Maps", "sweep.nc")
NULLS = Family("nulls", "Null connectomes", "sweep.nc")
HIGHLIGHTS = Family("highlights", "Points in detail", "highlights.nc", "activity")
MODES = Family("modes", "Points in detail", "highlights.nc", "patterns")
CONNECTOME = Family("connectome", "Connectome")
HUBS = Family("hubs", "Hubs", "hubs.nc", "lesions")
BRANCHES = Family("branches", "Bifurcations", "branches.nc")
REGION_SCAN = Family("region_scan", "Spread", "sweep.nc")
SPREAD = Family("spread", "Spread", "highlights.nc", "spread")
FILM = Family("spread_film", "Spread", "highlights.nc")
MEMORY = Family("memory", "Working memory", "memory.nc")
TRIAL = Family("trial", "Working memory", "highlights.nc", "trial")
BISTABILITY = Family("bistability", "Bistable range", "sweep.nc")
FIT = Family("fit", "Agreement with recordings", "fit.nc")
OPTIMISATION = Family("optimisation", "Agreement with recordings", "optimisation.nc")


@dataclass(frozen=True)
class FigureEntry:
    """One figure of a study.

    Attributes
    ----------
    stem : str
        Name of the files: `results/<study>/figures/<stem>.svg`, `.png` and `.pdf`.
    family : Family
    labels : mapping
        What tells it from others of its category in the report.
    caption : str
        A file of `workflow/report/`.
    text : str
        What it begins with, of a figure whose analysis says that.
    point : str
        The parameters of the point it is about, if it is about one.
    """

    stem: str
    family: Family
    labels: Mapping[str, str]
    caption: str
    point: str = ""
    text: str = ""


def figures_of(study: Study) -> list[FigureEntry]:
    """All figures of a study, in the order of the report."""
    made = (
        _maps,
        _nulls,
        _highlights,
        _modes,
        _connectome,
        _hubs,
        _branches,
        _region_scan,
        spreads_of,
        _memory,
        _bistable,
        _fit,
    )
    return [entry for entries in made for entry in entries(study)]


def _maps(study: Study) -> list[FigureEntry]:
    sizes = _sizes(study)
    if choose_axes(sizes).kind == "single":
        return []
    drawn = [one for analysis, options in study.analyses for one in analysis.maps(options)]
    found = [
        FigureEntry(one.stem, MAPS, {"quantity": one.title or one.text}, "map.rst", text=one.caption)
        for one in drawn
        if one.over_regions or not region_axis(sizes)
    ]
    stages = {stage.name for stage in stages_of(study)}
    if stages & {"simulation", "msf"} and not {RECRUITMENT, TASK} & set(study.options):  # a transient, a task
        found.append(FigureEntry("map_regime", MAPS, {"quantity": "regime"}, "map_regime.rst"))
    return found


def _nulls(study: Study) -> list[FigureEntry]:
    """List the maps of z-scores over null connectomes that a study asks for."""
    nulls = study.config.nulls
    if nulls is None or study.listed or choose_axes(_sizes(study)).kind == "single":
        return []
    drawn = {one.name: one for analysis, options in study.analyses for one in analysis.maps(options)}
    chosen = [drawn[name] for name in nulls.maps]
    return [
        FigureEntry(
            f"map_null_{one.name}", NULLS, {"quantity": one.title or one.text}, "map_null.rst",
            text=one.caption,
        )
        for one in chosen
    ]  # fmt: skip


def _sizes(study: Study) -> dict[str, int]:
    return dict(zip(study.dims(), study.shape(), strict=True))


def _region_scan(study: Study) -> list[FigureEntry]:
    """Where regions are stimulated or taken out one after another."""
    axis = region_axis(_sizes(study))
    if axis is None or RECRUITMENT not in study.options:
        return []
    return [FigureEntry("region_scan", REGION_SCAN, {"region by region": axis}, "region_scan.rst")]


def _highlights(study: Study) -> list[FigureEntry]:
    if not _simulates_points(study) or _is_of_transient_alone(study):
        return []
    points = _with_all_parameters(study)
    return [_of_point(f"highlight_{k}", HIGHLIGHTS, point, "highlight.rst") for k, point in enumerate(points, 1)]


def _modes(study: Study) -> list[FigureEntry]:
    """List the figures of the directions in which regions part, one for each highlighted point."""
    if not _simulates_points(study) or "msf" not in study.options or study.config.connectome.name == SINGLE:
        return []
    points = _with_all_parameters(study)
    return [_of_point(f"modes_{k}", MODES, point, "modes.rst") for k, point in enumerate(points, 1)]


def _simulates_points(study: Study) -> bool:
    """Whether highlighted points are simulated in detail."""
    return "highlights" in {stage.name for stage in stages_of(study)}


def _is_of_transient_alone(study: Study) -> bool:
    """Whether a sheet of a point would hold nothing that the figures of its spread or trials do not."""
    return bool({RECRUITMENT, TASK} & set(study.options)) and set(study.options) <= OF_SPREAD | {TASK}


def spreads_of(study: Study) -> list[FigureEntry]:
    """List the figures of spreads, one for each highlighted point."""
    if RECRUITMENT not in study.options or not study.config.highlights:
        return []
    points = _with_all_parameters(study)
    return [_of_point(f"spread_{k}", SPREAD, point, "spread.rst") for k, point in enumerate(points, 1)]


def _memory(study: Study) -> list[FigureEntry]:
    """Rates over the grid, survival in the delay, and the highlighted trials."""
    options = study.options.get(TASK)
    if options is None:
        return []
    names = {"memory_success": "rate of success", "memory_survival": "survival in the delay"}
    if options.probe is not None:
        names["memory_answers"] = "rate of right answers"
    found = [FigureEntry(stem, MEMORY, {"figure": text}, f"{stem}.rst") for stem, text in names.items()]
    if study.config.highlights:
        found.append(FigureEntry("trials", TRIAL, {"figure": "single trials"}, "trials.rst"))
    return found


def _fit(study: Study) -> list[FigureEntry]:
    """List the figures of a fit: ladder of scores, both connectivities, and their dynamics where these are scored."""
    options = study.options.get("fit")
    if options is None:
        return []
    names = {"fit_ladder": "ladder of scores", "fit_connectivity": "model beside recordings"}
    if "fcd_ks" in options.scores:
        names["fit_dynamics"] = "dynamics of connectivity"
    if len(study.subjects) > 1:
        names["fit_own"] = "own connectomes against others'"
    if any(one.axes[0] in study.axes for one in study.maps):
        names["fit_maps"] = "score against the scale of a map"
    found = [FigureEntry(stem, FIT, {"figure": text}, f"{stem}.rst") for stem, text in names.items()]
    if study.config.optimise is not None:
        text = {"figure": "search"}
        found.append(FigureEntry("optimisation", OPTIMISATION, text, "optimisation.rst"))
    return found


def _bistable(study: Study) -> list[FigureEntry]:
    """List the figure of the ends of the bistable range, if a parameter of the model varies."""
    if "bistability" not in study.options or study.listed or max(study.shape(of_network=False), default=1) == 1:
        return []
    text = {"figure": "bistable range"}
    return [FigureEntry("bistable_range", BISTABILITY, text, "bistable_range.rst")]


def _with_all_parameters(study: Study) -> list[dict[str, float | str]]:
    """Return the highlights, each with every parameter that the grid or any highlight sets."""
    given = study.config.highlights
    names = dict.fromkeys((*study.axes, *(name for point in given for name in point)))
    columns = study.points_at(given).columns
    values = [
        {n: float(columns[n if n in columns else study.model.targets(n)[0]][k]) for n in names}
        for k in range(len(given))
    ]
    return [_with_subject(study, point) for point in values]


def _with_subject(study: Study, point: dict[str, float]) -> dict[str, float | str]:
    """Name the subject of a point in place of its number."""
    return {n: study.subjects[value] if n == SUBJECT else value for n, value in point.items()}


def _of_point(stem: str, family: Family, point: Mapping[str, float | str], caption: str) -> FigureEntry:
    values = {name: number(value) for name, value in point.items()}
    labels = {"point": stem.rpartition("_")[2], "shows": family.shows, **values}
    return FigureEntry(stem, family, labels, caption, as_words(assignments(point, plain=True)))


def _connectome(study: Study) -> list[FigureEntry]:
    spec = study.config.connectome
    if spec.name == SINGLE:
        return []
    name = spec.title
    return [FigureEntry("connectome", CONNECTOME, {"connectome": name}, "connectome.rst")]


def _hubs(study: Study) -> list[FigureEntry]:
    if "hubs" not in study.options:
        return []
    layout = hub_layout(study)
    positions = np.unravel_index(hub_points(study)[:MOST_HUB_FIGURES], layout.shape)
    names = layout.dims
    points = [
        _with_subject(study, {name: float(study.axes[name][k]) for name, k in zip(names, where, strict=True)})
        for where in zip(*positions, strict=True)
    ]
    return [_of_point(f"hubs_{k}", HUBS, point, "hubs.rst") for k, point in enumerate(points, 1)]


def _branches(study: Study) -> list[FigureEntry]:
    """States and frequency along branches; the plane of two parameters where a second one is given."""
    options = study.options.get("continuation")
    if options is None:
        return []
    names = {"state": "states along branches", "frequency": "frequency of cycles"}
    if options.second is not None:
        names["plane"] = "bifurcations in two parameters"
    return [
        FigureEntry(f"branches_{name}", BRANCHES, {"quantity": text}, "branches.rst") for name, text in names.items()
    ]
