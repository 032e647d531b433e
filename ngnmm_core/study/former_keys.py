"""Keys that had another name in earlier versions: studies that use the former ones still work, with a note."""

import warnings
from collections.abc import Mapping
from typing import Any

from ngnmm_core.errors import InputError

MODEL_KEYS = {"poise": "operating_point"}
AXIS_PREFIXES = {"poise.": "operating_point."}


class RenamedKeyWarning(UserWarning):
    """A study uses a former name of a key."""


def with_present_keys(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give a config with the present names of its keys, and a note for each that was a former one.

    Raises
    ------
    InputError
        For a key that stands there under both names.
    """
    present = dict(config)
    if isinstance(present.get("model"), Mapping):
        present["model"] = _renamed(present["model"], "model", MODEL_KEYS.get)
    for key in ("grid", "points"):
        if isinstance(present.get(key), Mapping):
            present[key] = _renamed(present[key], key, _axis)
    for key in ("points", "highlights"):
        if isinstance(present.get(key), list | tuple):
            present[key] = [_renamed(item, key, _axis) if isinstance(item, Mapping) else item for item in present[key]]
    return present


def _axis(name: str) -> str | None:
    """Give the present name of an axis, or None if it has no former one."""
    return next((new + name[len(old) :] for old, new in AXIS_PREFIXES.items() if name.startswith(old)), None)


def _renamed(section: Mapping[str, Any], where: str, present_name) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for key, value in section.items():
        name = present_name(str(key)) or key
        if name != key:
            if name in section:
                raise InputError(f"{where}.{key}: the former name of {where}.{name}, which is there too; allowed: one")
            warnings.warn(f"{where}.{key} is now called {where}.{name}", RenamedKeyWarning, stacklevel=2)
        renamed[name] = value
    return renamed
