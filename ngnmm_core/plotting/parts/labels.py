"""Names, symbols, units and numbers as figures and captions show them."""

from collections.abc import Mapping
from typing import Any

from ngnmm_core.analysis.fc import SIGNAL_TEXTS
from ngnmm_core.connectome.cohort import SUBJECT
from ngnmm_core.plotting.parts.fit_signals import signal_title
from ngnmm_core.simulation.stimuli import name_and_unit

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "Delta": "Δ",
    "epsilon": "ε",
    "eta": "η",
    "kappa": "κ",
    "mu": "μ",
    "sigma": "σ",
    "tau": "τ",
    "theta": "θ",
}
SYMBOLS = {
    "noise_sigma": "$\\mathrm{σ}$",
    "noise_tau_ms": "$\\mathrm{τ}_{\\mathrm{noise}}$",
    "noise_common": "shared noise",
    "velocity_m_per_s": "velocity",
    "null": "null network",
}
UNITS = {"noise_sigma": "ms0.5", "noise_tau_ms": "ms", "velocity_m_per_s": "m s-1"}  # of settings that are axes
SIGNS = {"degree": "°"}  # of units
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def symbol(name: str) -> str:
    """Typeset a parameter's name: `I_ext_e` as I with the subscript ext,e; `cue.duration_ms` as words."""
    if name in SYMBOLS:
        return SYMBOLS[name]
    if "." in name:
        return name_and_unit(name)[0].replace(".", " ").replace("_", " ")
    head, *subscripts = name.split("_")
    if len(head) > 1 and head not in GREEK:
        return name.replace("_", " ")
    letter = f"\\mathrm{{{GREEK[head]}}}" if head in GREEK else head
    if not subscripts:
        return f"${letter}$"
    return f"${letter}_{{\\mathrm{{{','.join(subscripts)}}}}}$"


def unit_text(unit: str | None) -> str:
    """Format a CF unit for print: `ms-1` as ms⁻¹; empty for the unit 1."""
    if unit in (None, "", "1"):
        return ""
    words = []
    for word in unit.split():
        letters = word.rstrip("-.0123456789")
        power = word[len(letters) :]
        words.append(
            SIGNS.get(letters, letters) + (f"$^{{{power}}}$" if "." in power else power.translate(SUPERSCRIPTS))
        )
    return " ".join(words)


def with_unit(text: str, unit: str | None) -> str:
    """`text (unit)`, with a capital letter; without the parentheses where there is no unit."""
    shown = unit_text(unit)
    text = text[:1].upper() + text[1:]
    return f"{text} ({shown})" if shown else text


def label(attributes: Mapping[str, Any], name: str = "", text: str | None = None) -> str:
    """Build the axis label of a variable from its `long_name` and `units`; `text` replaces the long name.

    With `name`, the symbol of the parameter of that name follows.  Of a long name only what comes before the first
    colon is used: the rest explains.
    """
    words = text if text is not None else str(attributes.get("long_name", name)).partition(":")[0]
    if name and words == name:
        words = symbol(name)
    elif name and symbol(name).startswith("$"):  # names that are words say nothing new
        words += f" {symbol(name)}"
    return with_unit(words, attributes.get("units"))


def number(value: float | str) -> str:
    """Format a number with at most six significant digits, a true minus sign and infinity's own; a name as it is."""
    if isinstance(value, str):
        return value
    return f"{value:.6g}".replace("-", "−").replace("inf", "∞")


def assignments(values: Mapping[str, float | str], plain: bool = False) -> str:
    """`G = 5, Δ = 1`: parameter values in one line; `plain` without mathematics, for captions and terminals."""
    shown = (
        f"{name} = {number(value)}" if plain else f"{symbol(name)} = {number(value)}{_unit_of(name)}"
        for name, value in values.items()
    )
    return ", ".join(shown)


def point_text(point, plain: bool = False) -> str:
    """Write the parameters of a dataset's point in one line; a region chosen by number is given with its name, too."""
    names = [str(name) for name, c in point.coords.items() if c.ndim == 0 and (c.dtype.kind == "f" or name == SUBJECT)]
    words = []
    for name in names:
        value = point[name].item()
        words.append(assignments({name: value}, plain))
        if name.endswith(".region") and "region" in point.coords and 0 <= value < point.sizes["region"]:
            words[-1] += f" ({point['region'].values[int(value)]})"
    return ", ".join(words)


def _unit_of(name: str) -> str:
    """Return the unit of a setting, or the one in the name of a stimulus parameter, with a space before it."""
    unit = name_and_unit(name)[1] if "." in name else UNITS.get(name, "1")
    return "" if unit == "1" else f" {unit_text(unit)}"


def signal_text(name: str) -> str:
    """Return the name of a `signal`, of functional connectivity or scored against recordings, as shown in a figure."""
    return SIGNAL_TEXTS.get(name) or signal_title(name).replace("_", " ")
