"""Evaluation of the drives inside a step: a constant part per point, plus stimuli (shape over regions times waveform).

Inside a step a waveform is a polynomial in the fraction of the step.  The steppers evaluate it once per group and node
(`waves_at`), and add it up for every region (`drive_at`).  Integrators are compiled without stimuli or with them: the
constant part then stays in registers.
"""

from ngnmm_core.kernels.functions import WAVEFORM_POWERS as POWERS
from ngnmm_core.kernels.llvm import kernel, load, make_tuple_access, store


def make_drive(drives: int, width: int, stimulated: bool):
    """`waves_at` fills `work.wave` for one group of points; `drive_at` gives the drives of one region at one node.

    `base` is the constant part of the drives, a tuple of lanes.
    """
    return _make_stimulated(drives, width) if stimulated else _make_constant()


def _make_constant():
    @kernel(inline="always")
    def waves_at(stimuli, work, place, when, node):
        """Nothing varies."""

    @kernel(inline="always")
    def drive_at(base, stimuli, work, place, node):
        """Return the constant drives."""
        return base

    return waves_at, drive_at


def _make_stimulated(drives, width):
    load_drives, store_drives = make_tuple_access(drives)

    @kernel(inline="always")
    def waves_at(stimuli, work, place, when, node):
        """Values of the waveforms at `when` = (step, fraction of it) for `place` = (group, groups)."""
        count = stimuli.target.size
        group, groups = place
        index, fraction = when
        for k in range(count):
            start = ((index * groups + group) * count + k) * POWERS * width
            value = load(stimuli.waveform, start + (POWERS - 1) * width)
            for power in range(POWERS - 2, -1, -1):
                value = value * fraction + load(stimuli.waveform, start + power * width)
            store(work.wave, (node * count + k) * width, value)

    @kernel(inline="always")
    def drive_at(base, stimuli, work, place, node):
        """Compute the drives at a node for `place` = (group, region, number of regions)."""
        count = stimuli.target.size
        group, region, regions = place
        stride = regions * width
        store_drives(work.drive, 0, width, base)
        for k in range(count):
            target = stimuli.target[k] * width
            amplitude = load(stimuli.shape, (group * count + k) * stride + region * width)
            wave = load(work.wave, (node * count + k) * width)
            store(work.drive, target, load(work.drive, target) + amplitude * wave)
        return load_drives(work.drive, 0, width)

    return waves_at, drive_at
