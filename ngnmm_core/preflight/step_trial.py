"""Whether the integration step is short enough for a study: tried out before the run.

How fast states change depends on the whole study: from near the nominal state all regions fire their first volley
together, and its rates grow with coupling and input.  So the method takes its steps at the corners of the study and at
points in between, on a small network whose rows sum to what those of the connectome do, and steps of half the size
beside them.  What comes out is kept in the folder of the compiled kernels.
"""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from ngnmm_core.compilation.cache_folder import cache_directory
from ngnmm_core.compilation.own_files import equations_code
from ngnmm_core.errors import InputError
from ngnmm_core.points import Kind, Points
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages.context import fingerprint
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.stages.simulation import likely_steps
from ngnmm_core.storage.checked_json import read_checked, write_checked
from ngnmm_core.study.study import Study

REGIONS = 8
MOST_POINTS = 64
MOST_CORNERS = 5  # parameters whose corners are all tried
TRIAL_MS = 100.0  # for the default time constants of a model
MOST_ERROR = 0.1  # of a state's range, in 100 ms; where a step is all right it is smaller by orders of magnitude
TINY = 1e-300
UNTRIED = 10  # how many times shorter than the default one a step is safe: the trial would take long and tell nothing
SHORTEST = 32  # how many times shorter steps are tried to find one that will do


def check_steps(study: Study, regions: int, row_sum: float) -> list[str]:
    """Refuses an integration step that blows up; warns of one whose results are bad.

    A step no longer than the method's default one is not refused: what blows up with it becomes NaN with a status.  One
    that is shorter by far is not tried.

    Parameters
    ----------
    regions : int
        Number of regions of the connectome.
    row_sum : float
        Largest sum of a row of the normalised weights.

    Returns
    -------
    list of str
        Warnings.

    Raises
    ------
    InputError
        Naming the step, the point, and the largest step that will do.
    """
    warnings = {}
    for stage in stages_of(study):
        if not stage.simulates:
            continue
        simulation = Simulation.model_validate(stage.settings(study))
        if simulation.dt_ms is None and simulation.integrator.watches:  # every point chooses its own
            continue
        if simulation.dt_ms is not None and simulation.dt_ms * UNTRIED < simulation.integrator.step_ms:
            continue
        points = _stimulated(study, _extremes(stage.layout(study, regions).points))
        for some, step_ms in _with_steps(study, simulation, points):
            verdict = _verdict(study, simulation.model_copy(update={"dt_ms": step_ms}), some, row_sum)
            if verdict["refused"]:
                raise InputError(verdict["message"])
            warnings[verdict["message"]] = None
    return [warning for warning in warnings if warning]


def _with_steps(study: Study, simulation: Simulation, points: Points) -> Iterator[tuple[Points, float]]:
    """Give points of one step each, and this step (ms): that of the settings, or of each point's times and delays."""
    steps = likely_steps(study, simulation, points)
    for step_ms in np.unique(steps):
        yield points.take(np.flatnonzero(steps == step_ms)), float(step_ms)


def _extremes(points: Points) -> Points:
    """Choose the points at the corners of what varies, and some in between."""
    table = np.column_stack(list(points.parameters.values()))
    low, span = table.min(axis=0), np.ptp(table, axis=0)
    varying = np.flatnonzero(span > 0)[:MOST_CORNERS]
    scaled = (table[:, varying] - low[varying]) / span[varying]
    corners = [int(np.argmax(scaled @ np.array(signs, float))) for signs in product((-1, 1), repeat=len(varying))]
    between = np.linspace(0, len(points) - 1, MOST_POINTS - len(corners)).round().astype(int)
    chosen = np.unique([*corners, *between])
    _, first = np.unique(table[chosen], axis=0, return_index=True)
    return points.take(chosen[np.sort(first)])


def _stimulated(study: Study, points: Points) -> Points:
    """Return the points, and again with all that stimuli may add to their drives."""
    added: dict[str, float] = {}
    for stimulus in study.simulation.stimuli:
        largest = max(0.0, *study.values_of(stimulus, "amplitude"))
        added[stimulus.parameter] = added.get(stimulus.parameter, 0.0) + largest
    if not any(added.values()):
        return points
    raised = {name: values + added.get(name, 0.0) for name, values in points.parameters.items()}
    both = {name: np.concatenate([values, raised[name]]) for name, values in points.parameters.items()}
    return points.take(np.tile(np.arange(len(points)), 2)).having(both, Kind.PARAMETER)


def _verdict(study: Study, settings: Simulation, points: Points, row_sum: float) -> dict:
    """Give the verdict of a trial, cached if it was made before: whether the step is refused, and a message."""
    model = study.model
    keys = ("method", "dt_ms", "sample_ms", "precision", "substeps", "initial")
    about = [
        model.name,
        settings.model_dump(mode="json", include=set(keys)),
        {name: values.tolist() for name, values in points.columns.items()},
        row_sum,
        equations_code(model.derivative.__module__, "ngnmm_core.preflight.step_trial"),
    ]
    path = cache_directory() / f"step-{fingerprint(about, size=8)}.json"
    known = read_checked(path)
    if known is not None:
        return known
    verdict = Trial(study, settings, points, row_sum).verdict()
    with contextlib.suppress(InputError):  # without it, the next start takes a second longer
        write_checked(path, verdict)
    return verdict


