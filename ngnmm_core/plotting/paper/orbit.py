"""Orbit diagram: local maxima of s_e of the homogeneous system against the input, one panel per coupling."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.parts.labels import label, number, symbol
from ngnmm_core.plotting.parts.style import INK, TWO_COLUMNS, new_figure, panel_letter, themed


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """All maxima as dots."""
    sweep = data["sweep"]
    couplings = sweep["G"].values
    columns = min(len(couplings), 3 if len(couplings) > 4 else 2)
    rows = -(-len(couplings) // columns)
    figure = new_figure(TWO_COLUMNS, 46.0 * rows + 6.0)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in panels.ravel()[len(couplings) :]:
        axes.set_axis_off()
    for k, axes in enumerate(panels.ravel()[: len(couplings)]):
        maxima = sweep["local_maxima"].sel(G=couplings[k]).transpose("I_ext_e", "maximum").values
        inputs = np.repeat(sweep["I_ext_e"].values, maxima.shape[1])
        axes.plot(
            inputs, maxima.ravel(), linestyle="none", marker=",", color=INK, alpha=0.35, markeredgewidth=0.0,
            rasterized=True,
        )  # fmt: skip
        axes.set_title(f"{symbol('G')} = {number(couplings[k])}")
        panel_letter(axes, "abcdefgh"[k])
    for axes in panels[-1]:
        axes.set_xlabel(label({}, "I_ext_e", "input"))
    for axes in panels[:, 0]:
        axes.set_ylabel(r"Maxima of $s_{\mathrm{e}}$ (ms$^{-1}$)")
    axes.set_xlim(float(sweep["I_ext_e"][0]), float(sweep["I_ext_e"][-1]))
    return figure
