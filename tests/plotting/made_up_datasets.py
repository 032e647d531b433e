"""Small made-up results of studies: every variable that the study's analyses declare, filled with plausible numbers."""

import json

import numpy as np
import xarray as xr

from ngnmm_core.stages.registry import stages_of

REGIONS = 6
CONFIG = {
    "connectome": {"name": "hcp-aal2-94"},
    "simulation": {"duration_ms": 2000, "transient_ms": 600},
    "analyses": {"rates": {}, "spectra": {}, "fc": {}, "synchrony": {}, "msf": {}},
}
GRID = {"G": [1, 2, 3, 4], "Delta": [0.8, 1.0, 1.2], "I_ext_e": [3, 8, 10, 13], "seed": [0]}

FOCAL = {"name": "focal", "parameter": "I_ext_e", "onset_ms": 700, "duration_ms": 50, "amplitude": 8.0, "region": 0}
SPREADING = {
    "simulation": CONFIG["simulation"] | {"stimuli": [FOCAL]},
    "analyses": CONFIG["analyses"] | {"recruitment": {"threshold_hz": 20}},
}


def region_coords(count=REGIONS, centres=True, hemispheres=True):
    rng = np.random.default_rng(7)
    coords = {"region": [f"Area_{k // 2}_{'LR'[k % 2]}" for k in range(count)]}
    if hemispheres:
        coords["hemisphere"] = ("region", [("L", "R")[k % 2] for k in range(count)])
    if centres:
        for axis, reach in zip("xyz", (60.0, 80.0, 50.0), strict=True):
            about = {"units": "mm", "long_name": "centre of the region"}
            coords[f"centre_{axis}"] = ("region", rng.uniform(-reach, reach, count), about)
    return coords


def values_of(variable, shape, rng):
    """Plausible numbers: flags say that all is well."""
    if variable.flags:
        fine = [
            k for k, word in enumerate(variable.flags) if word in ("ok", "oscillating", "limit_cycle", "in_the_band")
        ]
        return np.full(shape, fine[0], np.int8)
    if np.dtype(variable.dtype).kind == "i":
        return rng.integers(0, REGIONS, shape)
    scales = {"Hz": 100.0, "ms": 20.0, "ms-1": 0.02, "Hz-1": 0.01}
    shift = 0.5 if variable.unit == "ms-1" or variable.name == "observable_series" else 0.0
    return scales.get(variable.unit, 1.0) * (rng.uniform(0.05, 1.0, shape) - shift)


def made_up(study, file, **about_regions):
    """A dataset as the workflow merges it into `file`."""
    rng = np.random.default_rng(1)
    sizes = {"population": 2, "region": REGIONS, "frequency": 101, "band": 5, "edge": 15, "mode": REGIONS}
    signals = list(getattr(study.options.get("fc"), "signals", ("rate",)))
    sizes |= {"signal": len(signals), "time": 300, "lambda": 41, "path_measure": 4}
    data, coords = {}, region_coords(**about_regions)
    for stage in (s for s in stages_of(study) if s.file == file):
        layout = stage.layout(study, REGIONS)
        for variable in stage.variables(stage.analyses(study)):
            shape = (*layout.shape, *(sizes[dim] for dim in variable.dims))
            data[variable.name] = ((*layout.dims, *variable.dims), values_of(variable, shape, rng), variable.attributes)
        for name in study.axes:
            own = name if file == "sweep.nc" and not study.listed else layout.dims[0]
            columns = layout.points.columns
            listed = columns[name if name in columns else study.model.targets(name)[0]]
            if own == name or name not in coords:
                parameter = study.model.parameter(name) if name in study.model.axis_names else None
                attrs = {"units": parameter.unit, "long_name": parameter.meaning} if parameter else {}
                coords[name] = (own, study.axes[name] if own == name else listed, attrs)
    about_time = {"units": "ms", "long_name": "time since the end of the transient"}
    coords |= {
        "population": ["E", "I"],
        "signal": signals,
        "frequency": ("frequency", 2.0 * np.arange(101), {"units": "Hz", "long_name": "frequency"}),
        "time": ("time", 1000.0 + np.arange(300), about_time),
        "lambda": np.linspace(-1.0, 1.0, 41),
        "region_i": ("edge", np.triu_indices(REGIONS, 1)[0]),
        "region_j": ("edge", np.triu_indices(REGIONS, 1)[1]),
    }
    data["eigenvalue_real"] = ("mode", np.linspace(1.0, -0.4, REGIONS))
    used = {dim for dims, *_ in data.values() for dim in ([dims] if isinstance(dims, str) else dims)}
    kept = {k: v for k, v in coords.items() if (v[0] if isinstance(v, tuple) else k) in used}
    config = {"analyses": {name: o.model_dump(mode="json") for name, o in study.options.items()}}
    return xr.Dataset(data, kept, {"model": study.model.name, "config": json.dumps(config)})
