"""The registry's wheels as they are: labels belong to the rows, facts that the documentation states hold."""

import itertools

import numpy as np
import pytest

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, normalise, row_sum_spread, spectrum
from ngnmm_core.connectome.aal90 import aal90_regions
from ngnmm_core.connectome.functional_networks import networks_of
from ngnmm_core.errors import InputError

pytestmark = pytest.mark.slow
_BUILT = {}


@pytest.fixture
def built(registry):
    """Builds an entry once; skips where its wheel can't be had."""

    def build(name):
        if name not in _BUILT:
            try:
                _BUILT[name] = build_connectome(ConnectomeSpec(name=name), registry)
            except InputError as error:
                if "cannot download" not in str(error):
                    raise
                pytest.skip(f"the package index cannot be reached: {error}")
        return _BUILT[name]

    return build


def centres_of(dataset):
    return np.stack([dataset[f"centre_{axis}"].values for axis in "xyz"], axis=1)


def distances(centres):
    return np.linalg.norm(centres[:, None] - centres[None], axis=-1)


def pearson(a, b):
    return np.corrcoef(a, b)[0, 1]


def better_swaps(lengths, distance):
    """In how many ways two labels could be exchanged so that lengths and distances correlate better."""
    n = len(lengths)
    upper = np.triu_indices(n, 1)
    reference, count = pearson(lengths[upper], distance[upper]), 0
    for i, j in itertools.combinations(range(n), 2):
        order = np.arange(n)
        order[[i, j]] = j, i
        count += pearson(lengths[upper], distance[np.ix_(order, order)][upper]) > reference
    return count


@pytest.mark.parametrize(
    ("name", "regions", "first", "last"),
    [
        ("hcp-aal2-94", 94, [1, 0.79437, 0.71016], -0.37146),
        ("schaefer-1000", 1000, [1, 0.93847, 0.91442], -0.59060),
        ("schaefer-100", 100, [1, 0.90886, 0.86369], -0.53199),
        ("dk-84", 84, [1, 0.83982, 0.76323], -0.68911),
    ],
)
def test_spectra(built, registry, name, regions, first, last):
    dataset, entry = built(name), registry.entry(name)
    assert dataset.sizes["region"] == regions
    stated = (entry.has_lengths, entry.has_centres, entry.has_volumes)  # before it is fetched
    assert stated == ("tract_length" in dataset, "centre_x" in dataset.coords, "region_volume" in dataset.coords)
    W = normalise(dataset.weights, "row")
    assert row_sum_spread(W) < 1e-14
    s = spectrum(W)
    assert s.symmetric
    assert s.values.dtype == np.float64
    np.testing.assert_allclose(s.values[:3], first, atol=1e-5)
    np.testing.assert_allclose(s.values[-1], last, atol=1e-5)
    assert list(dict.fromkeys(dataset.hemisphere.values)) == ["L", "R"]
    half = dataset.hemisphere.values == "L"
    within, across = dataset.weights.values[half][:, half].mean(), dataset.weights.values[half][:, ~half].mean()
    assert within > 3 * across


def test_aal2_labels_belong_to_the_rows(built):
    dataset = built("hcp-aal2-94")
    labels = list(dataset.region.values)
    assert labels[:2] == ["Precentral_L", "Precentral_R"]
    assert labels[-1] == "Temporal_Inf_R"
    assert list(dataset.hemisphere.values) == ["L", "R"] * 47
    lengths, distance = dataset.tract_length.values, distances(centres_of(dataset))
    upper = np.triu_indices(94, 1)
    assert pearson(lengths[upper], distance[upper]) > 0.85
    assert better_swaps(lengths, distance) == 0
    fc = dataset.empirical_fc.values
    homotopic = [fc[k, k + 1] for k in range(0, 94, 2)]
    assert np.mean(homotopic) > 0.55 > 0.35 > fc[upper].mean()


def test_aal2_centres_are_mni(built):
    """The affine map in the registry is the least-squares fit that its comment says, and fits as well."""
    dataset = built("hcp-aal2-94")
    renamed = {"Cingulum": "Cingulate"}
    shared = {}
    for region in aal90_regions():
        name = "_".join(renamed.get(part, part) for part in region.name.split("_"))
        shared[name] = region.centre
    names = [name for name in dataset.region.values if name in shared]
    assert len(names) == 80
    found = centres_of(dataset.sel(region=names))
    error = np.linalg.norm(found - np.array([shared[name] for name in names]), axis=1)
    assert np.sqrt((error**2).mean()) < 1.3
    assert error.max() < 3.3
    again = np.c_[found, np.ones(80)]
    fit = np.linalg.lstsq(again, np.array([shared[name] for name in names]), rcond=None)[0]
    np.testing.assert_allclose(fit[:3], np.eye(3), atol=2e-3)
    np.testing.assert_allclose(fit[3], 0, atol=0.1)


