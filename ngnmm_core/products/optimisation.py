"""Searches as a dataset: the history of every step and its best point, of a cohort subject by subject.

`optimisation.nc` is written by `optimise`; the search itself is in `ngnmm_core.products.search`.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.connectome import Connectome, connectome_of, load_connectome
from ngnmm_core.connectome.cohort import cohort_of
from ngnmm_core.dataset.assemble import load_resolved
from ngnmm_core.products.search import Generation, Search
from ngnmm_core.recordings.load import load_recordings
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    import xarray as xr


def as_dataset(search: Search, steps: list[list[Generation]]) -> "xr.Dataset":
    """Assemble the history of a search, and the best of every step."""
    import xarray as xr

    flat = [(s, g, generation) for s, step in enumerate(steps) for g, generation in enumerate(step)]
    size = search.settings.population
    places = np.concatenate([generation.places for _, _, generation in flat])
    scores = np.concatenate([generation.scores for _, _, generation in flat])
    values, of_step = search.values(places), np.repeat([s for s, _, _ in flat], size)
    best = []
    for s in range(len(steps)):
        here = np.flatnonzero(of_step == s)
        best.append(here[int(np.argmin(search.costs(scores[here])))])
    numbers = np.repeat([g for _, g, _ in flat], size).astype(np.int32)
    each, by_step = ("evaluation",), ("step",)
    texts = {
        "tried": ((*each, "parameter"), values, "values of the parameters that were tried"),
        "score": ((*each, "kind"), scores, "scores, the first the one that is made best"),
        "generation": (each, numbers, "generation"),
        "step_of": (each, of_step.astype(np.int32), "step of the search"),
        "best": ((*by_step, "parameter"), values[best], "best point of the step"),
        "best_score": ((*by_step, "kind"), scores[best], "its scores"),
    }
    data = {name: (dims, array, {"units": "1", "long_name": text}) for name, (dims, array, text) in texts.items()}
    coordinates = {
        "parameter": list(search.settings.parameters),
        "kind": search.kinds,
        "step": [step.of for step in search.settings.steps],
        "evaluation": np.arange(1, len(values) + 1),
    }
    about = {"title": "Search by CMA-ES", "score": search.settings.score, "settings": search.settings.model_dump_json()}
    return xr.Dataset(data, coordinates, about)


def of_subjects(searches: dict[str, "xr.Dataset"]) -> "xr.Dataset":
    """Put the searches on the connectomes of several subjects, by their names, into one dataset over `subject`."""
    import xarray as xr

    shared = ("generation", "step_of")  # the same in all
    found = xr.concat(
        [one.drop_vars(shared) for one in searches.values()],
        xr.Variable("subject", np.array(list(searches), object)),
        combine_attrs="override",
    )
    first = next(iter(searches.values()))
    return found.assign({name: first[name] for name in shared})


def start_of(study: Study, fit: "xr.Dataset", subject: str | None = None) -> dict[str, float]:
    """Find the grid's best point, for the analysis and band that the first step scores; empty where there is none.

    Of a cohort it is that on the connectome of a `subject`.
    """
    first = study.config.optimise.steps[0].of
    names = [str(name) for name in fit["fit_signal"].values if str(name).partition(":")[0] == first]
    if not names:
        return {}
    best = fit["best_point"] if subject is None else fit["connectome_best_point"].sel(connectome=subject)
    values = best.sel(fit_signal=names[study.config.optimise.band if len(names) > 1 else 0])
    found = {str(name): float(value) for name, value in zip(fit["axis"].values, values.values, strict=True)}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def optimise(study_path: Path, fit: Path, connectome_path: Path, output: Path) -> None:
    """Run the search, on the connectome of every subject of a cohort, and write `optimisation.nc`."""
    import xarray as xr

    study, built = load_resolved(study_path), load_connectome(connectome_path)
    recordings = load_recordings(study.config.empirical, built)
    with xr.open_dataset(fit) as opened:
        scores = opened.load()
    cohort, folder = cohort_of(built, connectome_of(built)), output.parent / "optimisation"

    def searched(connectome: Connectome, start: dict[str, float]) -> "xr.Dataset":
        wanted = {name: value for name, value in start.items() if name in study.config.optimise.parameters}
        search = Search(study, connectome, recordings, folder, wanted)
        search = replace(search, folder=folder / search.key)
        return as_dataset(search, search.run())

    if not study.subjects:
        found = searched(cohort.mean, start_of(study, scores))
    else:
        each = {}
        for number, name in study.subjects.items():
            logging.info("subject %s", name)
            each[name] = searched(cohort.at(number), start_of(study, scores, name))
        found = of_subjects(each)
    write_netcdf(found, output)
