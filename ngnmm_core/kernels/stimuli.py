"""Evaluation of the drives inside a step: a constant part per point, plus stimuli (shape over regions times waveform).

Inside a step a waveform is a polynomial in the fraction of the step.  The steppers evaluate it once per group and node
(`waves_at`), and add it up for every region (`drive_at`).
"""

from ngnmm_core.kernels.functions import WAVEFORM_POWERS as POWERS
from ngnmm_core.kernels.llvm import kernel, load, make_tuple_access, store


def make_drive(drives, width):
    """`waves_at` fills `work.wave` for one group of points; `drive_at` gives the drives of one region at one node."""
    load_drives, store_drives = make_tuple_access(drives)

    @kernel(inline="always")
    def waves_at(stimuli, work, group, groups, when, node):
        """Values of the waveforms of a group at `when` = (step, fraction of it), kept as a node in `work.wave`."""
        count = stimuli.target.size
        index, fraction = when
        for k in range(count):
            start = ((index * groups + group) * count + k) * POWERS * width
            value = load(stimuli.waveform, start + (POWERS - 1) * width)
            for power in range(POWERS - 2, -1, -1):
                value = value * fraction + load(stimuli.waveform, start + power * width)
            store(work.wave, (node * count + k) * width, value)

    @kernel(inline="always")
    def drive_at(batch, stimuli, work, group, region, regions, node):
        """The drives of one region at one node, as a tuple of lanes."""
        base = load_drives(batch.drive, group * drives * width, width)
        count = stimuli.target.size
        if count == 0:
            return base
        stride = regions * width
        store_drives(work.drive, 0, width, base)
        for k in range(count):
            target = stimuli.target[k] * width
            amplitude = load(stimuli.shape, (group * count + k) * stride + region * width)
            wave = load(work.wave, (node * count + k) * width)
            store(work.drive, target, load(work.drive, target) + amplitude * wave)
        return load_drives(work.drive, 0, width)

    return waves_at, drive_at