def test_aal2_empirical_data(built):
    dataset = built("hcp-aal2-94")
    assert dataset.bold.dims == ("subject", "region", "time")
    assert dataset.bold.shape == (7, 94, 1200)
    assert dataset.time.values[-1] == pytest.approx(1199 * 0.72)
    z = np.arctanh([np.corrcoef(series)[0, 50] for series in dataset.bold.values])
    assert dataset.empirical_fc.values[0, 50] == pytest.approx(np.tanh(z.mean()), abs=1e-5)
    upper = np.triu_indices(94, 1)
    assert pearson(dataset.weights.values[upper], dataset.empirical_fc.values[upper]) == pytest.approx(0.329, abs=1e-3)
    assert dataset.weights.values.max() <= 1
    assert not np.isnan(dataset.tract_length).any()


def test_desikan_killiany_labels_belong_to_the_rows(built):
    dataset = built("dk-84")
    labels = list(dataset.region.values)
    partner = [labels.index(("R" if label[0] == "L" else "L") + label[1:]) for label in labels]
    lengths, fc = dataset.tract_length.values, dataset.empirical_fc.values
    upper = np.triu_indices(84, 1)
    assert pearson(lengths[upper], lengths[np.ix_(partner, partner)][upper]) > 0.97
    assert pearson(fc[upper], fc[np.ix_(partner, partner)][upper]) > 0.97
    centres = centres_of(dataset)
    np.testing.assert_allclose(centres * [-1, 1, 1], centres[partner], atol=9)
    assert (centres[:42, 0] < 0).all()
    assert (centres[42:, 0] > 0).all()
    assert pearson(lengths[upper], distances(centres)[upper]) > 0.75
    assert better_swaps(lengths, distances(centres)) <= 5
    assert (np.diagonal(fc) == 1).all()


def test_aal2_agrees_with_the_papers_matrix(built, registry, sc2017):
    """r = 0.92 over the 84 regions that both atlases have (86 with the orbital part of the inferior frontal gyrus)."""
    ours = built("hcp-aal2-94")
    theirs = build_connectome(ConnectomeSpec(name="aal90-sc2017", path=sc2017), registry)
    renamed = {"Cingulum": "Cingulate"}
    numbered = ("Frontal_Sup", "Frontal_Mid")
    pairs = []
    for label in theirs.region.values:
        name = "_".join(renamed.get(part, part) for part in str(label).split("_"))
        stem, side = name.rsplit("_", 1)
        name = f"{stem}_2_{side}" if stem in numbered else name
        if name in ours.region.values:
            pairs.append((name, label))
    assert len(pairs) == 84
    a, b = (
        normalise(dataset.weights.sel(region=names, source_region=names), "row")
        for dataset, names in ((ours, [p[0] for p in pairs]), (theirs, [p[1] for p in pairs]))
    )
    off = ~np.eye(84, dtype=bool)
    assert pearson(a[off], b[off]) == pytest.approx(0.92, abs=0.005)


def test_schaefer_labels_belong_to_the_rows(built):
    """Networks have the sizes of the published parcellation; regions of one are alike in recordings."""
    dataset = built("schaefer-100")
    labels = [str(label) for label in dataset.region.values]
    assert (labels[0], labels[-1]) == ("LH_Vis_1", "RH_Default_11")
    networks = np.array(networks_of(labels))
    names = ("Vis", "SomMot", "DorsAttn", "SalVentAttn", "Limbic", "Cont", "Default")
    for side, sizes in (("L", (9, 6, 8, 7, 3, 4, 13)), ("R", (8, 8, 7, 5, 2, 9, 11))):
        here = networks[dataset.hemisphere.values == side]
        assert tuple(int((here == name).sum()) for name in names) == sizes
    i, j = np.triu_indices(100, 1)
    fc, same = dataset.empirical_fc.values[i, j], networks[i] == networks[j]
    assert fc[same].mean() > fc[~same].mean() + 0.2


def test_schaefer_has_dynamics_of_groups_and_two_subjects_that_agree_with_them(built):
    """The group's FC is that of series as the subjects' are; its dynamics are those of windows as we make them."""
    dataset = built("schaefer-100")
    assert dataset.individual_bold.dims == ("individual", "run", "region", "volume")
    assert list(dataset.individual.values) == ["100206", "100307"]
    upper = np.triu_indices(100, 1)
    group = dataset.empirical_fc.values[upper]
    for runs in dataset.individual_bold.values:
        fc = np.tanh(np.mean([np.arctanh(np.corrcoef(run)[upper]) for run in runs], axis=0))
        assert pearson(fc, group) > 0.6
    assert dataset.empirical_fcd.attrs["window_s"] / 0.72 == pytest.approx(43)
    assert dataset.empirical_fcd.attrs["step_s"] / 0.72 == pytest.approx(7)
    # 166 windows of 43 volumes, 7 apart, fit into 1200: so many pairs has a subject, and so many samples has a group
    assert len(dataset.empirical_fcd) == pytest.approx(166 * 165 / 2, rel=2e-3)
    medians = [np.median(dataset[name]) for name in ("empirical_fcd", "held_out_fcd")]
    assert medians[0] == pytest.approx(medians[1], abs=0.03)
