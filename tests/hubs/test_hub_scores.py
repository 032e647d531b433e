"""Hub scores from made-up lesion runs with a known hub, and their table."""

import numpy as np
import pytest
import xarray as xr

from ngnmm_core.analysis.hub_scores import hub_scores
from ngnmm_core.analysis.hub_table import hub_table
from ngnmm_core.analysis.hubs import HubsOptions, HubsStatus, variables
from ngnmm_core.simulation.lesions import CUT, LESION, NONE, REGION, RENORMALISED

REGIONS, HUB, SEEDS, NULLS = 6, 2, 4, 10
OPTIONS = HubsOptions(seeds=SEEDS, null_seeds=NULLS)
EDGES = np.triu_indices(REGIONS, 1)
EFFECT, GAMMA = 0.8, -0.25


@pytest.fixture(scope="module")
def lesions():
    """Runs at two points: connectivity is noise; without the hub the others gain 0.8 in all pairs, lose gamma."""
    rng = np.random.default_rng(7)
    runs = [(NONE, -1, seed) for seed in range(NULLS)]
    runs += [(code, k, seed) for code in (CUT, RENORMALISED) for k in range(REGIONS) for seed in range(SEEDS)]
    rows = [(G, *run) for G in (2.0, 5.0) for run in runs]
    G, kind, region, seed = np.array(rows).T
    count, strong = len(rows), (np.array(rows)[:, 2] == HUB) & (np.array(rows)[:, 0] == 5.0)
    fc = rng.normal(0.0, 0.05, (count, len(EDGES[0])))
    fc[strong] += EFFECT
    gamma = rng.normal(1.0, 0.01, (count, REGIONS))
    gamma[strong] *= 1.0 + GAMMA
    flow = np.where(kind[:, None] == NONE, rng.normal(0.1, 0.01, (count, REGIONS)), np.nan)
    flow[:, HUB] += 0.5
    data = {
        "lesion_fc": (("run", "edge"), fc),
        "lesion_gamma_power": (("run", "region"), gamma),
        "lesion_synchrony": (("run", "region"), rng.normal(0.3, 0.02, (count, REGIONS))),
        "lesion_information": (("run", "region"), flow),
        "lesion_information_surrogates": (("run", "surrogate", "region"), rng.normal(0.1, 0.01, (count, 39, REGIONS))),
        "simulation_status": ("run", np.zeros(count, np.int8)),
    }
    coords = {
        "G": ("run", G), LESION: ("run", kind), REGION: ("run", region), "seed": ("run", seed),
        "region": [f"Region_{k}" for k in range(REGIONS)], "region_i": ("edge", EDGES[0]),
        "region_j": ("edge", EDGES[1]), "hemisphere": ("region", list("LLLRRR")),
    }  # fmt: skip
    return xr.Dataset(data, coords)


@pytest.fixture(scope="module")
def weights():
    W = np.random.default_rng(8).uniform(0.1, 1.0, (REGIONS, REGIONS))
    np.fill_diagonal(W, 0.0)
    return W


def scored(lesions, weights, **changes):
    W = weights / weights.sum(axis=1, keepdims=True)
    influence = np.tile(np.linspace(0, 1, REGIONS), (2, 1)), np.array([0, 3])
    return hub_scores(lesions.assign(**changes), OPTIONS, W, weights, influence)


@pytest.fixture(scope="module")
def hubs(lesions, weights):
    return scored(lesions, weights)


def test_the_hub_is_found_where_it_is_one(hubs):
    assert (hubs.hub_zscore.isel(hub_point=1).argmax("region") == HUB).all()
    assert (hubs.hub_pvalue[1, :, HUB] < 1e-3).all()
    others = [k for k in range(REGIONS) if k != HUB]
    assert (hubs.hub_pvalue[1][:, others] > 0.05).all()
    assert (hubs.hub_pvalue[0] > 0.05).all()


def test_score_is_the_frobenius_norm_over_the_other_pairs(hubs, lesions):
    at = (lesions.G.values == 5.0) & (lesions[LESION].values == CUT) & (lesions[REGION].values == HUB)
    base = (lesions.G.values == 5.0) & (lesions[LESION].values == NONE) & (lesions.seed.values < SEEDS)
    away = (EDGES[0] != HUB) & (EDGES[1] != HUB)
    change = lesions.lesion_fc.values[at] - lesions.lesion_fc.values[base]
    norms = np.linalg.norm(change[:, away], axis=1)
    assert float(hubs.hub_score[1, 0, HUB]) == pytest.approx(norms.mean(), rel=1e-12)
    assert float(hubs.hub_score_low[1, 0, HUB]) < norms.mean() < float(hubs.hub_score_high[1, 0, HUB])
    assert norms.mean() == pytest.approx(EFFECT * np.sqrt(10), rel=0.05)


def test_gamma_and_synchrony_of_the_others(hubs):
    assert float(hubs.hub_gamma_change[1, 0, HUB]) == pytest.approx(GAMMA, abs=0.01)
    assert float(hubs.hub_gamma_zscore[1, 0, HUB]) < -10
    assert abs(hubs.hub_gamma_zscore[0]).max() < 5
    assert abs(hubs.hub_synchrony_zscore).max() < 5
    assert abs(hubs.hub_synchrony_change).max() < 0.06


def test_information_flow_and_influence_are_passed_on(hubs):
    assert (hubs.information_flow.argmax("region") == HUB).all()
    np.testing.assert_allclose(hubs.information_flow[:, HUB], 0.5, atol=0.02)
    assert (hubs.information_flow_pvalue[:, HUB] == 1 / 40).all()
    np.testing.assert_array_equal(hubs.leading_mode, [0, 3])


