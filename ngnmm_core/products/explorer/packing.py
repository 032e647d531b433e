"""Arrays as text that a page can carry: fewer bits where the eye needs no more, deflated, in base64."""

import base64
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

UNKNOWN8, UNKNOWN16 = 255, 65535  # stand for values that are not defined


@dataclass(frozen=True)
class Packed:
    """One array of the page: its type, shape, how numbers are regained from it, and its text."""

    kind: str
    shape: tuple[int, ...]
    text: str
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def header(self) -> dict[str, Any]:
        """What the page needs to unpack it."""
        return {"kind": self.kind, "shape": list(self.shape), **self.about}


def exact(values: np.ndarray, kind: str, **about: Any) -> Packed:
    """Pack an array as it is, as `float32`, `uint8`, `int8`, `uint16` or `uint32`."""
    raw = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
    return Packed(kind, raw.shape, base64.b64encode(zlib.compress(raw.tobytes(), 9)).decode("ascii"), about)


def between(values: np.ndarray, low: float, high: float, **about: Any) -> Packed:
    """Pack an array in one byte per value, in 254 equal steps from `low` to `high`; NaN is kept."""
    scaled = (np.asarray(values, float) - low) / (high - low)
    codes = np.where(np.isfinite(scaled), np.clip(np.rint(scaled * 254.0), 0, 254), UNKNOWN8)
    return exact(codes, "uint8", low=float(low), high=float(high), steps=254, unknown=UNKNOWN8, **about)


def fine(values: np.ndarray, **about: Any) -> Packed:
    """Pack an array in two bytes per value, in 65534 equal steps over its range; NaN is kept."""
    finite = np.asarray(values, float)[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    scaled = (np.asarray(values, float) - low) / (high - low)
    codes = np.where(np.isfinite(scaled), np.clip(np.rint(scaled * 65534.0), 0, 65534), UNKNOWN16)
    return exact(codes, "uint16", low=low, high=high, steps=65534, unknown=UNKNOWN16, **about)


def rows_scaled(values: np.ndarray, **about: Any) -> Packed:
    """Pack rows in one byte per value, each in equal steps over a range of its own."""
    values = np.asarray(values, float)
    masked = np.ma.masked_invalid(values)
    low = masked.min(axis=-1).filled(0.0)
    high = masked.max(axis=-1).filled(1.0)
    high = np.where(high > low, high, low + 1.0)
    scaled = (values - low[..., None]) / (high - low)[..., None]
    codes = np.where(np.isfinite(scaled), np.clip(np.rint(scaled * 254.0), 0, 254), UNKNOWN8)
    limits = {"lows": np.round(low, 6).ravel().tolist(), "highs": np.round(high, 6).ravel().tolist()}
    return exact(codes, "uint8", steps=254, unknown=UNKNOWN8, **limits, **about)
