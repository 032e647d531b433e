"""The explorer of a study: `index.html`, one file that opens without a server or network.

It holds what `sweep.nc` has in fewer bytes: every map of the grid, regimes, statuses, growth rates, spectra of 64 bins,
activity per region, and functional connectivity (of all pairs for at most 500 points, by blocks of regions for the
others).  The page is drawn by scripts of this folder; no library is loaded.
"""

from ngnmm_core.products.explorer.page import write_explorer

__all__ = ["write_explorer"]
