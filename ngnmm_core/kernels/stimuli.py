"""Evaluation of the drives inside a step: a constant part per point and region, plus stimuli (shape times waveform)."""

from ngnmm_core.kernels.llvm import kernel, load, make_tuple_access, store

POWERS = 6  # coefficients of a waveform's polynomial within one step


def make_drive(drives, width):
    """`waves_at` fills `work.wave` for one group and moment; `drive_at` gives the drives of one region."""
    load_drives, store_drives = make_tuple_access(drives)

    @kernel(inline="always")
    def waves_at(stimuli, work, group, groups, when):
        count = stimuli.target.size
        if count > 0:
            index, fraction = when
            for k in range(count):
                start = ((index * groups + group) * count + k) * POWERS * width
                value = load(stimuli.waveform, start + (POWERS - 1) * width)
                for power in range(POWERS - 2, -1, -1):
                    value = value * fraction + load(stimuli.waveform, start + power * width)
                store(work.wave, k * width, value)

    @kernel(inline="always")
    def drive_at(batch, stimuli, work, group, region, regions):
        stride = regions * width
        base = load_drives(batch.drive, group * drives * width, width)
        count = stimuli.target.size
        if count == 0:
            return base
        store_drives(work.drive, 0, width, base)
        for k in range(count):
            target = stimuli.target[k] * width
            amplitude = load(stimuli.shape, (group * count + k) * stride + region * width)
            store(work.drive, target, load(work.drive, target) + amplitude * load(work.wave, k * width))
        return load_drives(work.drive, 0, width)

    return waves_at, drive_at
