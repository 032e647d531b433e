"""Raw series of a whole window, written to netCDF while the simulation runs: on request only, they are large.

The file grows beside the shard's results and takes its name when it is complete.  Samples are collected until they fill
a chunk of the file, so that memory does not depend on the duration.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ngnmm_core.models._base import Model
from ngnmm_core.points import Points
from ngnmm_core.simulation.observation import SampledWindow
from ngnmm_core.storage.atomic import PART, WholeFile

STRETCH = 512  # samples per chunk
NOTHING: Mapping[str, Mapping[float, str]] = MappingProxyType({})


def series_path(shard: str | Path) -> Path:
    """Where the series of a shard go: `NAME.series.nc` beside `NAME.nc`."""
    return Path(shard).with_suffix(".series.nc")


class SeriesFile:
    """The observable of every region, point and sample of the window.

    A context manager: the file appears when the block ends without an error, and replaces what was there.  Every batch
    of points comes through a reducer, which tells their places in the file; `of` makes what makes them.

    Parameters
    ----------
    path : Path
    model : Model
    labels : sequence of str
        Labels of the regions.
    points : Points
        All points.
    names : mapping of column to (mapping of float to str)
        What the numbers of a column stand for; such a column is written as text.
    """

    def __init__(
        self,
        path: str | Path,
        model: Model,
        labels: Sequence[str],
        points: Points,
        names: Mapping[str, Mapping[float, str]] = NOTHING,
    ):
        self.path, self.model, self.labels, self.points, self.names = Path(path), model, labels, points, names
        self._written: WholeFile | None = None
        self._file: Any = None

    def __enter__(self) -> "SeriesFile":
        return self

    def __exit__(self, kind, error, trace) -> None:
        if self._file is not None:
            self._file.close()
        if self._written is not None:
            if kind is None:
                self._written.finish()
            self._written.discard()

    def of(self, rows: np.ndarray) -> Callable[..., "_Batch"]:
        """Give what makes reducers for simulations of some points, whose rows in the file are `rows` [point]."""
        return partial(self._reducer, rows)

    def _reducer(self, rows: np.ndarray, options, window: SampledWindow) -> "_Batch":
        """Make the reducer that takes the samples of the next batch of points."""
        if self._file is None:
            self._create(window)
        return _Batch(self._file["observable"], window, rows[np.asarray(window.places)])

    def _create(self, window: SampledWindow) -> None:
        import netCDF4

        for left in self.path.parent.glob(f".{self.path.name}.*{PART}"):
            left.unlink()  # of a job that was killed
        self._written = WholeFile(self.path)
        self._file = file = netCDF4.Dataset(self._written.temporary, "w")
        sizes = {"point": len(self.points), "region": window.regions, "time": window.samples}
        for name, size in sizes.items():
            file.createDimension(name, size)
        unit = self.model.states[self.model.observable_index].unit
        chunks = (1, window.regions, min(STRETCH, window.samples))
        options: dict[str, Any] = {
            "zlib": True,
            "complevel": 1,
            "shuffle": True,
            "chunksizes": chunks,
            "fill_value": np.nan,
        }
        observable = file.createVariable("observable", "f4", tuple(sizes), **options)
        observable.setncatts({"units": unit, "long_name": f"time series of {self.model.observable}"})
        observable.set_var_chunk_cache(size=0)  # only whole chunks are written
        self._coordinates(window)

    def _coordinates(self, window: SampledWindow) -> None:
        file = self._file
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "ms", "long_name": "time since the end of the transient"})
        time[:] = np.round(window.sample_ms * np.arange(1, window.samples + 1), 9)
        region = file.createVariable("region", str, ("region",))
        region[:] = np.array([str(label) for label in self.labels], object)
        units = {p.name: (p.unit, p.meaning) for p in self.model.parameters}
        for name, values in self.points.columns.items():
            if name in self.names:
                column = file.createVariable(name, str, ("point",))
                column.setncatts({"long_name": name})
                column[:] = np.array([self.names[name][float(value)] for value in values], object)
                continue
            column = file.createVariable(name, "f8", ("point",))
            unit, meaning = units.get(name, ("1", name))
            column.setncatts({"units": unit, "long_name": meaning})
            column[:] = values


class _Batch:
    """Writes the samples of one batch of points; gives no results of its own."""

    def __init__(self, variable, window: SampledWindow, places: np.ndarray):
        self._variable, self._places = variable, places
        self._stretch = np.empty((window.points, window.regions, min(STRETCH, window.samples)), np.float32)
        self._filled, self._written = 0, 0

    def consume(self, block) -> None:
        """Take the next samples."""
        signal = block.observable  # [sample, group, region, lane]
        by_point = signal.transpose(1, 3, 2, 0).reshape(-1, signal.shape[2], len(signal))[: len(self._stretch)]
        while by_point.shape[2]:
            count = min(self._stretch.shape[2] - self._filled, by_point.shape[2])
            self._stretch[..., self._filled : self._filled + count] = by_point[..., :count]
            self._filled += count
            by_point = by_point[..., count:]
            if self._filled == self._stretch.shape[2]:
                self._write()

    def _write(self) -> None:
        end = self._written + self._filled
        for place, series in zip(self._places, self._stretch, strict=True):
            self._variable[place, :, self._written : end] = series[:, : self._filled]
        self._written, self._filled = end, 0

    def finish(self, activity) -> dict[str, np.ndarray]:
        """Write what is left."""
        if self._filled:
            self._write()
        return {}
