"""Times other ways to integrate the same network: `python -m benchmarks.peers`, see `benchmarks.serve`.

Runs in any interpreter that has what benchmarks/requirements-peers.txt asks for; what is missing is reported as such.
The equations are those of the model `ei_ngnmm` at its default parameters, written as a user of each tool would.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks.serve import serve

I_EXT_E, G, TAU, TAU_SI = 15.0, 5.0, 8.0, 5.0
START = (0.02, -1.0, 0.02, 0.02, -1.0, 0.02)
JAX_POINTS = 8


def network(regions):
    """The weights of `benchmarks.problem.dense_network`."""
    W = np.random.default_rng(0).uniform(0.1, 1.0, (regions, regions))
    np.fill_diagonal(W, 0.0)
    return W / W.sum(axis=1, keepdims=True)


def start(regions):
    """States [state, region] near the nominal state."""
    noise = 0.01 * np.random.default_rng(1).standard_normal((6, regions))
    x = np.array(START)[:, None] + noise
    return np.where(np.array([1, 0, 1, 1, 0, 1], bool)[:, None], np.abs(x), x)


def slopes(x, coupling):
    """Time derivatives of (r_e, v_e, s_e, r_i, v_i, s_i), with what all regions receive."""
    r_e, v_e, s_e, r_i, v_i, s_i = x
    pi = np.pi
    return (
        (1.0 / (pi * TAU) + 2.0 * r_e * v_e) / TAU,
        (v_e**2 - 5.0 + I_EXT_E - (pi * TAU * r_e) ** 2) / TAU + 5.0 * s_e - 13.0 * s_i + coupling,
        r_e - s_e,
        (1.0 / (pi * TAU) + 2.0 * r_i * v_i) / TAU,
        (v_i**2 - 5.0 - (pi * TAU * r_i) ** 2) / TAU + 13.0 * s_e - 5.0 * s_i + coupling,
        (r_i - s_i) / TAU_SI,
    )


def solve_ivp(regions):
    """scipy's RK45 at rtol 1e-6 on arrays."""
    from scipy.integrate import solve_ivp as solve

    W, begin = network(regions), start(regions).ravel()

    def slope(t, flat):
        x = flat.reshape(6, regions)
        return np.concatenate(slopes(x, G * (W @ x[2])))

    return lambda ms: solve(slope, (0.0, ms), begin, rtol=1e-6, atol=1e-9), 1


def odeint(regions):
    """scipy's odeint on a right-hand side that loops over regions in Python, the form in circulation."""
    from scipy.integrate import odeint as solve

    W, begin = network(regions), start(regions).T.ravel()

    def slope(flat, t):
        x, result = flat.reshape(regions, 6), np.empty((regions, 6))
        for k in range(regions):
            result[k] = slopes(x[k], G * np.dot(W[k], x[:, 2]))
        return result.ravel()

    return lambda ms: solve(slope, begin, np.arange(0.0, ms + 0.05, 0.1)), 1


def jax(regions, dtype):
    """RK4 of 0.01 ms in `lax.scan`, compiled by XLA; eight points side by side."""
    import jax as library
    import jax.numpy as jnp

    library.config.update("jax_enable_x64", True)
    W = jnp.asarray(network(regions), dtype)
    begin = jnp.asarray(np.repeat(start(regions)[:, :, None], JAX_POINTS, axis=2), dtype)
    h = jnp.asarray(0.01, dtype)

    def slope(x):
        return jnp.stack(slopes(x, G * (W @ x[2]))).astype(dtype)

    def step(x, _):
        k1 = slope(x)
        k2 = slope(x + 0.5 * h * k1)
        k3 = slope(x + 0.5 * h * k2)
        k4 = slope(x + h * k3)
        return x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

    millisecond = library.jit(lambda x: library.lax.scan(step, x, None, length=100)[0])

    def run(ms):
        x = begin
        for _ in range(round(ms)):
            x = millisecond(x)
        return x.block_until_ready()

    return run, JAX_POINTS


def tvb(regions):
    """The Virtual Brain's Dumont-Gutkin model, RK4 of 0.01 ms (which holds the coupling during a step)."""
    from tvb.simulator.lab import connectivity, coupling, integrators, models, monitors, simulator

    W = network(regions)
    links = connectivity.Connectivity(
        weights=W,
        tract_lengths=np.zeros_like(W),
        region_labels=np.array([str(k) for k in range(regions)]),
        centres=np.zeros((regions, 3)),
        speed=np.array([1.0]),
    )

    def run(ms):
        simulator.Simulator(
            model=models.DumontGutkin(),
            connectivity=links,
            coupling=coupling.Linear(a=np.array([G])),
            integrator=integrators.RungeKutta4thOrderDeterministic(dt=0.01),
            monitors=(monitors.TemporalAverage(period=1.0),),
            simulation_length=ms,
        ).configure().run()

    return run, 1


PEERS = {"solve_ivp": solve_ivp, "odeint": odeint, "jax": jax, "tvb": tvb}


def prepare(peer, **options):
    """One of `PEERS`."""
    return PEERS[peer](**options)


if __name__ == "__main__":
    serve(prepare)
