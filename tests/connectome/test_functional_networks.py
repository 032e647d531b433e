"""Networks of regions from the names that the Schaefer parcellations give them."""

from ngnmm_core.connectome.functional_networks import network_order, networks_of
from ngnmm_core.connectome.members import network_labels

LABELS = ["7Networks_LH_Default_PFC_2", "LH_Vis_1", "RH_DefaultA_1", "Thalamus_L", "RH_VisPeri_3", "lh_Vis_1"]


def test_networks_are_read_from_names():
    assert networks_of(LABELS) == ["Default", "Vis", "DefaultA", "other", "VisPeri", "other"]
    assert networks_of(["Insula_L", "Insula_R", "LH_Vis_1"]) is None
    assert networks_of(["LH_001", "RH_001"]) is None


def test_regions_stand_in_the_order_of_the_parcellation_with_others_last():
    order = network_order(networks_of(LABELS))
    assert [LABELS[k] for k in order] == [LABELS[k] for k in (1, 4, 0, 2, 3, 5)]


def test_running_numbers_start_anew_in_every_hemisphere_and_network():
    labels = network_labels([0, 1, 1, 1, 0, 1], ["Vis", "Cont"], ["LH", "RH"])
    assert labels == ["LH_Vis_1", "LH_Cont_1", "LH_Cont_2", "RH_Cont_1", "RH_Vis_1", "RH_Cont_2"]
