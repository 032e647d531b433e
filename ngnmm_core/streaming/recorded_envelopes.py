"""Connectivity of amplitude envelopes of recordings by M/EEG, by the filters that simulated signals go through.

Brookes et al., NeuroImage 56, 1082 (2011), doi:10.1016/j.neuroimage.2011.02.054; without what two regions share at the
same moment, as field spread gives it to them: Hipp et al., Nat. Neurosci. 15, 884 (2012), doi:10.1038/nn.3101.
"""

import numpy as np

from ngnmm_core.errors import InputError
from ngnmm_core.recordings.connectivity import edges_of, mean_fc, pearson
from ngnmm_core.recordings.fcd import LEVELS
from ngnmm_core.recordings.preprocessing import check_band
from ngnmm_core.recordings.recordings import Recordings
from ngnmm_core.recordings.targets import Targets
from ngnmm_core.streaming.covariance import Covariance
from ngnmm_core.streaming.envelope import Envelope, edge_hz
from ngnmm_core.streaming.orthogonalised import OrthogonalisedCovariance

FEWEST_VALUES = 60  # of an envelope


def check_envelopes(recordings: Recordings, band_hz: tuple[float, float]) -> None:
    """Whether recordings are sampled fast enough for the envelopes of a band, and long enough for its filter.

    Raises
    ------
    InputError
        If they aren't; a group's connectivity alone is taken as it is.
    """
    key = "analyses.fc.band_hz"
    if not recordings.runs or recordings.tr_s is None:
        return
    check_band(key, band_hz, recordings.tr_s)
    most = 0.5 / recordings.tr_s - edge_hz(band_hz)
    if band_hz[1] > most:
        raise InputError(
            f"{key}: [{band_hz[0]:g}, {band_hz[1]:g}] Hz leaves the filter no room in recordings sampled every "
            f"{recordings.tr_s:g} s; allowed: an upper edge of at most {most:g} Hz"
        )
    envelope = Envelope(1000.0 * recordings.tr_s, *band_hz)
    shortest_s = (envelope.settling_ms + FEWEST_VALUES * envelope.sample_ms) / 500.0
    found_s = recordings.volumes * recordings.tr_s
    if found_s < shortest_s:
        raise InputError(
            f"{key}: recordings of {found_s:g} s are too short for envelopes of [{band_hz[0]:g}, {band_hz[1]:g}] Hz "
            f"in both halves; allowed: at least {shortest_s:.3g} s"
        )


def envelope_fc(series: np.ndarray, tr_s: float, band_hz: tuple[float, float], orthogonalised: bool) -> np.ndarray:
    """Compute the correlations [edge] of the envelopes of a series [region, time] in a band.

    Parameters
    ----------
    series : array (region, time)
    tr_s : float
        Sampling interval (s).
    band_hz : pair of float
    orthogonalised : bool
        Whether what two regions share at the same moment is left out.
    """
    envelope = Envelope(1000.0 * tr_s, *band_hz)
    stream = np.ascontiguousarray(series.T, float)[:, None, :, None]  # [sample, group, region, lane]
    if orthogonalised:
        crossed = OrthogonalisedCovariance()
        crossed.consume(envelope.analytic(stream))
        return edges_of(crossed.correlation(1)[0])
    plain = Covariance()
    plain.consume(envelope.push(stream))
    return edges_of(plain.correlation(1)[0])


def envelope_targets(recordings: Recordings, band_hz: tuple[float, float], orthogonalised: bool) -> Targets:
    """Find what the envelopes of a model are compared with; a group's connectivity is taken as it is.

    Raises
    ------
    InputError
        As `check_envelopes`.
    """
    check_envelopes(recordings, band_hz)
    count = max(len(recordings.runs), 1)
    if recordings.runs:
        of = lambda run: envelope_fc(run, float(recordings.tr_s or 0.0), band_hz, orthogonalised)
        fc = np.stack([mean_fc(np.stack([of(run) for run in each])) for each in recordings.runs])
        reliability = np.array([np.mean([_halves(run, of) for run in each]) for each in recordings.runs])
    else:
        fc, reliability = recordings.fc(), np.full(count, np.nan)
    other = None if recordings.held_out_fc is None else edges_of(recordings.held_out_fc)
    unknown = np.full((count, LEVELS), np.nan)
    nothing = np.full_like(fc, np.nan)  # without the global signal
    distance = np.full(count, np.nan)
    return Targets(recordings.labels, recordings.subjects, fc, nothing, unknown, reliability, distance, unknown, other)


def _halves(run: np.ndarray, of) -> float:
    """Correlation between the connectivity of both halves of a run [region, time]."""
    middle = run.shape[1] // 2
    return pearson(of(run[:, :middle]), of(run[:, middle:]))
