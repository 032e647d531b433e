"""A search for the parameters that agree best with recordings, by CMA-ES.

Every generation is written down before the next one is asked for.  A search that was killed replays `ask` and `tell`
with the same seed and the stored values, and ends with the bits of one that was not: nothing is unpickled, and values
are taken only if the points that belong to them are those asked for again.

Hansen, Ostermeier, Evolutionary Computation 9, 159 (2001), doi:10.1162/106365601750190398.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ngnmm_core.analysis.contract import Analysis
from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.connectome import Connectome
from ngnmm_core.connectome.cohort import SUBJECT
from ngnmm_core.dataset.fit_scores import targets_of
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.recordings.scores import SCORES, SMALLER_IS_BETTER, Scorer, Signal, subject_weights
from ngnmm_core.recordings.targets import Targets
from ngnmm_core.stages.context import context, fingerprint
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.stages.task import Task
from ngnmm_core.storage.checked_json import read_checked, write_checked
from ngnmm_core.study.balance import balance_of
from ngnmm_core.study.study import Study

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
    def targets(self) -> dict[str, Targets]:
        """What every signal is scored against."""
        return targets_of(self.study, self.recordings, surrogates=False)

    @cached_property
    def scorers(self) -> dict[str, Scorer]:
        """What scores the connectivity of every analysis, against the mean of all subjects."""
        found = {}
        for name, target in self.targets.items():
            found.setdefault(name.partition(":")[0], []).append(Scorer(target, subject_weights(len(target), 0)))
        return {
            analysis: scorers[self.settings.band if analysis == "linear_fc" else 0]
            for analysis, scorers in found.items()
        }

    def evaluate(self, of: str, places: np.ndarray) -> np.ndarray:
        """Scores [point, kind] of places, by one analysis."""
        names, rows = list(self.settings.parameters), self.values(places)
        points = self.study.points_at([dict(zip(names, map(float, row), strict=True)) for row in rows])
        chosen = self._chosen(of)
        stage = STAGES[chosen[0][0].needs]
        normalised = self.connectome.normalised(self.study.config.normalization)
        settings, balance = stage.settings(self.study), balance_of(self.study.config)
        results = stage.run(
            Task(self.study.model, normalised, points, settings, chosen, maps=self.study.maps, balance=balance)
        )
        return np.array([self._scores(of, results, k) for k in range(len(places))])

    def _chosen(self, of: str) -> tuple[tuple[Analysis, Any], ...]:
        """Give an analysis of the study and its options, the only ones that a job of its stage is given."""
        return tuple((analysis, options) for analysis, options in self.study.analyses if analysis.name == of)

    @cached_property
    def key(self) -> str:
        """Tell generations of other settings, code, recordings, maps or weights apart.

        What other subjects there are is no part of it: a further one of a cohort has a search of its own only.
        """
        used = dict.fromkeys(self._chosen(step.of)[0][0].needs for step in self.settings.steps)
        content = hashlib.blake2b(digest_size=16)
        arrays = [
            self.connectome.weights,
            self.connectome.tract_length,
            self.connectome.centres,
            self.connectome.volume,
        ]
        arrays += [a for t in self.targets.values() for a in (t.fc, t.gsr_fc, t.fcd)]
        for array in (*arrays, *self.connectome.maps.values()):
            content.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        code = code_hash(["ngnmm_core.products.search"])
        stages = [context(self.study, stage, content.hexdigest()) for stage in used]
        return fingerprint(
            [code, stages, self._fixed, self.settings.model_dump(mode="json"), sorted(self.start.items())]
        )

    @property
    def _fixed(self) -> dict[str, float]:
        """Values of all columns that are not searched."""
        columns = self.study.points_at([{}]).columns
        return {name: float(v[0]) for name, v in columns.items() if name not in (*self.settings.parameters, SUBJECT)}

    def _scores(self, of: str, results, k: int) -> list[float]:
        if of == "linear_fc":
            band = self.settings.band
            signal = Signal(results["linear_fc"][k, band].astype(np.float32), results["linear_amplitude"][k, band])
            if self.study.config.empirical.global_signal == "regress":
                signal = signal.without_global()
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
