"""Times this package's integrators: `python -m benchmarks.worker`, see `benchmarks.serve`."""

import numpy as np

from benchmarks.problem import MODEL, STEPS_MS, delays_of, dense_network, maps_of, new_run, points_at, start_of
from benchmarks.serve import serve
from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.integrators import get_integrator
from ngnmm_core.simulation.run import Run

NOISY, DELAYED, ROUNDED, MAPS = " with noise", " with delays", " with rounded delays", " with maps"
START_MS = 25.0
SIGMA = 0.05  # ms^0.5, of the noise with heun


def prepare(method: str, dtype: str, regions: int):
    """A batch of neighbouring points on a dense network; `heun` with noise, others with what their name says."""
    noise = method == "heun" or method.endswith(NOISY)
    delays = delays_of(regions, method.endswith(ROUNDED)) if method.endswith((DELAYED, ROUNDED)) else None
    maps = method.endswith(MAPS)
    for suffix in (NOISY, DELAYED, ROUNDED, MAPS):
        method = method.removesuffix(suffix)
    W, dt = dense_network(regions), STEPS_MS[method]
    if delays is not None:
        dt = get_integrator(method).delayed_step_ms or dt
    count = Engine(MODEL, W, method, dtype).batch_size
    places = [(15.0 - 0.02 * k, 5.0 + 0.02 * k) for k in range(count)]
    points = points_at(places, np.arange(count) % 8)
    start = start_of(points, regions, False)
    if maps:
        run = Run(Engine(MODEL, W, method, dtype), maps_of(points, regions), start)
    else:
        run = new_run(W, points, start, method, dtype, SIGMA if noise else 0.0, delays)
    run.advance(dt, round(START_MS / dt), 1)  # the first volley takes shorter steps; no delay is longer
    return lambda ms: run.advance(dt, round(1.0 / dt), round(ms)), count


if __name__ == "__main__":
    serve(prepare)
