"""Scores against recordings at every point of a merged sweep, from the connectivity that its analyses have written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ngnmm_core.analysis.fit import FitStatus, signals, variables
from ngnmm_core.recordings.connectivity import full_length_reliability
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.recordings.scores import Scorer, Signal, subject_weights, with_limits
from ngnmm_core.recordings.targets import Targets, find_targets
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.streaming.recorded_envelopes import envelope_targets
from ngnmm_core.study.study import Study

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class SignalReader:
    """Reads what an analysis says of one signal at every point of the grid.

    Parameters
    ----------
    file : mapping of name to variable
        The merged file; variables have `dimensions` and give arrays when they are indexed.
    analysis : str
        `linear_fc`, `bold` or `fc`.
    band : int or None
        Number of the band of `linear_fc`, or of the signal of `fc`.
    dims : tuple of str
        The grid.
    regress : bool
        Whether recordings are compared after regression of the global signal: so is linear theory then; simulated BOLD
        is written so.
    """

    file: Mapping[str, Any]
    analysis: str
    band: int | None
    dims: tuple[str, ...]
    regress: bool = False

    def at(self, index: tuple[int, ...]) -> Signal:
        """Read the signal at a point of the grid."""
        read = lambda name: self._read(name, index)
        if self.analysis == "linear_fc":
            signal = Signal(read("linear_fc")[self.band], read("linear_amplitude")[self.band])
            return signal.without_global() if self.regress else signal
        if self.analysis == "fc":
            return Signal(read("fc")[self.band])
        fcd = read("bold_fcd") if "bold_fcd" in self.file else None
        return Signal(read("bold_fc"), read("bold_amplitude"), fcd)

    def reliability(self, index: tuple[int, ...]) -> float:
        """Reliability of the connectivity; 1 where there is no sampling error, NaN where it is not known.

        0 where the halves of a simulation have nothing in common.
        """
        if self.analysis == "linear_fc":
            return 1.0
        if self.analysis == "fc":
            return np.nan
        half = self._read("bold_reliability", index).item()
        return 0.0 if half <= 0.0 else full_length_reliability(half).item()

    def _read(self, name: str, index: tuple[int, ...]) -> np.ndarray:
        variable = self.file[name]
        own = getattr(variable, "dimensions", None) or variable.dims
        where = tuple(index[self.dims.index(dim)] if dim in self.dims else slice(None) for dim in own)
        return np.ascontiguousarray(np.asarray(variable[where]), dtype=float)


def grid_of(study: Study) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Dimensions and lengths of the grid that the scores are on: every axis that a scored analysis has."""
    scored = study.options["fit"].of
    stages = {analysis.needs for analysis, _ in study.analyses if analysis.name in scored}
    layouts = [STAGES[stage].layout(study, 1) for stage in sorted(stages)]
    lengths = {dim: n for layout in layouts for dim, n in zip(layout.dims, layout.shape, strict=True)}
    dims = ("point",) if study.listed else tuple(name for name in study.axes if name in lengths)
    return dims, tuple(lengths[name] for name in dims)


def targets_of(study: Study, recordings: Recordings, surrogates: bool = True) -> dict[str, Targets]:
    """Find every signal's targets: recordings in the band of `linear_fc` or `fc`, or cleaned as `empirical` says.

    Parameters
    ----------
    study : Study
    recordings : Recordings
    surrogates : bool
        Whether the dynamics of surrogates are wanted too; no score needs them.
    """
    empirical, bold = study.config.empirical, study.options.get("bold")
    regress = empirical.global_signal == "regress"
    found = {}
    for name, analysis, band in signals(study):
        if analysis == "linear_fc":
            found[name] = find_targets(recordings, _band(study, band, recordings), regress)
        elif analysis == "fc":
            orthogonalised = study.options["fc"].signals[band] == "orthogonalised_envelope"
            found[name] = envelope_targets(recordings, study.options["fc"].band_hz, orthogonalised)
        else:
            fcd = None if bold.fcd is None else (bold.fcd.window_s, bold.fcd.step_s)
            found[name] = find_targets(recordings, empirical.band_hz, regress, fcd, surrogates)
    return found


def _band(study: Study, band: int, recordings: Recordings) -> tuple[float, float] | None:
    """Give the band of a signal of `linear_fc`; None where recordings can't be filtered, as they are a group's FC."""
    return study.options["linear_fc"].bands_hz[band] if recordings.runs else None


def readers_of(study: Study, file: Mapping[str, Any], dims: tuple[str, ...]) -> dict[str, SignalReader]:
    """Set up what reads every signal of a study from its merged file."""
    regress = study.config.empirical.global_signal == "regress"
    return {name: SignalReader(file, analysis, band, dims, regress) for name, analysis, band in signals(study)}


def indices(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """All positions of a grid, in order."""
    return iter(np.ndindex(*shape))


def point_scores(study: Study, file: Mapping[Any, Any], recordings: Recordings) -> dict[str, np.ndarray]:
    """Scores of every point, arrays [grid..., fit_signal] and the status [grid...], by the names of their variables."""
    options, (dims, shape) = study.options["fit"], grid_of(study)
    readers, wanted = readers_of(study, file, dims), targets_of(study, recordings, surrogates=False)
    full = (*shape, len(readers))
    found = {v.name: np.full(full if v.dims else shape, v.missing, v.dtype) for v in variables(options)}
    defined = np.zeros(full, bool)
    for s, (name, reader) in enumerate(readers.items()):
        subjects = len(wanted[name])
        draws = options.bootstrap if subjects > 1 else 0  # draws of one subject say nothing
        scorer = Scorer(wanted[name], subject_weights(subjects, draws, options.seed))
        for index in indices(shape):
            signal = reader.at(index)
            defined[(*index, s)] = np.isfinite(signal.fc).all()
            if not defined[(*index, s)]:
                continue
            for kind in options.scores:
                score, low, high = with_limits(scorer.score(kind, signal))
                found[f"fit_{kind}"][(*index, s)] = score
                if options.bootstrap:
                    found[f"fit_{kind}_low"][(*index, s)], found[f"fit_{kind}_high"][(*index, s)] = low, high
            reliability = reader.reliability(index)
            found["fit_reliability"][(*index, s)] = reliability
            if "r" in options.scores and reliability != 0.0:
                found["fit_noise_limit"][(*index, s)] = found["fit_r"][(*index, s)] / np.sqrt(reliability)
    some, every = defined.any(axis=-1), defined.all(axis=-1)
    found["fit_status"][...] = np.where(
        every, FitStatus.OK, np.where(some, FitStatus.SOME_SIGNALS_UNDEFINED, FitStatus.NO_CONNECTIVITY)
    )
    return found


def with_scores(study: Study, dataset: "xr.Dataset", recordings: Recordings) -> "xr.Dataset":
    """Return the dataset of a study with the scores of its points."""
    dims, _ = grid_of(study)
    found = point_scores(study, dataset, recordings)
    data = {v.name: ((*dims, *v.dims), found[v.name], v.attributes) for v in variables(study.options["fit"])}
    names = [name for name, _, _ in signals(study)]
    return dataset.assign(data).assign_coords(fit_signal=("fit_signal", names))
