"""BIDS derivatives: which files of a folder hold parcellated series, whose they are, and what stands beside them.

Gorgolewski et al., Scientific Data 3, 160044 (2016), doi:10.1038/sdata.2016.44.
"""

import json
import re
from pathlib import Path

from ngnmm_core.connectome.subjects import entity
from ngnmm_core.errors import InputError

ENDINGS = ("_timeseries.tsv", "_bold.ptseries.nii", "_timeseries.ptseries.nii")


def series_files(folder: Path) -> list[Path]:
    """Parcellated series below a folder of derivatives, sorted.

    Raises
    ------
    InputError
        If there is none, or series of several parcellations.
    """
    found = sorted(p for p in folder.rglob("sub-*") if p.name.endswith(ENDINGS) and "confounds" not in p.name)
    if not found:
        raise InputError(
            f"empirical.path: {folder}: no parcellated series in it; allowed: files sub-*{' or sub-*'.join(ENDINGS)}"
        )
    atlases = sorted({atlas for path in found if (atlas := entity(path, "seg") or entity(path, "atlas"))})
    kinds = sorted({next(e for e in ENDINGS if path.name.endswith(e)) for path in found})
    several = atlases if len(atlases) > 1 else kinds if len(kinds) > 1 else []
    if several:
        raise InputError(
            f"empirical.path: {folder}: series of {', '.join(several)}; allowed: one of them, as a pattern such as "
            f"{folder.name}/**/*{several[0]}*"
        )
    return found


def sidecar(path: Path) -> dict:
    """Read the metadata in the JSON file beside a series, of the same name or of its `bold`; empty if there is none.

    Raises
    ------
    InputError
        If the file there can't be read.
    """
    stem = path.name.split(".")[0]
    for name in (stem, re.sub(r"_(seg|atlas)-[A-Za-z0-9+]+", "", stem), re.sub("_timeseries$", "_bold", stem)):
        beside = path.with_name(f"{name}.json")
        if beside.is_file():
            try:
                content = json.loads(beside.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                raise InputError(f"{beside}: not JSON that can be read; allowed: a BIDS sidecar") from None
            return content if isinstance(content, dict) else {}
    return {}