def test_every_declared_variable_is_there(hubs):
    for variable in variables(OPTIONS):
        assert hubs[variable.name].dims == ("hub_point", *variable.dims)
        assert hubs[variable.name].attrs["units"] == variable.unit
    assert (hubs.hubs_status == HubsStatus.OK).all()


def test_undefined_diverged_and_emptied(lesions, weights):
    first = int(np.flatnonzero((lesions[LESION].values == CUT) & (lesions[REGION].values == 1))[0])
    second = int(np.flatnonzero((lesions[LESION].values == CUT) & (lesions[REGION].values == 3))[0])
    fc, status = lesions.lesion_fc.copy(deep=True), lesions.simulation_status.copy(deep=True)
    fc[first], fc[second], status[first] = np.nan, np.nan, HubsStatus.DIVERGED
    alone = weights.copy()
    alone[4] = 0.0
    alone[4, 0] = 1.0
    hubs = scored(lesions, alone, lesion_fc=fc, simulation_status=status)
    assert hubs.hubs_status[0, 0].values.tolist() == [
        HubsStatus.OK,
        HubsStatus.DIVERGED,
        HubsStatus.OK,
        HubsStatus.NOT_OSCILLATING,
        HubsStatus.OK,
        HubsStatus.OK,
    ]
    assert hubs.hubs_status[0, 1, 0] == HubsStatus.ISOLATED_REGION
    assert np.isnan(hubs.hub_zscore[0, 0, [1, 3]]).all()
    assert np.isnan(hubs.hub_pvalue[0, 1, 0])


def test_table_is_ranked_and_names_regions(hubs):
    table = hub_table(hubs)
    assert len(table) == 2 * 2 * REGIONS
    first = table[(table.G == 5.0) & (table["rank"] == 1)]
    assert first.region.tolist() == [f"Region_{HUB}"] * 2
    assert first.hemisphere.tolist() == ["L"] * 2
    for _, part in table.groupby(["G", "lesion"]):
        assert part["rank"].tolist() == list(range(1, REGIONS + 1))
        assert (np.diff(part.hub_zscore) <= 0).all()


def test_where_all_seeds_end_alike_a_score_has_no_z(lesions, weights):
    """Differences of 3e-14 between runs are rounding errors; divided by each other they gave z of -10 and infinity."""
    rng = np.random.default_rng(1)
    tiny = 3e-14 * rng.standard_normal(lesions.lesion_fc.shape)
    hubs = scored(lesions, weights, lesion_fc=(("run", "edge"), (0.5 + tiny).astype(np.float32)))
    assert (hubs.hub_score == 0).all()
    assert hubs.hub_zscore.isnull().all()
    assert hubs.hub_pvalue.isnull().all()
    assert (hubs.hubs_status == HubsStatus.NULL_WITHOUT_SPREAD).all()
    assert hubs.hub_synchrony_zscore.notnull().all()  # which has a spread of its own
    double = scored(lesions, weights, lesion_fc=(("run", "edge"), 0.5 + tiny / 3e-14 * 1e-16))
    assert double.hub_zscore.isnull().all()


def test_a_real_change_beside_seeds_that_end_alike_has_no_z_either(lesions, weights):
    fc = np.full(lesions.lesion_fc.shape, 0.5, np.float32)
    fc[lesions[REGION].values == HUB] = 0.1
    hubs = scored(lesions, weights, lesion_fc=(("run", "edge"), fc))
    np.testing.assert_allclose(hubs.hub_score[..., HUB], 0.4 * np.sqrt(10), rtol=1e-6)
    assert hubs.hub_zscore.isnull().all()
    assert (hubs.hubs_status == HubsStatus.NULL_WITHOUT_SPREAD).all()


@pytest.mark.parametrize("name", ["lesion_synchrony", "lesion_gamma_power"])
def test_changes_of_what_does_not_vary_have_no_z(lesions, weights, name):
    level = 0.3 + 1e-17 * np.random.default_rng(2).standard_normal(lesions[name].shape)
    hubs = scored(lesions, weights, **{name: (("run", "region"), level)})
    of = {"lesion_synchrony": "hub_synchrony_zscore", "lesion_gamma_power": "hub_gamma_zscore"}[name]
    assert hubs[of].isnull().all()
    assert hubs.hub_zscore.notnull().all()
    assert (hubs.hubs_status == HubsStatus.OK).all()


def test_information_flow_without_spread_has_no_pvalue(lesions, weights):
    same = np.full(lesions.lesion_information_surrogates.shape, 0.1)
    same += 1e-17 * np.random.default_rng(3).standard_normal(same.shape)
    hubs = scored(lesions, weights, lesion_information_surrogates=(("run", "surrogate", "region"), same))
    assert hubs.information_flow_pvalue.isnull().all()


def test_two_regions_have_no_pair_besides_the_lesioned_one(lesions):
    runs = lesions.isel(region=[0, 1], edge=[0]).assign_coords(region_i=("edge", [0]), region_j=("edge", [1]))
    runs = runs.isel(run=np.flatnonzero(runs[REGION].values < 2))
    weights = np.array([[0.0, 1.0], [1.0, 0.0]])
    influence = np.zeros((2, 2)), np.zeros(2)
    hubs = hub_scores(runs, HubsOptions(seeds=SEEDS, null_seeds=NULLS, lesion=("cut",)), weights, weights, influence)
    assert hubs.hub_score.isnull().all()
    assert hubs.hub_zscore.isnull().all()
    assert (hubs.hubs_status == HubsStatus.NO_OTHER_PAIR).all()
