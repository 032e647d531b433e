"""The paper's connectome: order of its regions and its spectrum; and the table of AAL regions."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ngnmm_core.connectome import ConnectomeSpec, build_connectome, normalise, source_identity, spectrum
from ngnmm_core.connectome.aal90 import aal90_regions

SPEC = ConnectomeSpec(name="aal90-sc2017")


def base(label):
    return label.rsplit("_", 1)[0]


def test_table_of_regions():
    plain = aal90_regions()
    assert len({region.name for region in plain}) == len({region.abbreviation for region in plain}) == 90
    assert [region.hemisphere for region in plain] == ["L", "R"] * 45
    for left, right in zip(plain[0::2], plain[1::2], strict=True):
        assert base(left.name) == base(right.name)
        assert left.lobe == right.lobe
        assert left.centre[0] < 0 < right.centre[0]
        assert np.hypot(*np.subtract(left.centre, right.centre)[1:]) < 10
    assert sum(Counter(region.lobe for region in plain).values()) == 90
    assert plain[0].name == "Precentral_L"
    assert plain[89].name == "Temporal_Inf_R"


def test_mirrored_order():
    plain, mirrored = aal90_regions(), aal90_regions("aal90_mirrored")
    rows = [*range(0, 90, 2), *range(89, 0, -2)]
    assert mirrored == [plain[k] for k in rows]
    for k in range(45):
        left, right = mirrored[k], mirrored[89 - k]
        assert (left.hemisphere, right.hemisphere) == ("L", "R")
        assert base(left.name) == base(right.name)
    with pytest.raises(ValueError, match="aal90_mirrored"):
        aal90_regions("aal116")


@pytest.fixture
def dataset(sc2017, registry):
    return build_connectome(SPEC.model_copy(update={"path": sc2017}), registry)


def test_facts_of_the_matrix(dataset, registry):
    entry = registry.entry(SPEC.name)
    assert (entry.has_lengths, entry.has_centres) == ("tract_length" in dataset, "centre_x" in dataset.coords)
    assert dataset.sizes["region"] == 90
    assert np.count_nonzero(dataset.weights) == 7936
    assert not np.allclose(dataset.weights, dataset.weights.values.T)
    W = normalise(dataset.weights, "row")
    s = spectrum(W)
    assert s.values.dtype == np.float64
    np.testing.assert_allclose(s.values[:4], [1, 0.7393, 0.6543, 0.5687], atol=5e-5)
    np.testing.assert_allclose(s.values[-1], -0.2567, atol=5e-5)
    np.testing.assert_allclose(s.right[:, 0], 1 / np.sqrt(90))
    np.testing.assert_allclose(W @ s.right, s.right * s.values, atol=1e-13)


def test_homotopic_pairs_have_mirrored_labels(dataset):
    labels, sides = list(dataset.region.values), list(dataset.hemisphere.values)
    for k in range(45):
        assert base(labels[k]) == base(labels[89 - k])
        assert sides[k] == "L"
        assert sides[89 - k] == "R"
    np.testing.assert_allclose(dataset.centre_x, -dataset.centre_x[::-1], atol=10)


def test_the_order_is_that_of_the_matrix_and_not_plain(dataset):
    """Weights fall with distance and are alike in both hemispheres, in the right order only."""
    weights = dataset.weights.values
    upper = np.triu_indices(90, 1)
    there = weights[upper] > 0

    def distance_correlation(order):
        centres = np.array([region.centre for region in aal90_regions(order)])
        distance = np.linalg.norm(centres[:, None] - centres[None], axis=-1)[upper]
        return np.corrcoef(np.log(weights[upper][there]), distance[there])[0, 1]

    assert distance_correlation("aal90_mirrored") < -0.55
    assert distance_correlation("aal90") > -0.2
    mirrored = weights[::-1, ::-1]
    both = there & (mirrored[upper] > 0)
    assert np.corrcoef(np.log(weights[upper][both]), np.log(mirrored[upper][both]))[0, 1] > 0.8


def test_path_may_come_from_the_environment(sc2017, registry, monkeypatch, dataset):
    monkeypatch.setenv("NGNMM_SC2017", sc2017)
    assert build_connectome(SPEC, registry).identical(dataset)
    assert source_identity(SPEC, registry) == source_identity(SPEC.model_copy(update={"path": sc2017}), registry)


def test_table_agrees_with_the_original_one(sc2017):
    original = Path(sc2017).with_name("aal.dat")
    if not original.is_file():
        pytest.skip(f"{original.name} is not beside sc2017.dat")
    rows = [line.split() for line in original.read_text().splitlines()[1:]]
    for region, row in zip(aal90_regions(), rows, strict=True):
        assert region.abbreviation == row[1]
        assert region.hemisphere == row[6]
        np.testing.assert_allclose(region.centre, [float(x) for x in row[2:5]], atol=0.5)
