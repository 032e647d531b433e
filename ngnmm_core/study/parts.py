"""Several studies in one file: `parts`, and the `base` that they share."""

import re
from collections.abc import Mapping
from typing import Any

from ngnmm_core.errors import InputError, unknown
from ngnmm_core.study.schema import NAME

KEYS = ("study", "base", "parts")
LAID_OVER = ("connectome", "model", "simulation")  # of a part over those of the base; other keys of a part replace
NAMED_BY = {"connectome": ("name", "path", "table"), "model": ("name", "file")}  # keys that say which one it is


def split_parts(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Split the content of a study file into the configs of single studies, by the names of the studies.

    Raises
    ------
    InputError
        For a file with parts whose names or keys don't fit; the parts themselves are not looked into.
    """
    if "parts" not in config:
        return {str(config.get("study", "study")): dict(config)}
    for key in config:
        if key not in KEYS:
            raise unknown(str(key), str(key), KEYS)
    name, base, parts = config.get("study", "study"), config.get("base"), config["parts"]
    _check_name("study", name)
    base = _mapping("base", base, "keys of a study")
    if not isinstance(parts, Mapping) or not parts:
        raise InputError(f"parts: {parts!r} holds no parts; allowed: a mapping of names to studies")
    result = {}
    for part, own in parts.items():
        _check_name("parts", part)
        own = _mapping(f"parts.{part}", own, "keys of a study, laid over those of base")
        result[f"{name}/{part}"] = {**base, **own, **_laid_over(base, own), "study": part}
    return result


def inherited_keys(config: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Name what every part has from `base` and does not set itself, as `simulation.noise_sigma` and `grid`, by study.

    `config` is one that `split_parts` has taken.
    """
    base, parts = config.get("base") or {}, config.get("parts", {})
    return {
        f"{config.get('study', 'study')}/{part}": written_keys(base) - written_keys(own or {})
        for part, own in parts.items()
    }


def written_keys(config: Mapping[str, Any]) -> frozenset[str]:
    """Name what a config sets: its keys, and those of `simulation` as `simulation.KEY`.

    `null` and `auto` set nothing: they leave it to what follows from other keys.
    """
    simulation = config.get("simulation")
    below = simulation if isinstance(simulation, Mapping) else {}
    return frozenset((*config, *(f"simulation.{key}" for key, value in below.items() if value not in (None, "auto"))))


def _check_name(key: str, name: Any) -> None:
    if not isinstance(name, str) or not re.match(NAME, name):
        allowed = "a name of at most 100 letters, digits, '.', '_' and '-' that starts with a letter or digit"
        raise InputError(f"{key}: {name!r} can't be a name; allowed: {allowed}")


def _mapping(key: str, value: Any, meaning: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{key}: {value!r} is not a mapping; allowed: {meaning}")
    return value


def _laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what a part changes only in part over the base; another connectome or model leaves nothing of the base's."""
    result = {}
    for key in LAID_OVER:
        below, above = base.get(key), own.get(key)
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            other = any(above.get(word, below.get(word)) != below.get(word) for word in NAMED_BY.get(key, ()))
            result[key] = above if other else lay_over(below, above)
    return result


def lay_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping over another, mapping by mapping."""
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(below.get(key), Mapping)
        result[key] = lay_over(below[key], value) if both else value
    return result
