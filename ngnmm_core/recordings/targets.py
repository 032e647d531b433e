"""What models are compared with: the connectivity of every subject, raw and without global signal, and its dynamics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ngnmm_core.errors import InputError
from ngnmm_core.recordings.connectivity import edge_specific as specific
from ngnmm_core.recordings.connectivity import edges_of, mean_fc, pearson, split_half
from ngnmm_core.recordings.fcd import (
    LEVELS,
    fcd_quantiles,
    ks_distance,
    levels,
    surrogate_quantiles,
    window_volumes,
    windows,
)
from ngnmm_core.recordings.recordings import GroupDynamics, Recordings


@dataclass(frozen=True)
class Targets:
    """The connectivity of recordings, cleaned as a study asks.

    Attributes
    ----------
    labels : tuple of str
    subjects : tuple of str
        Empty where there is a group's connectivity alone.
    fc, gsr_fc : array (subject, edge)
        As asked, and after global signal regression (NaN for a group's connectivity alone).
    fcd : array (subject, quantile)
        Quantiles of the dynamics of connectivity; NaN where not asked for, or not known.
    reliability : array (subject,)
        Correlation of the FC of both halves.
    surrogate_ks : array (subject,)
        Mean KS distance of a subject's FCD from its phase-randomised surrogates'.
    surrogate_fcd : array (subject, quantile)
        Quantiles of the FCD of those surrogates, their mean.
    held_out_fc : array (edge,) or None
        Connectivity of another group, on which nothing is tuned.
    held_out_fcd : array (quantile,) or None
        Dynamics of connectivity of that group.
    individuals : Targets or None
        Single subjects beside a group's connectivity, on which nothing is tuned either.
    """

    labels: tuple[str, ...]
    subjects: tuple[str, ...]
    fc: np.ndarray
    gsr_fc: np.ndarray
    fcd: np.ndarray
    reliability: np.ndarray
    surrogate_ks: np.ndarray
    surrogate_fcd: np.ndarray
    held_out_fc: np.ndarray | None = None
    held_out_fcd: np.ndarray | None = None
    individuals: "Targets | None" = None

    def __len__(self) -> int:
        return len(self.fc)

    @property
    def of_held_out(self) -> "Targets":
        """The other group as targets of its own."""
        fcd = np.full(LEVELS, np.nan) if self.held_out_fcd is None else self.held_out_fcd
        return replace(self, fc=np.atleast_2d(self.held_out_fc), fcd=fcd[None], held_out_fc=None, held_out_fcd=None)


def find_targets(
    recordings: Recordings, band_hz=None, regress_global: bool = False, fcd_s=None, surrogates: bool = True
) -> Targets:
    """Compute the targets of recordings.

    Parameters
    ----------
    recordings : Recordings
        Checked, regions in the order of the connectome.
    band_hz : pair of float, optional
        Band; all frequencies if not given.
    regress_global : bool
        Whether the global signal is taken out of `fc` too.
    fcd_s : pair of float, optional
        Length and step of sliding windows (s); no FCD without it.
    surrogates : bool
        Whether the FCD of surrogates is computed too, which takes five times as long as the rest; else it is NaN.

    Raises
    ------
    InputError
        For windows that are no longer than a TR, of which fewer than three fit, or others than a group's dynamics have.
    """
    base = recordings.cleaned(band_hz, regress_global)
    gsr = base if regress_global else recordings.cleaned(band_hz, True)
    count = max(len(recordings.runs), 1)
    reliability = np.array([np.mean([split_half(run) for run in each]) for each in base.runs] or [np.nan])  # type: ignore[list-item]
    fcd, distance, without = np.full((count, LEVELS), np.nan), np.full(count, np.nan), np.full((count, LEVELS), np.nan)
    other_fcd = None
    if fcd_s is not None and recordings.group_fcd is not None:
        check_windows(fcd_s, recordings.group_fcd)
        fcd, other_fcd = _group_quantiles(recordings.group_fcd)
    if fcd_s is not None and recordings.runs:
        length, step = windows_in(fcd_s, recordings)
        first = [each[0] for each in base.runs]  # runs have no time in common
        fcd = np.stack([fcd_quantiles(series, length, step) for series in first])
        if surrogates:
            drawn = [surrogate_quantiles(series, length, step) for series in first]
            pairs = zip(fcd, drawn, strict=True)
            distance = np.array([np.mean([ks_distance(own, each) for each in several]) for own, several in pairs])
            without = np.stack([several.mean(axis=0) for several in drawn])
    fc = base.fc()
    gsr_fc = gsr.fc() if recordings.runs else np.full_like(fc, np.nan)
    other = None if recordings.held_out_fc is None else edges_of(recordings.held_out_fc)
    few = recordings.individuals
    return Targets(
        recordings.labels,
        recordings.subjects,
        fc,
        gsr_fc,
        fcd,
        reliability,
        distance,
        without,
        held_out_fc=other,
        held_out_fcd=other_fcd,
        individuals=None if few is None else find_targets(few, band_hz, regress_global, fcd_s, surrogates),
    )


def _group_quantiles(group: GroupDynamics) -> tuple[np.ndarray, np.ndarray | None]:
    """Quantiles of a group's dynamics, [1, quantile], and of the other group's, [quantile]."""
    other = None if group.held_out is None else np.quantile(group.held_out, levels())
    return np.quantile(group.group, levels())[None], other


def check_windows(fcd_s: Sequence[float], group: GroupDynamics) -> None:
    """Whether sliding windows are those that the dynamics of a group come from.

    Raises
    ------
    InputError
        If they aren't.
    """
    if not np.allclose(fcd_s, (group.window_s, group.step_s), rtol=1e-9):
        raise InputError(
            f"analyses.bold.fcd: windows of {fcd_s[0]:g} s, {fcd_s[1]:g} s apart, beside a group's of "
            f"{group.window_s:g} s, {group.step_s:g} s apart; allowed: {{window_s: {group.window_s:g}, "
            f"step_s: {group.step_s:g}}}, or no fcd"
        )


def windows_in(fcd_s: Sequence[float], recordings: Recordings) -> tuple[int, int]:
    """Length and step of sliding windows in volumes of recordings that have series.

    Raises
    ------
    InputError
        For windows that are no longer than a TR, or of which fewer than three fit.
    """
    key = "analyses.bold.fcd.window_s"
    window_s, step_s = fcd_s
    if window_s <= recordings.tr_s:
        raise InputError(
            f"{key}: {window_s:g} s is no longer than a TR of the recordings; allowed: more than {recordings.tr_s:g} s"
        )
    length, step = window_volumes(window_s, step_s, recordings.tr_s)
    if windows(recordings.volumes, length, step) < 3:
        raise InputError(
            f"{key}: fewer than three windows of {window_s:g} s in {recordings.volumes} recorded volumes of "
            f"{recordings.tr_s:g} s; allowed: shorter windows or steps"
        )
    return length, step


def ceilings(found: Targets) -> dict[str, np.ndarray]:
    """How well one subject agrees with the mean of the others: no model of the group can be expected to do better.

    Where there are two groups' connectivities instead of subjects, how well one agrees with the other.

    Returns
    -------
    dict of str to array (subject,)
        `ceiling_r`, `ceiling_edge_r`, `ceiling_gsr_r`, and `ceiling_fcd_ks` against the others' windows taken together;
        NaN for fewer than two subjects, and what two groups' connectivities don't say.
    """
    count = len(found)
    out = {name: np.full(count, np.nan) for name in ("ceiling_r", "ceiling_edge_r", "ceiling_gsr_r", "ceiling_fcd_ks")}
    if found.held_out_fc is not None:
        out["ceiling_r"][0] = pearson(found.fc[0], found.held_out_fc)
        out["ceiling_edge_r"][0] = pearson(specific(found.fc[0]), specific(found.held_out_fc))
        if found.held_out_fcd is not None:
            out["ceiling_fcd_ks"][0] = ks_distance(found.fcd[0], found.held_out_fcd)
    for k in range(count) if count > 1 else ():
        others = np.arange(count) != k
        mean = mean_fc(found.fc[others])
        out["ceiling_r"][k] = pearson(found.fc[k], mean)
        out["ceiling_edge_r"][k] = pearson(specific(found.fc[k]), specific(mean))
        out["ceiling_gsr_r"][k] = pearson(found.gsr_fc[k], mean_fc(found.gsr_fc[others]))
        out["ceiling_fcd_ks"][k] = ks_distance(found.fcd[k], found.fcd[others])
    return out
