"""Which functional network a region belongs to, as its name says: names of the Schaefer parcellations carry it.

Schaefer et al., Cerebral Cortex 28, 3095 (2018), doi:10.1093/cercor/bhx179, with the networks of Yeo et al.,
J. Neurophysiol. 106, 1125 (2011), doi:10.1152/jn.00338.2011.
"""

import re
from collections.abc import Sequence

# Of 7 networks, in the parcellation's order; those of 17 begin like these (DefaultA, VisCent), or are TempPar.
NETWORKS = ("Vis", "SomMot", "DorsAttn", "SalVentAttn", "Limbic", "Cont", "Default", "TempPar")
NAME = re.compile(rf"^(?:\d+Networks_)?(?:LH|RH)_((?:{'|'.join(NETWORKS)})[A-Za-z]*)(?:_|$)")
OTHER = "other"
LEAST = 0.5  # share of the regions whose names must say a network


def networks_of(labels: Sequence[str]) -> list[str] | None:
    """Find the network of every region, `other` where its name says none; None unless at least half say one.

    Examples
    --------
    >>> networks_of(["7Networks_LH_Vis_1", "LH_Default_PFC_2", "RH_DefaultA_1", "Thalamus_L"])
    ['Vis', 'Default', 'DefaultA', 'other']
    >>> networks_of(["Insula_L", "Insula_R"])
    """
    found = [NAME.match(label) for label in labels]
    if sum(map(bool, found)) < LEAST * len(labels):
        return None
    return [match[1] if match else OTHER for match in found]


def network_order(networks: Sequence[str]) -> list[int]:
    """Order regions by network, as the parcellation counts them, and within one as they stand; others last."""

    def place(network: str) -> tuple[int, str]:
        begins = [k for k, name in enumerate(NETWORKS) if network.startswith(name)]
        return (begins[0] if begins else len(NETWORKS), network)

    return sorted(range(len(networks)), key=lambda k: (*place(networks[k]), k))
