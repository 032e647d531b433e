"""Puts the explorer together: the page, its scripts, and the packed arrays of a sweep."""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from ngnmm_core.plotting.catalogue import FigureEntry, figures_of
from ngnmm_core.plotting.figure_jobs import films_of
from ngnmm_core.products.explorer.collect import collect
from ngnmm_core.products.explorer.packing import Packed
from ngnmm_core.products.run_summary import Table, cost_tables, points_table
from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.study.study import Study

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("data.js", "colours.js", "plots.js", "map.js", "point.js", "main.js")
COSTS = Path("benchmarks/costs.html")  # what the run took, from the folder of the results: differs from run to run
MOST_BYTES = 9_500_000
# What is left out, in this order, where the page would be larger; the page says so.
DISPENSABLE = {
    "rates": "firing rates per region",
    "fc": "functional connectivity of all pairs",
    "fc:block": "functional connectivity by blocks",
    "growth": "growth rates",
    "spectrum": "spectra",
}
WITH = {"fc": ("fc:point",), "growth": ("growth:row",)}


def write_explorer(study: Study, merged: Sequence[Path], output: Path) -> None:
    """Write the explorer of a study beside its results, and beside its benchmarks what the run took.

    The explorer depends on the results alone: made again, it is the same to the last byte.

    Parameters
    ----------
    study : Study
    merged : sequence of Path
        Its merged files; the explorer is made from `sweep.nc`, and links to all.
    output : Path
        The page, in the folder of the results.
    """
    sweep = next((path for path in merged if path.name == "sweep.nc"), None)
    about: dict[str, Any] = {"count": 0}
    arrays: dict[str, Packed] = {}
    attributes: dict[str, Any] = {}
    if sweep is not None:
        with xr.open_dataset(sweep) as dataset:
            attributes = dict(dataset.attrs)
            about, arrays = collect(dataset, study)
    about["left_out"] = _shrink(arrays)
    about |= {
        "study": study.name,
        "model": study.model.title,
        "connectome": str(attributes.get("connectome_title", "")),
        "terms": str(attributes.get("connectome_terms", "")),
        "cite": [f"doi:{study.model.doi}", str(attributes.get("connectome_citation", ""))],
        "hash": str(attributes.get("config_hash", "")),
        "figures": _figures(study),
        "files": [path.name for path in merged] + ["provenance.json", "study.json"],
        "arrays": {name: array.header for name, array in arrays.items()},
    }
    write_atomically(output, _page(about, arrays, points_table(merged)))
    benchmarks = output.parent / COSTS.parent
    if shown := cost_tables(benchmarks):
        write_atomically(output.parent / COSTS, "<!doctype html><meta charset=utf-8>" + "".join(map(_table, shown)))


def _shrink(arrays: dict[str, Packed]) -> list[str]:
    """Leave out what would make the page too large; what that was, in words."""
    left_out = []
    for name, words in DISPENSABLE.items():
        if sum(len(array.text) for array in arrays.values()) <= MOST_BYTES:
            break
        if arrays.pop(name, None) is not None:
            left_out.append(words)
            for other in WITH.get(name, ()):
                arrays.pop(other, None)
    return left_out


def _figures(study: Study) -> list[dict[str, str]]:
    entries = [(one, "", "svg") for one in figures_of(study)] + [(one, "film: ", "gif") for one in films_of(study)]
    return [
        {"group": one.family.category, "title": kind + _title(one), "file": f"figures/{one.stem}.{ending}"}
        for one, kind, ending in entries
    ]


def _title(figure: FigureEntry) -> str:
    """Say what a figure shows: of a point, where that is."""
    labels = dict(figure.labels)
    if not figure.point:
        return " ".join(labels.values())
    del labels["point"]
    return f"{labels.pop('shows')} at {', '.join(f'{name} = {value}' for name, value in labels.items())}"


def _page(about: dict[str, Any], arrays: dict[str, Packed], points: Table) -> str:
    """Compose the text of the page; whatever comes from a study is escaped."""
    data = "\n".join(
        f'<script type="text/plain" id="a:{html.escape(name, quote=True)}">{array.text}</script>'
        for name, array in arrays.items()
    )
    parts = {
        "TITLE": html.escape(about["study"]),
        "STYLE": (ASSETS / "explorer.css").read_text(encoding="utf-8"),
        "ABOUT": json.dumps(about, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026"),
        "DATA": data,
        "TABLES": _table(points),
        "COSTS": COSTS.as_posix(),
        "SCRIPT": "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS),
    }
    page = (ASSETS / "page.html").read_text(encoding="utf-8")
    before, *pieces = page.split("{{")
    return before + "".join(parts[key] + rest for key, _, rest in (piece.partition("}}") for piece in pieces))


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f'<h3>{html.escape(table.title)}</h3><div class="wide"><table><tr>{head}</tr>{rows}</table></div>'
