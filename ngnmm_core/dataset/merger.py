"""Merges the shards of a study into one dataset, strictly: complete or not at all.

The merged file is written slab by slab, in the order of the grid and in pieces whose size depends on the grid alone.
So memory does not grow with the number of points, and the bytes of the file do not depend on how the points were cut
into shards.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from ngnmm_core.analysis.contract import Variable
from ngnmm_core.dataset.shard_files import Source
from ngnmm_core.errors import InputError
from ngnmm_core.stages.contract import Layout

SLAB_BYTES = 16 * 2**20
CHUNK_BYTES = 2**20


def boxes(start: int, stop: int, shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Cuts the run [start, stop) of a C-ordered grid into rectangular blocks, in order."""
    if not shape:
        yield ()
        return
    inner = int(np.prod(shape[1:], dtype=np.int64))
    while start < stop:
        lead = start // inner
        offset = start - lead * inner
        if offset == 0 and stop - start >= inner:
            last = stop // inner
            yield (slice(lead, last), *(slice(0, n) for n in shape[1:]))
            start = last * inner
        else:
            end = min(stop, (lead + 1) * inner)
            for rest in boxes(offset, end - lead * inner, shape[1:]):
                yield (slice(lead, lead + 1), *rest)
            start = end


class Merger:
    """Writes the merged file of a study.

    Parameters
    ----------
    path : Path
        The temporary file to write.
    """

    def __init__(self, path: Path):
        self.file = netCDF4.Dataset(path, "w", format="NETCDF4")
        self.file.set_auto_mask(False)
        self.numbered: set[str] = set()

    def dimension(self, name: str, size: int) -> None:
        """Make a dimension, or check that it has that size already.

        One that numbers what it holds may be longer: the eleventh exponent is missing where ten were asked for.

        Raises
        ------
        InputError
            If it has another size.
        """
        if name not in self.file.dimensions:
            self.file.createDimension(name, size)
            return
        there = len(self.file.dimensions[name])
        if there != size and not (name in self.numbered and size < there):
            raise InputError(f"dimension {name}: sizes {there} and {size}; allowed: one size")

    def numbers(self, name: str, variables: list[netCDF4.Variable]) -> None:
        """Write the coordinate of a dimension that stages share: the longest, if all number what they hold from 1.

        Raises
        ------
        InputError
            If the stages differ in the values that they share.
        """
        longest = max(variables, key=len)
        values = longest[...]
        if np.array_equal(values, np.arange(1, len(values) + 1)):
            self.numbered.add(name)
        for other in variables:
            if not np.array_equal(other[...], values[: len(other)]):
                raise InputError(f"dimension {name}: stages differ in values; allowed: the same values in all")
        if name not in self.file.variables:
            self.small(name, (name,), values, {k: longest.getncattr(k) for k in longest.ncattrs()})

    def small(self, name: str, dims: tuple[str, ...], values: Any, attributes: dict[str, Any]) -> None:
        """Write a coordinate or another variable that fits into memory."""
        values = np.asarray(values)
        if name in self.file.variables:
            return
        for dim, size in zip(dims, values.shape, strict=True):
            self.dimension(dim, size)
        text = values.dtype.kind in "UO"
        variable = self.file.createVariable(name, str if text else values.dtype, dims)
        variable.setncatts(attributes)
        variable[...] = values.astype(object) if text else values

    def grid_variable(self, variable: Variable, layout: Layout, sizes: dict[str, int], source: Source, files) -> None:
        """Streams one variable from the shards into the merged file; `sizes` are those of its own dimensions."""
        row_shape = tuple(sizes[d] for d in variable.dims)
        row_bytes = max(int(np.prod(row_shape, dtype=np.int64)) * np.dtype(variable.dtype).itemsize, 1)
        for dim, size in zip((*layout.dims, *variable.dims), (*layout.shape, *row_shape), strict=True):
            self.dimension(dim, size)
        target = self._create(variable, layout, _chunks(layout.shape, row_shape, row_bytes))
        count, step = len(source.shard), max(SLAB_BYTES // row_bytes, 1)
        for start in range(0, count, step):
            stop = min(start + step, count)
            slab = _gather(variable, row_shape, source, files, start, stop)
            missing = [(0, len(self.file.dimensions[d]) - n) for d, n in zip(variable.dims, row_shape, strict=True)]
            if any(more for _, more in missing):
                slab = np.pad(slab, [(0, 0), *missing], constant_values=variable.missing)
            done = 0
            for box in boxes(start, stop, layout.shape):
                extent = tuple(s.stop - s.start for s in box)
                size = int(np.prod(extent, dtype=np.int64))
                target[(*box, ...)] = slab[done : done + size].reshape((*extent, *slab.shape[1:]))
                done += size

    def _create(self, variable: Variable, layout: Layout, chunks: tuple[int, ...]) -> netCDF4.Variable:
        dims = (*layout.dims, *variable.dims)
        fill = None if variable.flags else variable.missing
        compression = {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": chunks} if dims else {}
        created = self.file.createVariable(variable.name, variable.dtype, dims, fill_value=fill, **compression)  # type: ignore[call-overload]
        if dims:  # written in order: a few chunks at a time are enough, where the default keeps 16 MB of every variable
            created.set_var_chunk_cache(size=4 * CHUNK_BYTES)
        created.setncatts(variable.attributes)
        return created


def _chunks(shape, row_shape, row_bytes: int) -> tuple[int, ...]:
    """Chunks of whole rows, and of as many neighbouring points along the trailing axes as fit into a megabyte."""
    chunks, room = [], max(CHUNK_BYTES // row_bytes, 1)
    for size in reversed(shape):
        here = min(size, room)
        chunks.append(here)
        room = room // size if here == size else 1
        room = max(room, 1)
    return (*reversed(chunks), *row_shape)


def _gather(variable: Variable, row_shape, source: Source, files, start: int, stop: int) -> np.ndarray:
    """Rows [start, stop) of the grid in order; missing ones hold the variable's missing value."""
    slab = np.full((stop - start, *row_shape), variable.missing, variable.dtype)
    shards = source.shard[start:stop]
    for shard in np.unique(shards[shards >= 0]):
        here = np.flatnonzero(shards == shard)
        rows = source.row[start:stop][here]
        low, high = int(rows.min()), int(rows.max()) + 1
        slab[here] = np.asarray(files[shard].variables[variable.name][low:high])[rows - low]
    return slab
