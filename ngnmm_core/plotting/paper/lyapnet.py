"""Lyapunov spectrum of the network against the input, at fixed coupling."""

import json

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ngnmm_core.plotting.parts.labels import label, number, symbol, unit_text
from ngnmm_core.plotting.parts.style import ACCENT, INK, MUTED, SECOND, TWO_COLUMNS, new_figure, panel_letter, themed


@themed
def draw(data: dict[str, xr.Dataset]) -> Figure:
    """All exponents, the number of positive ones, and the dimension of the attractor."""
    sweep = data["sweep"].isel(seed=0, missing_dims="ignore")
    inputs = sweep["I_ext_e"].values
    exponents = sweep["network_lyapunov_exponent"].transpose("I_ext_e", "exponent").values
    error = sweep["network_lyapunov_exponent_error"].transpose("I_ext_e", "exponent").values
    figure = new_figure(TWO_COLUMNS, 66.0)
    left, right = figure.subplots(1, 2, width_ratios=(1.4, 1.0))
    left.axhline(0.0, color=MUTED, linewidth=0.6)
    left.plot(inputs, exponents[:, 1:], color=INK, linewidth=0.3, alpha=0.6)
    left.plot(inputs, exponents[:, 0], color=SECOND, linewidth=1.2, label="largest")
    left.set_ylabel(f"Lyapunov exponents ({unit_text('ms-1')})")
    low = np.nanquantile(exponents, 0.02)
    left.set_ylim(low, 1.1 * max(np.nanmax(exponents), 0.1 * abs(low)))
    left.legend(loc="lower right")
    known = int(np.isfinite(exponents).any(axis=0).sum())
    left.set_title(f"{known} exponents, {symbol('G')} = {number(_coupling(sweep))}")
    positive = (exponents > 2.0 * error).sum(axis=1)
    right.plot(inputs, positive, color=SECOND, marker="o", markersize=2.0, clip_on=False, label="positive exponents")
    if "kaplan_yorke_dimension" in sweep:
        right.plot(
            inputs, sweep["kaplan_yorke_dimension"].values.ravel(), color=ACCENT, marker="s", markersize=2.0,
            clip_on=False, label="Kaplan-Yorke dimension",
        )  # fmt: skip
    right.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.0)
    for axes, letter in ((left, "a"), (right, "b")):
        axes.set_xlabel(label({}, "I_ext_e", "input"))
        axes.set_xlim(inputs[0], inputs[-1])
        panel_letter(axes, letter)
    return figure


def _coupling(sweep: xr.Dataset) -> float:
    """Read the coupling that all points share."""
    return float(json.loads(sweep.attrs["config"])["parameters"]["G"])