class Trial:
    """Short runs of a study's method at some points of the study, on a small network."""

    def __init__(self, study: Study, settings: Simulation, points: Points, row_sum: float):
        from ngnmm_core.connectome.connectome import Connectome
        from ngnmm_core.simulation.simulator import Simulator  # compiles kernels

        W = row_sum / (REGIONS - 1) * (1.0 - np.eye(REGIONS))
        quiet = {"noise_sigma": 0.0, "stimuli": ()}
        self.settings, self.points, self._places = settings, points, _places(points, study.model.drives)
        self._simulator = Simulator(study.model, Connectome(W), settings.model_copy(update=quiet))

    def verdict(self) -> dict:
        """Whether the step is refused, and what to tell the user."""
        settings, steps = self.settings, self.settings.steps_per_sample(self.settings.longest_step_ms)
        blown, errors = self.run(steps)
        worst = int(np.argmax(errors))
        if errors[worst] <= MOST_ERROR:
            return {"refused": False, "message": ""}
        self.points = self.points.take(np.flatnonzero(errors > MOST_ERROR))
        enough = next((n for n in _shorter(steps) if self.run(n)[1].max() <= MOST_ERROR), None)
        better = f"{settings.sample_ms / enough:.3g}" if enough else "none that was tried"
        key, step, method = "simulation.dt_ms", f"{settings.longest_step_ms:g}", f"method {settings.method}"
        place = self._places[worst if blown is None else blown[0]]
        if blown is None:
            message = (
                f"warning: {key}: with {step}, {method} is wrong by {errors[worst]:.0%} of the range of a state at "
                f"{place}; largest step that is not: {better}"
            )
            return {"refused": False, "message": message}
        blows_up = f"{step} makes {method} blow up at {place} after {blown[1]:.3g} ms"
        if settings.longest_step_ms > settings.integrator.step_ms * float(
            self._simulator.time_factors(self.points).min()
        ):
            return {"refused": True, "message": f"{key}: {blows_up}; allowed: at most {better}"}
        return {"refused": False, "message": f"warning: {key}: {blows_up}; largest step that does not: {better}"}

    def run(self, steps: int) -> tuple[tuple[int, float] | None, np.ndarray]:
        """Try some steps per sample: which point blows up first and when (ms), if any; errors [point], of the range."""
        blown, errors = None, np.empty(len(self.points))
        factors = self._simulator.time_factors(self.points)
        for factor in np.unique(factors):
            places = np.flatnonzero(factors == factor)
            coarse, fine = (self._states(places, n, float(factor)) for n in (steps, 2 * steps))
            finite = np.isfinite(coarse).all(axis=(2, 3))  # [sample, point]
            if not finite.all():
                sample = int(np.argmin(finite.all(axis=1)))
                here = int(places[np.argmin(finite[sample])]), (sample + 1) * self.settings.sample_ms
                blown = here if blown is None or here[1] < blown[1] else blown
            with np.errstate(invalid="ignore"):
                extent = np.ptp(np.where(np.isfinite(fine), fine, 0.0), axis=(0, 1, 2))
                apart = np.abs(coarse - fine).max(axis=(0, 2)) / np.maximum(extent, TINY)
            errors[places] = np.nan_to_num(apart.max(axis=1), nan=np.inf)
        return blown, errors

    def _states(self, places: np.ndarray, steps: int, factor: float) -> np.ndarray:
        """States [sample, point, region, state] with some steps per sample, of points whose times are alike."""
        from ngnmm_core.simulation.run import Run

        samples = max(round(TRIAL_MS * factor / self.settings.sample_ms), 2)
        parts, size = [], self._simulator.engine.batch_size
        for start in range(0, len(places), size):
            some = self.points.take(places[start : start + size])
            run = Run(self._simulator.engine, some.parameters, self._simulator.initial_states(some))
            with np.errstate(all="ignore"):
                path = run.advance(self.settings.sample_ms / steps, steps, samples)
            parts.append(np.stack([run.by_point(states) for states in path]))
        return np.concatenate(parts, axis=1)


def _shorter(steps: int) -> Iterator[int]:
    """Numbers of steps per sample to try, from the longest step to the shortest."""
    n = steps + 1
    while n <= SHORTEST * steps:
        yield n
        n += max(1, n // 4)


def _places(points: Points, drives: Sequence[str]) -> list[str]:
    """Every point in words: the parameters that vary, or coupling and drives."""
    varying = [name for name, values in points.parameters.items() if np.ptp(values) > 0] or ["G", *drives]
    return [", ".join(f"{n} = {points.parameters[n][k]:g}" for n in varying) for k in range(len(points))]
