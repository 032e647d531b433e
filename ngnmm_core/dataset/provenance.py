"""Where a result comes from: the canonical config, versions, and the state of the code."""

import csv
import importlib.metadata
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ngnmm_core.compilation.cpu_target import processor
from ngnmm_core.recordings.load import identity as recordings_identity
from ngnmm_core.simulation.map_settings import context_of, surrogates_of
from ngnmm_core.stages.context import fingerprint
from ngnmm_core.study.balance import balance_of
from ngnmm_core.study.study import Study

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "xarray", "netCDF4")


def scientific_config(study: Study, connectome: str) -> dict[str, Any]:
    """Collect what the numbers of a study depend on, as plain data: no names, paths, shards or highlights.

    `connectome` is the identity of the connectome.  Parameters are resolved, so that two studies that say the same
    thing in different words have the same config.
    """
    # -0.0 + 0.0 is 0.0: the same point has the same config
    swept = {target for name in study.axes for target in study.model.targets(name)}
    resolved = study.model.resolve(study.fixed)
    axes = {name: [float(v) + 0.0 for v in values] for name, values in study.axes.items()}
    config: dict[str, Any] = {
        "model": study.model.name,
        "parameters": {name: float(v) + 0.0 for name, v in resolved.items() if name not in swept},
        "points" if study.listed else "grid": axes,
        "connectome": connectome,
        "normalization": study.config.normalization,
        "analyses": {name: options.model_dump(mode="json") for name, options in study.options.items()},
        "cpu_target": study.config.cpu_target,
    }
    if study.config.nulls is not None:
        config["nulls"] = study.config.nulls.model_dump(include={"kind", "seed"})
    if study.config.empirical is not None:
        config["empirical"] = recordings_identity(study.config.empirical)
    if study.config.model.balance is not None:
        config["balance"] = balance_of(study.config)
    if study.maps:
        config["maps"] = context_of(study.maps)
        config["surrogates"] = surrogates_of(study.maps)
    if study.files:
        config["sources"] = {place: file.source for place, file in study.files.items()}
    if study.config.model.operating_point is not None:
        config["operating_point"] = study.config.model.operating_point.model_dump(mode="json")
        config["parameters"].pop(study.model.equilibrium_curve.drive)
    if study.simulates:
        config["simulation"] = study.simulation.model_dump(mode="json", by_alias=True)
    return config


def config_hash(study: Study, connectome: str) -> str:
    """Hash the scientific config into 32 hexadecimal digits."""
    return fingerprint(scientific_config(study, connectome))


def package_versions() -> str:
    """Versions of the packages that compute or write numbers, as `name version, ...`."""
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def git_state(folder: Path) -> dict[str, Any]:
    """Commit of the working copy that holds `folder` and whether it has uncommitted changes; empty without git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.CalledProcessError):
        return {}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def job_times(shard: Path) -> dict[str, Any]:
    """When a shard was finished, and what its job took, if the benchmark that Snakemake has made of it is still there.

    The benchmark of `<study>/shards/<stage>/<name>.nc` is `<study>/benchmarks/<stage>/<name>.tsv`.
    """
    finished = datetime.fromtimestamp(shard.stat().st_mtime, UTC).isoformat(timespec="seconds")
    benchmark = shard.parents[2] / "benchmarks" / shard.parent.name / f"{shard.stem}.tsv"
    try:
        with open(benchmark, newline="", encoding="utf-8", errors="replace") as file:
            row = list(csv.DictReader(file, delimiter="\t"))[-1]
    except (OSError, csv.Error, IndexError):  # none, or one that a full disk has left empty
        return {"finished": finished}
    named = {"wall_s": "s", "cpu_s": "cpu_time", "peak_memory_MB": "max_rss"}
    measured = {name: _number(row.get(column)) for name, column in named.items()}
    return {"finished": finished, **{name: value for name, value in measured.items() if value is not None}}


def _number(text: Any) -> float | None:
    """Read a number of a benchmark; None for `NA`, of a job too short to be looked at, and for what is damaged."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def machine() -> dict[str, Any]:
    """Processor, system and Python of this machine."""
    return {"system": platform.platform(), "processor": processor(), "python": platform.python_version()}
