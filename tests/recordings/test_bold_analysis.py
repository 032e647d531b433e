"""The analysis `bold`: what a simulated network's BOLD gives, whatever the batch, and what is refused."""

import numpy as np
import pytest

from ngnmm_core.analysis.bold import BoldOptions, BoldReducer
from ngnmm_core.api import run_study
from ngnmm_core.connectome import Connectome
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.simulation.simulator import Simulator
from ngnmm_core.study.load import make_study

RING = Connectome(0.5 * (np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)))
TIMES = {"duration_ms": 24500, "transient_ms": 500, "sample_ms": 1.0, "dt_ms": 0.1, "method": "heun"}
OPTIONS = {"tr_ms": 200, "discard_s": 2.0}


def study(options=None, analyses=None, **keys):
    config = {
        "study": "s",
        "connectome": {"name": "hcp-aal2-94"},
        "model": {"name": "ngnmm_population", "parameters": {"eta": -6.0}},
        "grid": {"G": [2.0, 18.0]},
        "simulation": {**TIMES, "noise_sigma": 0.5},
        "analyses": {"bold": {**OPTIONS, **(options or {})}, **(analyses or {})},
    }
    return make_study("s", config | keys)


@pytest.fixture(scope="module")
def found():
    return run_study(study({"keep": True, "fcd": {"window_s": 5, "step_s": 1}}), RING)


def test_what_is_written(found):
    assert (found["bold_status"] == 0).all()
    assert found["bold"].dims == ("G", "region", "time")
    assert found.sizes["time"] == 100
    assert found["time"].values[0] == pytest.approx(0.5 + 4.0 + 0.2)
    series = found["bold"].values.astype(float)
    for k in range(2):
        np.testing.assert_allclose(found["bold_fc"][k], np.corrcoef(series[k])[np.triu_indices(6, 1)], atol=1e-5)
        np.testing.assert_allclose(found["bold_amplitude"][k], series[k].std(axis=1), rtol=1e-5)
        halves = [np.corrcoef(part)[np.triu_indices(6, 1)] for part in np.split(series[k], 2, axis=1)]
        assert found["bold_reliability"][k] == pytest.approx(np.corrcoef(*halves)[0, 1], abs=1e-4)
    np.testing.assert_allclose(found["bold_mean_fc"], found["bold_fc"].mean("edge"), atol=1e-6)
    assert (np.diff(found["bold_fcd"].values) >= 0).all()


def test_a_point_has_the_same_bits_whatever_its_neighbours(found):
    alone = run_study(study({"fcd": {"window_s": 5, "step_s": 1}}, grid={"G": [18.0]}), RING)
    many = run_study(study({"fcd": {"window_s": 5, "step_s": 1}}, grid={"G": [1, 2, 3, 4, 5, 6, 7, 8, 9, 18.0]}), RING)
    for name in ("bold_fc", "bold_amplitude", "bold_fcd", "bold_reliability"):
        assert (alone[name].values[0] == found[name].values[1]).all(), name
        assert (many[name].values[-1] == found[name].values[1]).all(), name


def test_band_and_global_signal_are_those_of_the_recordings():
    recordings = {"source": "connectome", "band_hz": [0.1, 1.0], "global_signal": "regress"}
    options = study(empirical=recordings).options["bold"]
    assert (options.band_hz, options.global_signal) == ((0.1, 1.0), "regress")
    regressed = run_study(study(empirical=recordings), RING)
    assert regressed["bold_mean_fc"].values.max() < 0  # of regions that sum to zero


def test_network_at_rest_has_no_connectivity():
    found = run_study(study(simulation={**TIMES, "noise_sigma": 0.0}), RING)
    assert list(found["bold_status"].values) == [2, 2]
    assert np.isnan(found["bold_fc"].values).all()
    assert np.isnan(found["bold_reliability"].values).all()


def test_activity_that_drifts_is_said(population):
    """A rate that rises by a tenth after the baseline."""

    class Window:
        model, regions, samples, sample_ms, points, start_ms = population, 4, 24000, 1.0, 1, 0.0

    class Block:
        counted = ()

        def __init__(self, rate):
            self.value = rate

        def rate(self, k):
            return self.value

    class Activity:
        active = np.ones((1, 4), bool)

    rng = np.random.default_rng(0)
    for rise, status in ((0.0, 0), (0.1, 3), (-0.99, 4)):
        reducer = BoldReducer(BoldOptions(**OPTIONS), Window)
        t = np.arange(24000)
        rate = 0.02 * (1 + rise * (t > 5000))[:, None] * (1 + 0.05 * rng.standard_normal((24000, 4)))
        reducer.consume(Block(rate[:, None, :, None]))
        assert reducer.finish(Activity)["bold_status"][0] == status, rise


class SampledRate(BoldReducer):
    """BOLD of trapezoids of samples of the rate, whatever has been counted."""

    last = None

    def consume(self, block):
        rate = block.rate(0)
        before = np.concatenate([rate[:1] if self.last is None else self.last, rate[:-1]])
        self.last = rate[-1:].copy()
        self.balloon.push(0.5 * (before + rate))

    def finish(self, activity):
        return {"sampled": super().finish(activity)["bold"]}


def test_bursts_between_samples_are_counted(ei, directed5, points_of):
    """Samples every 5 ms, longer than a burst, give the BOLD that samples every 0.1 ms give."""
    points, found = points_of(ei, I_ext_e=8.0, G=15.0), []
    for sample_ms in (0.1, 1.0, 5.0):
        settings = Simulation(duration_ms=8500.0, transient_ms=500.0, sample_ms=sample_ms)
        options = BoldOptions(tr_ms=50.0, discard_s=1.0)
        reducers = ((BoldReducer, options), (SampledRate, options))
        found.append(Simulator(ei, Connectome(directed5), settings, reducers).run(points))
    finest = found[0]["sampled"][0].astype(float)
    error = lambda series: np.abs(series[0] - finest).max() / finest.std(axis=1).min()
    assert finest.shape == (5, 120)
    assert max(error(each["bold"]) for each in found) < 1e-3
    assert error(found[2]["sampled"]) > 0.3


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"simulation": {**TIMES, "duration_ms": 10000}}, ("simulation.duration_ms", "27 volumes", "16500")),
        ({"options": {"tr_ms": 725}}, ("analyses.bold.tr_ms", "multiple of 10 ms")),
        ({"options": {"signal": "v"}}, ("analyses.bold.signal", "'v'", "rate, r, s")),
        ({"options": {"band_hz": [0.1, 3.0]}}, ("analyses.bold.band_hz", "2.5 Hz")),
        ({"options": {"fcd": {"window_s": 0.1}}}, ("analyses.bold.fcd.window_s", "no longer than a TR")),
        ({"options": {"fcd": {"window_s": 19, "step_s": 5}}}, ("fewer than 3 windows",)),
        ({"options": {"constants": {"tau": -1}}}, ("analyses.bold.constants.tau", "> 0")),
        ({"simulation": {**TIMES, "sample_ms": 4, "dt_ms": 0.1}}, ("sample_ms = 4", "divide 10 ms")),
        (
            {"options": {"band_hz": [0.1, 1.0]}, "empirical": {"source": "connectome", "band_hz": [0.1, 2.0]}},
            ("analyses.bold.band_hz", "empirical.band_hz", "the same"),
        ),
    ],
)
def test_refusals(refused, keys, words):
    refused(lambda: study(**keys), *words)
