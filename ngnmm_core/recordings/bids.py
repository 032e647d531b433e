"""BIDS derivatives: which files of a folder hold parcellated series, whose they are, and what stands beside them.

Gorgolewski et al., Scientific Data 3, 160044 (2016), doi:10.1038/sdata.2016.44.
"""

import json
import re
from pathlib import Path

from ngnmm_core.connectome.subjects import entity
from ngnmm_core.errors import InputError

LEVELS = 4  # folders in which metadata are looked for: of the series, and three above
PROCESSED = ("desc", "space", "res", "den", "stat")  # entities that say how an image was processed
ALIKE = ("task", *PROCESSED)  # entities that series of one comparison have in common
ENDINGS = ("_timeseries.tsv", "_bold.ptseries.nii", "_timeseries.ptseries.nii")


def series_files(folder: Path) -> list[Path]:
    """Parcellated series below a folder of derivatives, sorted.

    Raises
    ------
    InputError
        If there is none, or series of several parcellations, tasks, or ways of processing.
    """
    found = sorted(p for p in folder.rglob("sub-*") if p.name.endswith(ENDINGS) and "confounds" not in p.name)
    if not found:
        raise InputError(
            f"empirical.path: {folder}: no parcellated series in it; allowed: files sub-*{' or sub-*'.join(ENDINGS)}"
        )
    atlases = sorted({atlas for path in found if (atlas := entity(path, "seg") or entity(path, "atlas"))})
    kinds = sorted({next(e for e in ENDINGS if path.name.endswith(e)) for path in found})
    versions = [sorted({f"{name}-{entity(p, name)}" for p in found if entity(p, name)}) for name in ALIKE]
    several = next((names for names in (atlases, kinds, *versions) if len(names) > 1), None)
    if several:
        raise InputError(
            f"empirical.path: {folder}: series of {', '.join(several)}; allowed: one of them, as a pattern such as "
            f"{folder.name}/**/*{several[0]}*"
        )
    return found


def sidecar(path: Path) -> dict:
    """Read the metadata that BIDS has for a series; empty if there is none.

    From the JSON file beside it of the same name, without its parcellation too, or of its `bold`; else, as metadata are
    inherited, from a `*_bold.json` in its folder or up to three above whose entities are all in its name (but for how
    the images were processed).  The nearest counts, and of those in one folder the one with most entities.

    Raises
    ------
    InputError
        If a file there can't be read.
    """
    stem = path.name.split(".")[0]
    bare = re.sub(r"_(seg|atlas)-[A-Za-z0-9+]+", "", stem)
    for name in (stem, bare, *(re.sub("_timeseries$", "_bold", one) for one in (stem, bare))):
        beside = path.with_name(f"{name}.json")
        if beside.is_file():
            return _metadata(beside)
    if not stem.startswith("sub-"):
        return {}
    own = _entities(stem)
    for folder in list(path.absolute().parents)[:LEVELS]:
        fitting = [one for one in sorted(folder.glob("*_bold.json")) if _entities(one.name) <= own]
        if fitting:
            return _metadata(max(fitting, key=lambda one: len(_entities(one.name))))
    return {}


def _entities(name: str) -> set[tuple[str, str]]:
    """Pairs of key and value in a BIDS file name, but for those of `PROCESSED`."""
    pairs = re.findall(r"(?:^|_)([A-Za-z0-9]+)-([A-Za-z0-9+]+)", name.split(".")[0])
    return {pair for pair in pairs if pair[0] not in PROCESSED}


def _metadata(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{path}: not JSON that can be read; allowed: a BIDS sidecar") from None
    return content if isinstance(content, dict) else {}
