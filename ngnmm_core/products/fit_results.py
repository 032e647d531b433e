"""What the whole grid says of a model against recordings: `fit.nc`, written after the merge.

Scores held out by subject, the best point and the points that can't be told from it, ceilings, baselines without a
model, and null connectomes.  A score never stands alone: a table of region sizes may reach what a model does.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.fit import signals
from ngnmm_core.connectome import Connectome, connectome_of, load_connectome
from ngnmm_core.connectome.cohort import NULL, SUBJECT
from ngnmm_core.dataset.assemble import load_resolved
from ngnmm_core.dataset.fit_scores import grid_of, indices, readers_of, targets_of
from ngnmm_core.products.fit_dynamics import dynamics
from ngnmm_core.products.fit_individuals import individual_scores
from ngnmm_core.products.fit_maps import map_coordinates, map_profiles, unshuffled
from ngnmm_core.products.fit_own import best_of_connectomes, own_connectomes
from ngnmm_core.products.signal_scores import SignalScores
from ngnmm_core.recordings.baselines import NAMES, baseline_scores, baselines
from ngnmm_core.recordings.connectivity import mean_fc
from ngnmm_core.recordings.fcd import levels
from ngnmm_core.recordings.held_out import GROUP, check_held_out
from ngnmm_core.recordings.load import load_recordings
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.recordings.scores import SCORES, Scorer, best_point, confidence_set, subject_weights
from ngnmm_core.recordings.targets import ceilings
from ngnmm_core.storage.netcdf import write_netcdf
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    import xarray as xr

KINDS = ("r", "edge_r", "gsr_r")
WORDS = {
    "r": "correlation with recordings",
    "edge_r": "correlation with recordings, without additive effects of regions",
    "gsr_r": "correlation with recordings, without global signal in both",
}
FCD, WORDS_FCD = "fcd_ks", "Kolmogorov-Smirnov distance of the dynamics of connectivity"


@dataclass(frozen=True, eq=False)
class FitResults:
    """All that `fit.nc` holds.

    Parameters
    ----------
    study : Study
    sweep : xarray.Dataset
        The merged sweep.
    connectome : Connectome
        Not normalised.
    recordings : Recordings
        Regions in the order of the connectome.
    """

    study: Study
    sweep: "xr.Dataset"
    connectome: Connectome
    recordings: Recordings

    @cached_property
    def targets(self):
        """The targets by signal."""
        return targets_of(self.study, self.recordings)

    @cached_property
    def names(self) -> list[str]:
        """The signals."""
        return [name for name, _, _ in signals(self.study)]

    @cached_property
    def grid(self):
        """Dimensions and lengths of the grid of scores."""
        return grid_of(self.study)

    @cached_property
    def axes(self) -> dict[str, np.ndarray]:
        """Value of every axis at every point of the grid, in order; subjects are numbered from 0 as in the sweep."""
        dims, known = self.grid[0], {name: np.asarray(values, float) for name, values in self.study.axes.items()}
        if SUBJECT in known:
            places = {number: float(k) for k, number in enumerate(self.study.subjects)}
            known[SUBJECT] = np.array([places[number] for number in known[SUBJECT].tolist()])
        if self.study.listed:
            return known
        mesh = np.meshgrid(*(known[name] for name in dims), indexing="ij")
        return {name: values.ravel() for name, values in zip(dims, mesh, strict=True)}

    @cached_property
    def true_points(self) -> np.ndarray:
        """Positions of the points on the true connectome, with the maps themselves."""
        true = self.axes[NULL] == 0 if NULL in self.axes else True
        return np.flatnonzero(self.unshuffled & true)

    @cached_property
    def unshuffled(self) -> np.ndarray:
        """Whether a point has the maps themselves and no surrogate of one, [point]."""
        return unshuffled(self.study.maps, self.axes)

    @cached_property
    def readers(self):
        """What reads the signals at a point."""
        return readers_of(self.study, self.sweep, self.grid[0])

    @cached_property
    def scores(self) -> dict[str, SignalScores]:
        """Scores by signal."""
        return {name: self._scores(name) for name in self.names}

    def _scores(self, name: str) -> SignalScores:
        options, target = self.study.options["fit"], self.targets[name]
        count = len(target)
        draws = options.bootstrap if count > 1 else 0
        alone = np.eye(count)
        others = (1.0 - alone) / max(count - 1, 1)
        scorer = Scorer(target, np.concatenate([subject_weights(count, draws, options.seed), others, alone]))
        points = list(indices(self.grid[1]))
        found = {kind: np.full((len(points), len(scorer.weights)), np.nan) for kind in SCORES}
        for p, index in enumerate(points):
            signal = self.readers[name].at(index)
            for kind, values in found.items():
                values[p] = scorer.score(kind, signal)
        other = self._of_other(name, points) if options.hold_out == GROUP else None
        return SignalScores(found, count, draws, other)

    def _of_other(self, name: str, points: list) -> dict[str, np.ndarray]:
        """Scores [point] against the group that nothing is tuned on, by kind."""
        scorer = Scorer(self.targets[name].of_held_out, np.ones((1, 1)))
        signals_at = [self.readers[name].at(index) for index in points]
        return {kind: np.array([scorer.score(kind, s)[0] for s in signals_at]) for kind in SCORES}

    @property
    def dynamical(self) -> dict[str, str]:
        """The score of the dynamics of connectivity and its words, if the study has it."""
        return {FCD: WORDS_FCD} if FCD in self.study.options["fit"].scores else {}

    # ------------------------------------------------------------------ parts of the dataset
    def ladder(self) -> dict[str, tuple]:
        """Ceilings, baselines and the best of the model, by kind of score."""
        found: dict[str, tuple] = {}
        predictions = baselines(self.connectome.weights, self.connectome.centres, self.connectome.volume)
        limits = [ceilings(self.targets[name]) for name in self.names]
        without = [
            baseline_scores(predictions, mean_fc(target.fc), mean_fc(target.gsr_fc)) for target in self.targets.values()
        ]
        of_subjects, of_baselines = ("subject", "fit_signal"), ("baseline", "fit_signal")
        for kind in KINDS:
            text = WORDS[kind]
            found[f"ceiling_{kind}"] = (
                of_subjects,
                _stack(limits, f"ceiling_{kind}"),
                f"one subject: {text} of others",
            )
            found[f"baseline_{kind}"] = (of_baselines, _stack(without, f"baseline_{kind}"), f"without a model: {text}")
            best = [self._best(self.scores[name], kind) for name in self.names]
            found[f"best_{kind}"] = (("fit_signal",), np.array(best), f"best point of the grid: {text}")
        if self.dynamical:
            best = [self._best(self.scores[name], FCD) for name in self.names]
            found[f"best_{FCD}"] = (("fit_signal",), np.array(best), f"best point of the grid: {WORDS_FCD}")
        limit = _stack(limits, "ceiling_fcd_ks")
        found["ceiling_fcd_ks"] = (of_subjects, limit, "one subject: distance of the FCD from that of others")
        surrogates = np.stack([target.surrogate_ks for target in self.targets.values()], axis=1)
        found["surrogate_fcd_ks"] = (of_subjects, surrogates, "distance of the FCD from that of surrogates")
        reliability = np.stack([target.reliability for target in self.targets.values()], axis=1)
        found["recording_reliability"] = (of_subjects, reliability, "correlation of FC between halves of a recording")
        return found

    def _best(self, scores: SignalScores, kind: str) -> float:
        values = scores.of_group(kind)[self.true_points, 0]
        k = best_point(values, kind)
        return values[k] if k >= 0 else np.nan

    def held_out(self) -> dict[str, tuple]:
        """Scores on subjects that the point was not chosen on, where the study asks for them.

        Raises
        ------
        InputError
            If fewer than two subjects are recorded, or no other group is.
        """
        if self.study.options["fit"].hold_out is None:
            return {}
        check_held_out(self.study.options["fit"].hold_out, self.recordings)
        found = {}
        for kind, words in (WORDS | self.dynamical).items():
            values = [self.scores[name].held_out(kind, self.true_points) for name in self.names]
            text = f"point chosen on the others: {words}"
            found[f"held_out_{kind}"] = (("subject", "fit_signal"), np.stack(values, axis=1), text)
        return found

    def nulls(self) -> dict[str, tuple]:
        """Find every null connectome's best point, chosen like that of the true one, and how rare the true one is."""
        if NULL not in self.axes:
            return {}
        found: dict[str, tuple] = {}
        numbers = np.unique(self.axes[NULL][self.axes[NULL] > 0])
        for kind in KINDS:
            best = np.full((len(numbers), len(self.names)), np.nan)
            for s, name in enumerate(self.names):
                scores = self.scores[name].of_group(kind)[:, 0]
                for n, number in enumerate(numbers):
                    here = scores[(self.axes[NULL] == number) & self.unshuffled]
                    k = best_point(here, kind)
                    best[n, s] = here[k] if k >= 0 else np.nan
            true = np.array([self._best(self.scores[name], kind) for name in self.names])
            chance = (1.0 + (best >= true).sum(axis=0)) / (1.0 + np.isfinite(best).sum(axis=0))
            found[f"null_{kind}"] = (("null", "fit_signal"), best, f"best point of a null connectome: {WORDS[kind]}")
            found[f"null_p_{kind}"] = (("fit_signal",), np.where(np.isfinite(true), chance, np.nan), "share of nulls")
        return found

    def own(self) -> dict[str, tuple]:
        """How much better a subject's own connectome does than others', each at its best point."""
        return own_connectomes(self, WORDS)

    def best(self) -> dict[str, tuple]:
        """Give the best point, its confidence set, and both connectivities there."""
        kind = self.study.options["fit"].best_by
        members, own, recorded = [], [], []
        for name in self.names:
            chosen = confidence_set(self.scores[name].of_group(kind)[self.true_points], kind)
            members.append(self.true_points[chosen])
            recorded.append(mean_fc(self.targets[name].fc))
            here = members[-1][:1]
            at = np.unravel_index(int(here[0]), self.grid[1]) if len(here) else None
            own.append(self.readers[name].at(at).fc if at is not None else np.full(len(recorded[-1]), np.nan))
        size = max([len(m) for m in members] + [1])
        values = np.full((len(self.names), size, len(self.axes)), np.nan)
        for s, chosen in enumerate(members):
            values[s, : len(chosen)] = np.column_stack([column[chosen] for column in self.axes.values()])
        edges, by_axis = ("fit_signal", "edge"), ("fit_signal", "axis")
        return best_of_connectomes(self, kind) | {
            "best_point": (by_axis, values[:, 0], f"values of the axes at the best point, by {kind}"),
            "confidence_set": (
                ("fit_signal", "member", "axis"),
                values,
                "values of the axes at the points that the best one doesn't beat in 95 % of the draws of subjects",
            ),
            "best_fc": (edges, np.array(own, np.float32), "functional connectivity of the model at its best point"),
            "recorded_fc": (edges, np.array(recorded, np.float32), "mean functional connectivity of the recordings"),
        }

    @cached_property
    def connectomes(self) -> list[str]:
        """Names of the subjects whose connectomes the grid has, in its order; empty without that axis."""
        if SUBJECT not in self.axes:
            return []
        return list(dict.fromkeys(str(value) for value in np.atleast_1d(self.sweep[SUBJECT].values)))

    def dataset(self) -> "xr.Dataset":
        """Everything together."""
        import xarray as xr

        parts = self.held_out() | self.ladder() | self.nulls() | self.own() | self.best() | dynamics(self)
        parts |= map_profiles(self, WORDS) | individual_scores(self, WORDS | self.dynamical)
        data = {
            name: xr.Variable(dims, values, {"units": "1", "long_name": text})
            for name, (dims, values, text) in parts.items()
        }
        i, j = np.triu_indices(len(self.connectome), 1)
        coordinates: dict[str, Any] = {
            "fit_signal": ("fit_signal", self.names),
            "baseline": ("baseline", list(NAMES)),
            "axis": ("axis", list(self.axes)),
            "subject": ("subject", list(self.recordings.subjects) or ["group"]),
            "region": ("region", list(self.connectome.labels)),
            "region_i": ("edge", i.astype(np.int32)),
            "region_j": ("edge", j.astype(np.int32)),
        }
        coordinates |= map_coordinates(self) | ({"connectome": self.connectomes} if self.connectomes else {})
        if self.recordings.individuals is not None:
            coordinates["individual"] = ("individual", list(self.recordings.individuals.subjects))
        if "best_fcd" in parts:
            coordinates["quantile"] = ("quantile", levels())
        notes = "; ".join(self.recordings.notes) or "none"
        kind = self.study.options["fit"].best_by
        about = {"title": "Agreement with recordings", "best_by": kind, "recordings": notes}
        kept = {name: self.sweep.attrs[name] for name in ("config", "config_hash", "model") if name in self.sweep.attrs}
        return xr.Dataset(data, coordinates, {**about, **kept})


def _stack(parts, name: str) -> np.ndarray:
    return np.stack([part[name] for part in parts], axis=1)


def write_fit(study_path: Path, sweep: Path, connectome_path: Path, output: Path) -> None:
    """Write `fit.nc` of a study."""
    import xarray as xr

    study, built = load_resolved(study_path), load_connectome(connectome_path)
    recordings = load_recordings(study.config.empirical, built)
    with xr.open_dataset(sweep) as merged:
        found = FitResults(study, merged.load(), connectome_of(built), recordings).dataset()
    write_netcdf(found, output)
