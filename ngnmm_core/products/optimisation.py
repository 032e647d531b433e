"""A search for the parameters that agree best with recordings, by CMA-ES; `optimisation.nc`.

Every generation is written down before the next one is asked for.  A search that was killed replays `ask` and `tell`
with the same seed and the stored values, and ends with the bits of one that was not: nothing is unpickled, and values
are taken only if the points that belong to them are those asked for again.

Hansen, Ostermeier, Evolutionary Computation 9, 159 (2001), doi:10.1162/106365601750190398.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.connectome import Connectome, connectome_of, load_connectome
from ngnmm_core.dataset.assemble import load_resolved
from ngnmm_core.dataset.fit_scores import targets_of
from ngnmm_core.recordings.load import load_recordings
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.recordings.scores import SCORES, SMALLER_IS_BETTER, Scorer, Signal, subject_weights
from ngnmm_core.stages.context import fingerprint
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.checked_json import read_checked, write_checked
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    import xarray as xr

SPREADS = (0.25, 0.1)  # of the first generation, in units of the bounds: of the first step, and of later ones
WORST = 2.0  # of what has no score: no correlation is as bad, and CMA-ES looks at ranks alone


@dataclass(frozen=True)
class Generation:
    """Points [point, parameter] in units of the bounds, and their scores [point, kind]; NaN where there is none."""

    places: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, eq=False)
class Search:
    """A search of a study.

    Parameters
    ----------
    study : Study
        With `optimise`.
    connectome : Connectome
        Not normalised.
    recordings : Recordings
    folder : Path
        Where generations are written.
    start : mapping of parameter to value
        Where the first step begins; the middle of the bounds for others.
    """

    study: Study
    connectome: Connectome
    recordings: Recordings
    folder: Path
    start: dict[str, float]

    @property
    def settings(self):
        """The key `optimise`."""
        return self.study.config.optimise

    @cached_property
    def bounds(self) -> np.ndarray:
        """Bounds [parameter, (low, high)]."""
        return np.array(list(self.settings.parameters.values()), float)

    @cached_property
    def kinds(self) -> list[str]:
        """The scores that are kept."""
        return list(dict.fromkeys([self.settings.score, *SCORES]))

    def values(self, places: np.ndarray) -> np.ndarray:
        """Values of the parameters from places in units of the bounds."""
        low, high = self.bounds.T
        return low + places * (high - low)

    @cached_property
    def scorers(self) -> dict[str, Scorer]:
        """What scores the connectivity of every analysis, against the mean of all subjects."""
        found = {}
        for name, target in targets_of(self.study, self.recordings).items():
            found.setdefault(name.partition(":")[0], []).append(Scorer(target, subject_weights(len(target), 0)))
        return {
            analysis: scorers[self.settings.band if analysis == "linear_fc" else 0]
            for analysis, scorers in found.items()
        }

    def evaluate(self, of: str, places: np.ndarray) -> np.ndarray:
        """Scores [point, kind] of places, by one analysis."""
        names, rows = list(self.settings.parameters), self.values(places)
        points = self.study.points_at([dict(zip(names, map(float, row), strict=True)) for row in rows])
        stage = STAGES["simulation" if of == "bold" else of]
        chosen = tuple((a, o) for a, o in self.study.analyses if a.name == of)
        normalised = self.connectome.normalised(self.study.config.normalization)
        results = stage.run(Task(self.study.model, normalised, points, stage.settings(self.study), chosen))
        return np.array([self._scores(of, results, k) for k in range(len(places))])

    def _scores(self, of: str, results, k: int) -> list[float]:
        if of == "linear_fc":
            band = self.settings.band
            signal = Signal(results["linear_fc"][k, band].astype(np.float32), results["linear_amplitude"][k, band])
        else:
            signal = Signal(results["bold_fc"][k], results["bold_amplitude"][k], results["bold_fcd"][k])
        return [float(self.scorers[of].score(kind, signal)[0]) for kind in self.kinds]

    def costs(self, scores: np.ndarray) -> np.ndarray:
        """Return what CMA-ES makes small, [point]."""
        sign = 1.0 if self.settings.score in SMALLER_IS_BETTER else -1.0
        return np.where(np.isfinite(scores[:, 0]), sign * scores[:, 0], WORST)

    # ------------------------------------------------------------------ steps
    def run(self) -> list[list[Generation]]:
        """All generations, by step."""
        low, high = self.bounds.T
        middle = 0.5 * (low + high)
        first = np.array([self.start.get(name, m) for name, m in zip(self.settings.parameters, middle, strict=True)])
        place, steps = np.clip((first - low) / (high - low), 0.02, 0.98), []
        for number, step in enumerate(self.settings.steps):
            evaluate = lambda places, of=step.of: self.evaluate(of, places)
            count = step.evaluations // self.settings.population
            done = list(self._generations(number, place, count, evaluate))
            steps.append(done)
            places, scores = (np.concatenate([getattr(g, name) for g in done]) for name in ("places", "scores"))
            place = np.clip(places[int(np.argmin(self.costs(scores)))], 0.02, 0.98)
        return steps

    def _generations(
        self, number: int, place: np.ndarray, count: int, evaluate: Callable[[np.ndarray], np.ndarray]
    ) -> Iterator[Generation]:
        """Yield the generations of one step, from the files where they are there."""
        import cma

        # its own source of random numbers: what is evaluated in between can't shift it
        random = np.random.RandomState(np.random.SeedSequence([self.settings.seed, number]).generate_state(1))
        options = {"bounds": [0.0, 1.0], "popsize": self.settings.population, "verbose": -9, "seed": np.nan}
        strategy = cma.CMAEvolutionStrategy(place, SPREADS[min(number, 1)], options | {"randn": random.randn})
        for k in range(count):
            places = np.array(strategy.ask())
            path = self.folder / f"step-{number}" / f"generation-{k:04d}.json"
            scores = _stored(path, places)
            if scores is None:
                scores = evaluate(places)
                content = {"places": places.tolist(), "scores": [[_text(x) for x in row] for row in scores.tolist()]}
                write_checked(path, content)
            costs = self.costs(scores)
            logging.info("step %d, generation %d/%d: best %.4f", number, k + 1, count, np.nanmin(costs))
            strategy.tell(list(places), costs.tolist())
            yield Generation(places, scores)


def _text(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _stored(path: Path, places: np.ndarray) -> np.ndarray | None:
    """Scores in a file, if it is whole and of these very points."""
    content = read_checked(path)
    if content is None or not np.array_equal(np.array(content["places"]), places):
        return None
    return np.array([[np.nan if x is None else x for x in row] for row in content["scores"]], float)


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
    unit = {"units": "1"}
    each, by_step = ("evaluation",), ("step",)
    data = {
        "tried": ((*each, "parameter"), values, {**unit, "long_name": "values of the parameters that were tried"}),
        "score": ((*each, "kind"), scores, {**unit, "long_name": "scores, the first the one that is made best"}),
        "generation": (
            each,
            np.repeat([g for _, g, _ in flat], size).astype(np.int32),
            {**unit, "long_name": "generation"},
        ),
        "step_of": (each, of_step.astype(np.int32), {**unit, "long_name": "step of the search"}),
        "best": ((*by_step, "parameter"), values[best], {**unit, "long_name": "best point of the step"}),
        "best_score": ((*by_step, "kind"), scores[best], {**unit, "long_name": "its scores"}),
    }
    coordinates = {
        "parameter": list(search.settings.parameters),
        "kind": search.kinds,
        "step": [step.of for step in search.settings.steps],
        "evaluation": np.arange(1, len(values) + 1),
    }
    about = {"title": "Search by CMA-ES", "score": search.settings.score, "settings": search.settings.model_dump_json()}
    return xr.Dataset(data, coordinates, about)


def start_of(study: Study, fit: "xr.Dataset") -> dict[str, float]:
    """Find the grid's best point, for the analysis that the first step scores; empty where the grid has none."""
    first = study.config.optimise.steps[0].of
    names = [str(name) for name in fit["fit_signal"].values if str(name).partition(":")[0] == first]
    if not names:
        return {}
    values = fit["best_point"].sel(fit_signal=names[0])
    found = {str(name): float(value) for name, value in zip(fit["axis"].values, values.values, strict=True)}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def optimise(study_path: Path, fit: Path, connectome_path: Path, key: str, output: Path) -> None:
    """Run the search, and write `optimisation.nc`; `key` tells generations of other settings or code apart."""
    import xarray as xr

    study, built = load_resolved(study_path), load_connectome(connectome_path)
    recordings = load_recordings(study.config.empirical, built)
    with xr.open_dataset(fit) as scores:
        start = start_of(study, scores.load())
    folder = output.parent / "optimisation" / fingerprint([key, sorted(start.items())], size=8)
    search = Search(study, replace(connectome_of(built)), recordings, folder, start)
    write_netcdf(as_dataset(search, search.run()), output)
