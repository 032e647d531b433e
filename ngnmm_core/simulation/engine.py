"""Compiled integrators of a model on a connectome, with what their kernels need."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numba.core import config
from numba.core.codegen import get_host_cpu_features

from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.kernels import drivers, layout
from ngnmm_core.kernels.integrators import Integrator
from ngnmm_core.kernels.lanes import lane_width
from ngnmm_core.models._base import Model
from ngnmm_core.simulation.delays import Delays, values_read
from ngnmm_core.simulation.flow_table import structure_of
from ngnmm_core.simulation.integrators import get_integrator
from ngnmm_core.simulation.spike_counts import counted_states

L2_BYTES = 512 * 1024  # weights larger than this are streamed: several lane groups then share each pass
GROUPS_WHEN_STREAMING = 2  # measured at 1000 regions: 94 %, 93 %, 87 % of the peak with 1, 2, 4


@cache
def wide_registers() -> bool:
    """Whether numba compiles for 32 vector registers (AVX-512, ARM), which fit more rows of the coupling product."""
    known: Any = config  # numba sets its attributes when it is imported
    features = (known.CPU_FEATURES or "") if known.CPU_NAME else get_host_cpu_features()
    return "+avx512f" in features or "+neon" in features


@cache
def _integrator(model: Model, method: str, rows: int, dtype: str, inputs: tuple):
    integrator = get_integrator(method)
    structure = structure_of(model) if integrator.qif_only else None
    equations = (model.derivative, model.sent, model.sizes, model.noisy_states, inputs, structure)
    make_step = integrator.make_step
    return compiled_by(_make_integrator, equations, make_step, rows, dtype, name=f"{model.name}-{method}")


def _make_integrator(parts: tuple, make_step, rows: int, dtype: str):
    """Make the integrator that is compiled, from all that it depends on."""
    derivative, sent, sizes, noise, (stimulated, kind, regional, delayed, counted), structure = parts
    equations = drivers.compile_equations(derivative, sent, sizes, noise, stimulated, lane_width(dtype))
    equations = equations._replace(structure=structure, kind=kind, regional=regional, delayed=delayed, counted=counted)
    return drivers.make_integrator(make_step, equations, rows, dtype)


@dataclass(frozen=True, eq=False)
class Engine:
    """One model on one connectome with one method: integrates batches of parameter points side by side.

    Parameters
    ----------
    model : Model
    W : array (region, region)
        Normalised weights; W[i, j] is the weight of what i receives from j.
    method : str
        A name of `ngnmm_core.simulation.integrators`.
    dtype : str
        float64 or float32.
    substeps : int
        Local steps per step of the multirate method.
    noisy : bool
        Whether there is noise: a method that watches its error is compiled without it or with it.
    shared, coloured : bool
        Whether regions have noise in common, and whether it is coloured.
    regional : bool
        Whether parameters differ between regions.
    delays : Delays, optional
        Of all points.
    """

    model: Model
    W: np.ndarray
    method: str = "rk4"
    dtype: str = "float64"
    substeps: int = 2
    noisy: bool = False
    shared: bool = False
    coloured: bool = False
    regional: bool = False
    delays: Delays | None = None

    @property
    def integrator(self) -> Integrator:
        """What the method declares."""
        return get_integrator(self.method)

    @property
    def kind(self) -> layout.NoiseKind:
        """What the method is compiled for."""
        return layout.NoiseKind(self.noisy, self.shared, self.coloured)

    @property
    def regions(self) -> int:
        """Number of regions."""
        return len(self.W)

    @property
    def width(self) -> int:
        """Points per lane vector."""
        return lane_width(self.dtype)

    @property
    def groups(self) -> int:
        """Lane vectors per batch."""
        itemsize = np.dtype(self.dtype).itemsize
        return GROUPS_WHEN_STREAMING if self.W.size * itemsize > L2_BYTES else 1

    @property
    def batch_size(self) -> int:
        """Points per batch."""
        return self.groups * self.width

    @property
    def watches(self) -> bool:
        """Whether the method watches its own error."""
        return self.integrator.watches

    @property
    def counted(self) -> tuple[int, ...]:
        """Positions of the states that are rates of populations whose spikes are counted."""
        return counted_states(self.model, self.integrator)

    @property
    def nodes(self) -> layout.Nodes:
        """What the method needs inside a step."""
        nodes, found = self.integrator.nodes, layout.ONE_NODE
        if nodes is not None:
            noise = (len(self.model.noisy_states), self.kind)
            found = nodes(structure_of(self.model), self.substeps, self.width, noise, self.delays is not None)
        found = found._replace(counted=len(self.counted))
        return found._replace(constants=found.constants * self.regions) if self.regional else found

    def compile(self, stimulated: bool = False):
        """Return the compiled integrator, from the cache if it is there.  See `kernels.drivers.make_integrator`."""
        rows = layout.row_block(self.regions, wide_registers())
        delayed = 0 if self.delays is None else values_read(self.delays, self.method)
        inputs = (stimulated, self.kind, self.regional, delayed, self.counted)
        return _integrator(self.model, self.method, rows, self.dtype, inputs)
