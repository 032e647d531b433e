"""A process that times what it is asked to run; needs the standard library alone, so that any interpreter can do it."""

import json
import os
import sys
import time
from collections.abc import Callable


def serve(prepare: Callable[..., tuple[Callable[[float], object], int]]) -> None:
    """Answers requests, a JSON object per line: `ms` to simulate, and what `prepare` takes as keywords.

    `prepare(**case)` gives a function of the simulated time and the number of points that it advances.  An answer
    holds CPU seconds and wall seconds per simulated second and point.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not an answer
    prepared: dict[str, tuple[Callable[[float], object], int]] = {}
    for line in sys.stdin:
        case = json.loads(line)
        ms = case.pop("ms")
        key = json.dumps(case, sort_keys=True)
        try:
            if key not in prepared:
                prepared[key] = prepare(**case)
                prepared[key][0](1.0)  # compiles
            run, points = prepared[key]
            cpu, wall = time.process_time(), time.perf_counter()
            run(ms)
            unit = 1000.0 / ms / points
            answer = {"cpu": (time.process_time() - cpu) * unit, "wall": (time.perf_counter() - wall) * unit}
        except ImportError as error:
            answer = {"missing": str(error)}
        print(json.dumps(answer | {"points": prepared[key][1] if key in prepared else 0}), file=answers, flush=True)
