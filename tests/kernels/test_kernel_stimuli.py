"""Time-varying input inside the steps, against a solver that is given the same input as a function of time."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ngnmm_core.simulation.engine import Engine
from ngnmm_core.simulation.run import Run
from ngnmm_core.simulation.stimuli import Stimulus
from ngnmm_core.simulation.waveforms import Schedule

LABELS = ("a", "b", "c", "d", "e")
WEIGHTS = {"b": 1.0, "d": -0.5}
every_method = pytest.mark.parametrize(("method", "dt"), [("rk4", 0.01), ("multirate", 0.05), ("riccati", 0.05)])


def stimulated(model, W, points, start, stimuli, dt, samples, method="rk4", blocks=1):
    """States [sample, point, region, state], one sample per ms."""
    run = Run(Engine(model, W, method), points.parameters, start)
    run.stimulate(Schedule(stimuli, model.drives, LABELS, points.columns, len(points)))
    parts = [run.advance(dt, round(1.0 / dt), samples // blocks) for _ in range(blocks)]
    return np.stack([run.by_point(s) for s in np.concatenate(parts)])


def solved(model, W, parameters, start, current, times, breaks=()):
    """The same by DOP853, `current(t)` being added to I_ext_e per region; integration restarts at the breaks."""
    constants = model.coefficients(parameters)

    def slope(t, flat):
        x = flat.reshape(start.shape).T
        drive = (parameters["I_ext_e"] + current(t), parameters["I_ext_i"])
        coupling = parameters["G"] * (W @ model.sent(tuple(x), constants))
        return np.stack(model.derivative(tuple(x), drive, constants, coupling), axis=-1).ravel()

    states, x, begin = [], start.ravel(), 0.0
    for end in (*breaks, times[-1]):
        inside = times[(times > begin) & (times < end)]
        middle = 1e-9 * (end - begin)  # the solver must not look across a jump
        clipped = lambda t, y, lo=begin + middle, hi=end - middle: slope(min(max(t, lo), hi), y)
        out = solve_ivp(clipped, (begin, end), x, "DOP853", np.append(inside, end), rtol=1e-11, atol=1e-13)
        states += [*out.y.T[: len(inside)], *([out.y[:, -1]] if end in times else [])]
        x, begin = out.y[:, -1], end
    return np.array(states).reshape(len(times), *start.shape)


@every_method
def test_a_sinusoid_on_some_regions(ei, directed5, points_of, start_of, method, dt):
    stimulus = Stimulus(
        parameter="I_ext_e", regions=WEIGHTS, kind="sinusoid", amplitude=4.0, frequency_hz=70.0, phase_deg=30.0
    )
    points, start = points_of(ei, I_ext_e=5, G=4), start_of(ei, 1, 5)
    weights = np.array([WEIGHTS.get(label, 0.0) for label in LABELS])
    current = lambda t: 4.0 * np.sin(2 * np.pi * (0.07 * t + 30.0 / 360.0)) * weights
    times = np.arange(1.0, 41.0)
    expected = solved(ei, directed5, ei.resolve({"I_ext_e": 5, "G": 4}), start[0], current, times)
    result = stimulated(ei, directed5, points, start, [stimulus], dt, 40, method)
    np.testing.assert_allclose(result[:, 0], expected, rtol=1e-6, atol=1e-6)


@every_method
def test_a_train_of_pulses_starts_and_ends_between_steps(ei, directed5, points_of, start_of, method, dt):
    stimulus = Stimulus(
        parameter="I_ext_e", amplitude=6.0, onset_ms=5.0, duration_ms=3.5, period_ms=20.0, count=2, regions=["c"]
    )
    points, start = points_of(ei, I_ext_e=5, G=4), start_of(ei, 1, 5)
    on = lambda t: 5.0 <= t < 8.5 or 25.0 <= t < 28.5
    current = lambda t: 6.0 * on(t) * np.array([0, 0, 1.0, 0, 0])
    times = np.arange(1.0, 41.0)
    parameters = ei.resolve({"I_ext_e": 5, "G": 4})
    expected = solved(ei, directed5, parameters, start[0], current, times, breaks=(5.0, 8.5, 25.0, 28.5))
    result = stimulated(ei, directed5, points, start, [stimulus], dt, 40, method)
    np.testing.assert_allclose(result[:, 0], expected, rtol=1e-6, atol=1e-6)


def test_a_table_is_joined_by_straight_lines(ei, directed5, points_of, start_of):
    stimulus = Stimulus(parameter="I_ext_e", kind="table", amplitude=2.0, times_ms=[0, 4, 10], values=[0, 3, 1])
    points, start = points_of(ei, I_ext_e=5, G=4), start_of(ei, 1, 5)
    current = lambda t: 2.0 * np.interp(t, [0, 4, 10], [0, 3, 1], right=0.0)
    times = np.arange(1.0, 21.0)
    expected = solved(ei, directed5, ei.resolve({"I_ext_e": 5, "G": 4}), start[0], current, times, breaks=(4.0, 10.0))
    result = stimulated(ei, directed5, points, start, [stimulus], 0.01, 20)
    np.testing.assert_allclose(result[:, 0], expected, rtol=1e-6, atol=1e-6)


@every_method
def test_a_constant_stimulus_is_a_larger_input(ei, directed5, points_of, start_of, integrate, method, dt):
    start, stimulus = start_of(ei, 1, 5), Stimulus(parameter="I_ext_i", amplitude=1.5)
    result = stimulated(ei, directed5, points_of(ei, I_ext_e=9, G=4), start, [stimulus], dt, 20, method)
    larger = points_of(ei, I_ext_e=9, G=4, I_ext_i=1.5)
    steps = round(1.0 / dt)
    expected = integrate(ei, directed5, larger, start, dt, samples=20, steps=steps, method=method)
    np.testing.assert_allclose(result, expected, rtol=1e-11, atol=1e-11)


def test_stimuli_differ_between_points(ei, directed5, points_of, start_of):
    """Amplitude and region are swept; each point's numbers are those it has alone, bit for bit."""
    stimulus = Stimulus(name="focal", parameter="I_ext_e", onset_ms=3.0, duration_ms=6.0)
    extras = {"focal.amplitude": [1.0, 5.0, 5.0, 0.0], "focal.region": [0, 0, 3, 3]}
    points = points_of(ei, 4, I_ext_e=5, G=4, **extras)
    start = start_of(ei, 1, 5).repeat(4, axis=0)
    together = stimulated(ei, directed5, points, start, [stimulus], 0.01, 20)
    for k in range(4):
        alone = stimulated(ei, directed5, points.take([k]), start[[k]], [stimulus], 0.01, 20)
        np.testing.assert_array_equal(together[:, k], alone[:, 0])
    np.testing.assert_array_equal(together[:3], np.broadcast_to(together[:3, :1], together[:3].shape))
    assert len(np.unique(together[-1, :, 0, 0])) == 4


