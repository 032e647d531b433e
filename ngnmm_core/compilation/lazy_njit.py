"""`numba.njit` that costs nothing until it is called.

Declarations of analyses are read whenever Snakemake parses the workflow, in every job; importing numba for that would
cost each of them half a second.
"""

from functools import cached_property, update_wrapper


class LazyKernel:
    """A plain function of a module, compiled at the first call and, unless a notebook's, kept in the kernel cache."""

    def __init__(self, function):
        self.function = function
        update_wrapper(self, function)

    @cached_property
    def compiled(self):
        """The numba dispatcher."""
        from ngnmm_core.compilation.kernel_cache import compiled_by

        name = f"{self.function.__module__.rpartition('.')[2]}-{self.function.__name__}"
        return compiled_by(_compile, self.function, name=name)

    def __call__(self, *arguments):
        """Call the compiled function."""
        return self.compiled(*arguments)


def _compile(function):
    from numba import njit

    return njit(nogil=True, error_model="numpy")(function)


def lazy_njit(function) -> LazyKernel:
    """Compiles `function`, without fast-math, at its first call.  It must not call other compiled functions."""
    return LazyKernel(function)
