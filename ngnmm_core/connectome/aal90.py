"""The 90 cerebral regions of the AAL atlas: names, hemispheres, lobes, centres, and the orders found in files.

The atlas counts homologous regions in turn (L, R, L, R, ...).  The matrix `sc2017.dat` does not: its rows are the 45
left regions in the atlas's order, then the 45 right ones backwards, so that the homotopic partner of row k is row
89 - k.  The file says nothing of this.  It was found by comparison with an independent AAL connectome: the logarithms
of the weights correlate at 0.89 over 86 shared regions in that order and at 0.07 in the plain one.
"""

import csv
from importlib.resources import files
from typing import NamedTuple

ORDERS = ("aal90", "aal90_mirrored")


class Region(NamedTuple):
    """One region of the atlas; the centre is in MNI mm."""

    name: str
    abbreviation: str
    hemisphere: str
    lobe: str
    centre: tuple[float, float, float]


def aal90_regions(order: str = "aal90") -> list[Region]:
    """List the 90 regions in one of the orders.

    Parameters
    ----------
    order : str
        `aal90`: that of the atlas (L, R, L, R, ...); `aal90_mirrored`: L1..L45, R45..R1, that of `sc2017.dat`.
    """
    text = files(__package__).joinpath("aal90.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    plain = [
        Region(
            row["name"],
            row["abbreviation"],
            row["hemisphere"],
            row["lobe"],
            (float(row["x"]), float(row["y"]), float(row["z"])),
        )
        for row in rows
    ]
    if order == "aal90":
        return plain
    if order != "aal90_mirrored":
        raise ValueError(f"unknown order {order!r}; allowed: {', '.join(ORDERS)}")
    return plain[0::2] + plain[1::2][::-1]
