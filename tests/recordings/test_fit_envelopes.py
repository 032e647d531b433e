"""Envelopes of recordings by M/EEG: their connectivity, and scores of a model's against it."""

import numpy as np
import pytest
from made_up_recordings import LABELS

from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome
from ngnmm_core.plotting.fit import draw
from ngnmm_core.preflight.checks import check_recordings
from ngnmm_core.products.fit_results import FitResults
from ngnmm_core.recordings import load_recordings, mean_fc
from ngnmm_core.streaming.recorded_envelopes import envelope_fc
from ngnmm_core.study.load import make_study

W = np.random.default_rng(3).uniform(0.0, 1.0, (5, 5)) ** 3
W = (W + W.T) * (1 - np.eye(5))
TR_S, BAND_HZ = 0.002, (20.0, 40.0)
EDGES = np.triu_indices(5, 1)


def series(seed=0, seconds=20, share=0.8):
    """Noise around 30 Hz whose amplitude rises and falls slowly, together in part, with phases of their own."""
    rng, time = np.random.default_rng(seed), np.arange(0, seconds, TR_S)
    slow = lambda: np.convolve(rng.standard_normal(len(time)), np.hanning(500), "same") / 15
    common = slow()
    size = [np.exp(share * common + (1 - share) * slow()) for _ in range(5)]
    carrier = [np.cos(2 * np.pi * (30 * time + 0.1 * np.cumsum(rng.standard_normal(len(time))))) for _ in range(5)]
    return np.array(size) * np.array(carrier)


def by_hilbert(x, orthogonalised):
    """The same from the analytic signal of the whole series, pair by pair."""
    from scipy.signal import butter, hilbert, sosfiltfilt

    z = hilbert(sosfiltfilt(butter(6, BAND_HZ, "bandpass", fs=1 / TR_S, output="sos"), x))[:, 250:-250]
    size, r = np.abs(z), lambda a, b: np.corrcoef(a, b)[0, 1]
    if not orthogonalised:
        return np.corrcoef(size)[EDGES]
    part = lambda a, b: np.abs((b * a.conj()).imag) / np.abs(a)
    pairs = zip(*EDGES, strict=True)
    return np.array([0.5 * (r(size[i], part(z[i], z[j])) + r(size[j], part(z[j], z[i]))) for i, j in pairs])


@pytest.mark.parametrize("orthogonalised", [False, True])
def test_connectivity_of_envelopes_against_the_hilbert_transform(orthogonalised):
    x = series()
    found, expected = envelope_fc(x, TR_S, BAND_HZ, orthogonalised), by_hilbert(x, orthogonalised)
    assert expected.mean() > 0.2
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_what_regions_share_at_the_same_moment_is_left_out():
    x = series(1, share=0.0)
    leaking = np.concatenate([x[:1], 0.7 * x[:1] + 0.7 * x[1:2], x[2:]])
    plain, orthogonalised = (envelope_fc(leaking, TR_S, BAND_HZ, kind)[0] for kind in (False, True))
    alone = envelope_fc(x, TR_S, BAND_HZ, True)[0]
    assert plain > 0.25
    assert abs(orthogonalised - alone) < 0.5 * plain


RATE = {"signals": ["rate"]}  # no envelope, and so no band


def study_of(path, fc=None, empirical=None, **fit):
    fc = fc if fc == RATE else {"signals": ["rate", "orthogonalised_envelope"], "band_hz": list(BAND_HZ)} | (fc or {})
    return make_study(
        "s",
        {
            "study": "s",
            "connectome": {"name": "hcp-aal2-94"},
            "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
            "grid": {"G": [4.0, 18.0]},
            "simulation": {"noise_sigma": 0.1, "method": "heun", "duration_ms": 1500, "dt_ms": 0.1, "sample_ms": 0.5},
            "empirical": {"path": str(path), "tr_s": TR_S} | (empirical or {}),
            "analyses": {"fc": fc, "fit": {"of": ["fc"], "bootstrap": 20, **fit}},
        },
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("meg")
    for k in range(3):
        rows = [",".join(LABELS), *(",".join(map(repr, map(float, row))) for row in series(k, 6).T)]
        (folder / f"sub-{k}.csv").write_text("\n".join(rows))
    return folder


def test_a_study_is_scored_against_envelopes(folder):
    one = study_of(folder / "sub-*.csv", hold_out="subject")
    brain = Connectome(W, LABELS)
    found = run_study(one, brain)
    assert list(found["fit_signal"].values) == ["fc:orthogonalised_envelope"]
    target = mean_fc(np.stack([envelope_fc(series(k, 6), TR_S, BAND_HZ, True) for k in range(3)]))
    model = found["fc"].sel(signal="orthogonalised_envelope").values.astype(float)
    expected = [np.corrcoef(row, target)[0, 1] for row in model]
    np.testing.assert_allclose(found["fit_r"].values[:, 0], expected, atol=1e-6)
    assert np.isfinite(found["fit_edge_r"]).all()
    assert np.isnan(found["fit_gsr_r"]).all()
    results = FitResults(one, found, brain, load_recordings(one.config.empirical, labels=LABELS)).dataset()
    assert results["best_r"].values[0] == pytest.approx(max(expected), abs=1e-6)
    assert np.isfinite(results["ceiling_r"]).all()
    assert draw("fit_ladder", results).axes[0].get_title(loc="left").split("\n") == ["orthogonalised envelopes", "raw"]


def test_refusals(folder, tmp_path, refused):
    path, nowhere = folder / "sub-*.csv", tmp_path / "none.nc"
    refused(lambda: study_of(path, fc=RATE), "analyses.fit.of: fc", "orthogonalised_envelope")
    refused(lambda: study_of(path, empirical={"band_hz": [1, 2]}), "empirical.band_hz", "analyses.fc.band_hz")
    refused(lambda: study_of(path, empirical={"global_signal": "regress"}), "empirical.global_signal", "keep")
    slow = study_of(path, empirical={"tr_s": 0.72})
    refused(lambda: check_recordings(slow, nowhere), "analyses.fc.band_hz", "TR of 0.72 s")
    near = study_of(path, fc={"band_hz": [200.0, 245.0]})
    refused(lambda: check_recordings(near, nowhere), "analyses.fc.band_hz", "no room")
    short = study_of(path, empirical={"discard_s": 5.0})
    refused(lambda: check_recordings(short, nowhere), "analyses.fc.band_hz", "recordings of 1 s are too short")
