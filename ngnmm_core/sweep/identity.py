"""The identity of points, and the definition of a shard, which lists those that it holds."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngnmm_core.points import Points


def point_ids(points: Points, context_hash: str) -> list[str]:
    """Compute the identities of points, 32 hexadecimal digits each."""
    table = np.column_stack(list(points.columns.values())).astype(float) + 0.0  # -0.0 is 0.0
    start = hashlib.blake2b(context_hash.encode(), digest_size=16)
    ids = []
    for row in np.ascontiguousarray(table):
        h = start.copy()
        h.update(row.tobytes())
        ids.append(h.hexdigest())
    return ids


def shard_name(ids: Sequence[str]) -> str:
    """Name a shard by a hash of the points in it."""
    return hashlib.blake2b("".join(ids).encode(), digest_size=8).hexdigest()


def read_definition(path: Path) -> dict[str, Any]:
    """Read the content of a shard's definition."""
    return json.loads(path.read_text(encoding="utf-8"))


def definition_points(definition: dict[str, Any]) -> Points:
    """Extract the points that a definition lists; what all of them have in common is one number there."""
    count = len(definition["ids"])
    columns = {
        name: np.broadcast_to(np.array(values, float), count).copy() for name, values in definition["columns"].items()
    }
    seeds = columns.pop("seed").astype(np.int64)
    parameters = {name: columns.pop(name) for name in definition["context"]["parameters"]}
    return Points(parameters, seeds, columns)