@pytest.mark.parametrize("kind", ["sinusoid", "table"])
def test_waveforms_do_not_depend_on_the_number_of_points(kind):
    stimulus = Stimulus(
        parameter="I_ext_e", kind=kind, amplitude=0.5, frequency_hz=40.0, times_ms=[0, 1, 7], values=[0, 0.3, 1]
    )
    powers = [Schedule([stimulus], ("I_ext_e",), LABELS, {}, count).powers(0, 500, 0.01) for count in (1, 2, 8)]
    for some in powers[:-1]:
        np.testing.assert_array_equal(some, powers[-1][: len(some)])


def test_stimuli_add_up(ei, directed5, points_of, start_of):
    points, start = points_of(ei, I_ext_e=5, G=4), start_of(ei, 1, 5)
    pulse, tone = Stimulus(parameter="I_ext_e"), Stimulus(parameter="I_ext_e", kind="sinusoid", regions=["a"])
    both = stimulated(ei, directed5, points, start, [pulse, tone], 0.01, 20)
    shifted = stimulated(ei, directed5, points_of(ei, I_ext_e=6, G=4), start, [tone], 0.01, 20)
    np.testing.assert_allclose(both, shifted, rtol=1e-10, atol=1e-12)


@every_method
def test_waveforms_go_on_from_block_to_block(ei, directed5, points_of, start_of, method, dt):
    stimulus = Stimulus(parameter="I_ext_e", kind="sinusoid", amplitude=4.0, frequency_hz=70.0, onset_ms=2.0)
    points, start = points_of(ei, I_ext_e=5, G=4), start_of(ei, 1, 5)
    whole, parts = (stimulated(ei, directed5, points, start, [stimulus], dt, 40, method, blocks=b) for b in (1, 5))
    np.testing.assert_array_equal(whole, parts)


def test_a_pulse_after_another_is_the_same_pulse_with_the_sum_of_the_times(ei, directed5, points_of, start_of):
    """Durations of the first that differ between points move the second along, bit for bit."""
    first = Stimulus(name="first", parameter="I_ext_e", onset_ms=2.0, duration_ms=3.0)
    second = Stimulus(name="second", parameter="I_ext_i", after="first", onset_ms=4.0, duration_ms=5.0, amplitude=3.0)
    points = points_of(ei, 2, I_ext_e=5, G=4, **{"first.duration_ms": [3.0, 6.5]})
    start = start_of(ei, 1, 5).repeat(2, axis=0)
    together = stimulated(ei, directed5, points, start, [first, second], 0.01, 20)
    for k, onset in enumerate((9.0, 12.5)):
        alone = second.model_copy(update={"after": None, "onset_ms": onset})
        one = stimulated(ei, directed5, points.take([k]), start[[k]], [first, alone], 0.01, 20)
        np.testing.assert_array_equal(together[:, k], one[:, 0])
