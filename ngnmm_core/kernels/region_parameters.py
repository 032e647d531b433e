"""Coefficients and constant drives of a region: the same for all regions of a point, or its own where there are maps.

Kernels are compiled for one or the other: what all regions share is loaded once and stays in registers.
"""

from ngnmm_core.kernels.llvm import kernel, make_tuple_access


def make_region_parameters(equations, width):
    """`shared(batch, group, regions)` and `of_region(batch, place, shared)`, each a pair (coefficients, drives).

    `place` is the number of a region among those of all groups.
    """
    load_coefficients, _ = make_tuple_access(equations.coefficients)
    load_drives, _ = make_tuple_access(equations.drives)
    coefficients, drives, regional = equations.coefficients, equations.drives, equations.regional

    @kernel(inline="always")
    def at(batch, place):
        constants = load_coefficients(batch.coefficients, place * coefficients * width, width)
        return constants, load_drives(batch.drive, place * drives * width, width)

    @kernel(inline="always")
    def shared(batch, group, regions):
        return at(batch, group * regions if regional else group)

    @kernel(inline="always")
    def same(batch, place, shared):
        return shared

    @kernel(inline="always")
    def own(batch, place, shared):
        return at(batch, place)

    return shared, own if regional else same
