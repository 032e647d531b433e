"""The identity of points, and the definition of a shard, which lists those that it holds."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngnmm_core.connectome.planned import PlannedConnectome
from ngnmm_core.errors import InputError
from ngnmm_core.points import Kind, Points
from ngnmm_core.simulation.delay_settings import VELOCITY
from ngnmm_core.simulation.map_settings import MAPS, SCALE
from ngnmm_core.simulation.noise_settings import COMMON, NOISE, TAU
from ngnmm_core.stages.context import fingerprint
from ngnmm_core.storage.atomic import write_atomically

SETTINGS = (NOISE, COMMON, TAU, VELOCITY)  # that an axis may set as well, as it may the scales of maps
SURROGATES = "surrogates"  # of maps, in a definition: how they are drawn
CHECKED = re.compile(rb'\{"sha256": "([0-9a-f]{64})", ')


def of_all_points(context: Mapping[str, Any]) -> dict[str, Any]:
    """Give a context without what an axis may set as well, which belongs to the points (`point_ids`)."""
    found = dict(context)
    if "settings" in context:
        found["settings"] = {name: value for name, value in context["settings"].items() if name not in SETTINGS}
    if MAPS in context:
        found[MAPS] = [{**one, SCALE: None} for one in context[MAPS]]
    return found


def _set_by(context: Mapping[str, Any]) -> dict[str, float]:
    """Collect what a context says of the settings that an axis may set as well."""
    settings = context.get("settings", {})
    found = {name: math.inf if settings[name] is None else settings[name] for name in SETTINGS if name in settings}
    scales = {f"{one['name']}.{SCALE}": one[SCALE] for one in context.get(MAPS, ())}
    return found | {name: 1.0 if scale is None else scale for name, scale in scales.items()}


def point_ids(points: Points, context: Mapping[str, Any], connectome: PlannedConnectome) -> list[str]:
    """Compute the identities of points, 32 hexadecimal digits each.

    A point is known by all that the points have in common (`context`, the identity of the connectome included), its
    parameters and its seed, the connectome that it chooses, and the names and values of its settings.  A setting that
    an axis varies or a study fixes makes the same point.
    """
    chooses = points.of(Kind.CONNECTOME)
    chooses |= {name: values for name, values in points.columns.items() if name in connectome.members}
    settings: dict[str, Any] = {**_set_by(context), **points.of(Kind.SETTING)}
    names = sorted(name for name in settings if name not in chooses)
    own = [values for name, values in points.columns.items() if name not in chooses and name not in settings]
    own += [np.broadcast_to(settings[name], len(points)) for name in names]
    table = np.ascontiguousarray(np.column_stack(own)) + 0.0  # -0.0 is 0.0
    start = hashlib.blake2b(fingerprint(of_all_points(context)).encode(), digest_size=16)
    if names:
        start.update(json.dumps(names).encode())
    ids = []
    for row, chosen in zip(table, connectome.chosen(chooses, len(points)), strict=True):
        h = start.copy()
        h.update(row.tobytes())
        h.update(chosen.encode())
        ids.append(h.hexdigest())
    return ids


def shard_name(ids: Sequence[str]) -> str:
    """Name a shard by a hash of the points in it."""
    return hashlib.blake2b("".join(ids).encode(), digest_size=8).hexdigest()


def write_definition(path: Path, content: dict[str, Any]) -> None:
    """Write the definition of a shard: JSON, the first entry of which is a checksum of the rest.

    Raises
    ------
    InputError
        If it can't be written.
    """
    text = json.dumps(content)
    write_atomically(path, f'{{"sha256": "{hashlib.sha256(text.encode()).hexdigest()}", {text[1:]}')


def read_definition(path: Path) -> dict[str, Any]:
    """Read the content of a shard's definition; one without a checksum is of an earlier version.

    Raises
    ------
    InputError
        If it can't be read, or is not what was written.
    """
    try:
        found = path.read_bytes()
        checked = CHECKED.match(found)
        if checked is not None:
            found = b"{" + found[checked.end() :]
            if hashlib.sha256(found).hexdigest() != checked[1].decode():
                raise ValueError
        return dict(json.loads(found))
    except (OSError, ValueError, TypeError):
        raise InputError(
            f"{path}: can't be read as the definition of a shard; allowed: one that the workflow has written (run it "
            "again)"
        ) from None


def definition_points(definition: dict[str, Any]) -> Points:
    """Extract the points that a definition lists; what all of them have in common is one number there."""
    count = len(definition["ids"])
    columns = {
        name: np.broadcast_to(np.array(values, float), count).copy() for name, values in definition["columns"].items()
    }
    return Points(columns, {name: Kind(kind) for name, kind in definition["kinds"].items()})
