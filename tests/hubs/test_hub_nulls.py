"""The spread that a hub's z-score is measured in, worked out by hand from the unlesioned runs."""

import itertools
import statistics

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.analysis.hub_scores import hub_scores
from ngnmm_core.analysis.hubs import HubsOptions
from ngnmm_core.simulation.lesions import CUT, LESION, NONE, REGION

REGIONS, SEEDS, NULLS = 4, 2, 3
EDGES = np.triu_indices(REGIONS, 1)


@pytest.fixture(scope="module")
def runs():
    """Three unlesioned runs and two with each region cut, at one point; all numbers are noise."""
    rng = np.random.default_rng(3)
    rows = [(NONE, -1, seed) for seed in range(NULLS)]
    rows += [(CUT, k, seed) for k in range(REGIONS) for seed in range(SEEDS)]
    kind, region, seed = np.array(rows).T
    count = len(rows)
    data = {
        "lesion_fc": (("run", "edge"), rng.normal(0.2, 0.1, (count, len(EDGES[0])))),
        "lesion_gamma_power": (("run", "region"), rng.uniform(1.0, 2.0, (count, REGIONS))),
        "lesion_synchrony": (("run", "region"), rng.uniform(0.1, 0.9, (count, REGIONS))),
        "lesion_information": (("run", "region"), rng.normal(0.1, 0.01, (count, REGIONS))),
        "lesion_information_surrogates": (("run", "surrogate", "region"), rng.normal(0.1, 0.01, (count, 5, REGIONS))),
        "simulation_status": ("run", np.zeros(count, np.int8)),
    }
    coords = {
        "G": ("run", np.full(count, 5.0)), LESION: ("run", kind), REGION: ("run", region), "seed": ("run", seed),
        "region": list("abcd"), "region_i": ("edge", EDGES[0]), "region_j": ("edge", EDGES[1]),
        "hemisphere": ("region", list("LLRR")),
    }  # fmt: skip
    return xr.Dataset(data, coords)


@pytest.fixture(scope="module")
def hubs(runs):
    weights = np.ones((REGIONS, REGIONS)) - np.eye(REGIONS)
    options = HubsOptions(seeds=SEEDS, null_seeds=NULLS, lesion=("cut",))
    influence = np.ones((1, REGIONS)), np.zeros(1, int)
    return hub_scores(runs, options, weights / 3, weights, influence).isel(hub_point=0, lesion=0)


@pytest.mark.parametrize("k", range(REGIONS))
def test_the_null_of_the_score_is_the_sample_of_all_pairs_of_unlesioned_runs(runs, hubs, k):
    away = [e for e, (i, j) in enumerate(zip(*EDGES, strict=True)) if k not in (i, j)]
    fc = runs.lesion_fc.values[:NULLS][:, away]
    apart = [float(np.sqrt(((one - other) ** 2).sum())) for one, other in itertools.combinations(fc, 2)]
    assert float(hubs.hub_null_mean[k]) == pytest.approx(statistics.mean(apart), rel=1e-12)
    assert float(hubs.hub_null_std[k]) == pytest.approx(statistics.stdev(apart), rel=1e-12)
    z = (float(hubs.hub_score[k]) - statistics.mean(apart)) / (statistics.stdev(apart) / SEEDS**0.5)
    assert float(hubs.hub_zscore[k]) == pytest.approx(z, rel=1e-12)


@pytest.mark.parametrize("k", range(REGIONS))
def test_a_change_of_synchrony_is_measured_in_differences_of_two_runs(runs, hubs, k):
    """The difference of two independent runs has twice the variance of one."""
    of_region = [float(value) for value in runs.lesion_synchrony.values[:, k]]
    lesioned = of_region[NULLS + k * SEEDS : NULLS + (k + 1) * SEEDS]
    change = statistics.mean(a - b for a, b in zip(lesioned, of_region[:SEEDS], strict=True))
    error = (2 * statistics.variance(of_region[:NULLS])) ** 0.5 / SEEDS**0.5
    assert float(hubs.hub_synchrony_zscore[k]) == pytest.approx(change / error, rel=1e-12)


@pytest.mark.parametrize("k", range(REGIONS))
def test_a_change_of_gamma_power_is_relative_and_so_is_its_null(runs, hubs, k):
    others = [j for j in range(REGIONS) if j != k]
    gamma = [statistics.mean(row[others].tolist()) for row in runs.lesion_gamma_power.values]
    lesioned = gamma[NULLS + k * SEEDS : NULLS + (k + 1) * SEEDS]
    change = statistics.mean((a - b) / b for a, b in zip(lesioned, gamma[:SEEDS], strict=True))
    spread = (2 * statistics.variance(gamma[:NULLS])) ** 0.5 / statistics.mean(gamma[:NULLS])
    assert float(hubs.hub_gamma_change[k]) == pytest.approx(change, rel=1e-12)
    assert float(hubs.hub_gamma_zscore[k]) == pytest.approx(change / (spread / SEEDS**0.5), rel=1e-12)
