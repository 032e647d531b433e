"""One parameter point at the prompt: simulated in seconds, told in a few lines, and drawn on one page."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ngnmm_core.api import get_connectome, run_stage
from ngnmm_core.connectome import connectome_of
from ngnmm_core.connectome.normalisation import LARGEST_SPREAD, row_sum_spread
from ngnmm_core.errors import InputError
from ngnmm_core.simulation.settings import Simulation
from ngnmm_core.stages.registry import STAGES
from ngnmm_core.storage.atomic import WRITABLE
from ngnmm_core.study.load import make_study

if TYPE_CHECKING:
    import xarray as xr

FORMATS = (".png", ".svg", ".pdf")


def point_dataset(parameters: Mapping[str, float], connectome: Any = "hcp-aal2-94", **settings: Any) -> "xr.Dataset":
    """All that the detail sheet of a point shows: simulation, time series, and the dispersion relation if it has one.

    Parameters
    ----------
    parameters : mapping
        Values of the model's parameters where they are not its defaults.
    connectome
        Anything that `ngnmm_core.api.get_connectome` takes.
    **settings
        `model` (a name), `normalization`, `seed`, and every key of a study's `simulation`.

    Returns
    -------
    xarray.Dataset
        The variables of a study's `highlights.nc`, for one highlight.

    Raises
    ------
    InputError
        For anything that a study file would be refused for.
    """
    model, normalization = settings.pop("model", "ei_ngnmm"), settings.pop("normalization", "row")
    seed, brain = settings.pop("seed", 0), connectome_of(get_connectome(connectome))
    simulation = Simulation.model_validate(settings)
    window_ms = simulation.duration_ms - simulation.transient_ms
    spectra = {"segment_ms": 1000.0} if window_ms >= 2000.0 else {"segment_ms": max(round(window_ms / 2), 1)}
    analyses = {"rates": {}, "spectra": spectra, "fc": {}, "synchrony": {}}
    if row_sum_spread(brain.normalised(normalization).weights) <= LARGEST_SPREAD:
        analyses["msf"] = {}
    study = make_study(
        "point",
        {
            "connectome": {"name": "given"},
            "model": {"name": model, "parameters": dict(parameters)},
            "normalization": normalization,
            "grid": {"seed": [seed]},
            "simulation": settings,
            "analyses": analyses,
            "highlights": [{"seed": seed}],
        },
    )
    return run_stage(study, STAGES["highlights"], brain)


def run_point(parameters: Mapping[str, float], connectome: Any, output: Path, **settings: Any) -> None:
    """Simulate a point, print what it does, and write its detail sheet to `output` (PNG, SVG or PDF).

    Raises
    ------
    InputError
        If `output` has another ending, or can't be written; what stood there before is then left as it was.
    """
    if output.suffix.lower() not in FORMATS:
        raise InputError(f"--output: '{output}' has no known format; allowed: a name ending in {', '.join(FORMATS)}")
    if not output.absolute().parent.is_dir():
        raise InputError(f"--output: {output.parent} is not there; allowed: a folder that exists")
    start = time.perf_counter()
    dataset = point_dataset(parameters, connectome, **settings)
    from ngnmm_core.plotting.highlights import detail_sheet, summary
    from ngnmm_core.plotting.parts.save import save

    for name, value in summary(dataset):
        print(name if value is None else f"  {name:28s} {value}")
    try:
        save(detail_sheet(dataset), output)
    except OSError as error:
        raise InputError(f"--output: {output}: can't be written ({error.strerror}); {WRITABLE}") from None
    print(f"{output} ({time.perf_counter() - start:.1f} s)")
