"""Keeps what is compared on one processor: those of a shared machine differ, at times by a third for minutes."""

import functools
import os
from collections.abc import Callable


def kept_on(number: int) -> Callable[[], None] | None:
    """Give what a new process calls first (`preexec_fn`) to stay on one of the processors that it may use.

    The same number is the same processor in one run.  None where a system has no such call.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return functools.partial(os.sched_setaffinity, 0, {allowed[number % len(allowed)]})
