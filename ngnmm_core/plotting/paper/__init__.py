"""The figures of arXiv:2512.03907, each from datasets of the study `paper` (or `paper_quick`).

One file per figure with `draw(data)`, where `data` maps the names of `sources` to datasets.  Snakemake reads this table
while it parses the workflow: neither matplotlib nor xarray is imported here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STUDIES = ("paper", "paper_quick")
FORMATS = ("svg", "pdf", "png")
OTHERS = ("checks.md", "figures/video.gif", "figures/video.html")
DETAILS = "network/highlights"  # single points in detail


@dataclass(frozen=True)
class PaperFigure:
    """One figure: what it shows, the datasets it is drawn from (name: part/file), and the module that draws it."""

    name: str
    title: str
    sources: Mapping[str, str]

    @property
    def module(self) -> str:
        """The module that draws it."""
        return f"{__name__}.{self.name}"


FIGURES = (
    PaperFigure("bif1d", "Equilibria and cycles against the input", {"branches": "bif1d/branches"}),
    PaperFigure("freq1d", "Frequency of the cycles against the input", {"branches": "bif1d/branches"}),
    PaperFigure(
        "bif2d", "Bifurcation curves over the plane", {"wide": "bif2d_wide/branches", "main": "bif2d/branches"}
    ),
    PaperFigure(
        "cascade",
        "Cascades of period doublings",
        {"plane": "cascade_plane/branches", "branches": "cascade/branches"},
    ),
    PaperFigure("raster", "Excitatory mean membrane potential of all regions", {"points": DETAILS}),
    PaperFigure("psd", "Power spectra of all regions", {"runs": "gamma/sweep"}),
    PaperFigure(
        "meanfield",
        "The network's mean: gamma with a slow modulation of its amplitude",
        {"points": DETAILS, "runs": "gamma/sweep"},
    ),
    PaperFigure("dispersion", "Growth rate of perturbations along eigenvectors of W", {"points": DETAILS}),
    PaperFigure("orbit", "Orbit diagram of the homogeneous system", {"sweep": "orbit/sweep"}),
    PaperFigure(
        "msf2d",
        "Transverse instability of the homogeneous state",
        {"sweep": "msf2d/sweep", "starts": "multistable/sweep", "branches": "bif2d/branches"},
    ),
    PaperFigure("lyap2d", "Lyapunov exponents of the homogeneous system", {"sweep": "lyap2d/sweep"}),
    PaperFigure("lyapnet", "Lyapunov spectrum of the network", {"sweep": "lyapnet/sweep"}),
    PaperFigure(
        "modes", "Most unstable eigenvectors on the brain", {"points": DETAILS, "connectome": "network/connectome"}
    ),
    PaperFigure(
        "anatomy",
        "What depends on anatomy: two connectomes",
        {
            "first": "msf2d/sweep",
            "second": "msf2d_hcp/sweep",
            "first_points": DETAILS,
            "second_points": "network_hcp/highlights",
        },
    ),
)


def targets(workflow: Any, name: str) -> list[str]:
    """List the files the study of that name is for: figures, checks, each part's provenance; empty for others.

    `workflow` is the `ngnmm_core.orchestration.workflow.Workflow`.
    """
    if name not in STUDIES:
        return []
    figures = [f"figures/{figure.name}.{form}" for figure in FIGURES for form in FORMATS]
    files = [str(workflow.results / name / file) for file in (*OTHERS, *figures)]
    return files + [str(workflow.results / part / "provenance.json") for part in workflow.studies.bundled(name)]


def source_file(workflow: Any, name: str, source: str) -> str:
    """Locate the file behind a source of a figure: a dataset of a part of a study, or the connectome of a part."""
    part, _, stem = source.partition("/")
    if stem == "connectome":
        return workflow.connectomes.path(f"{name}/{part}")
    return str(workflow.results / name / f"{source}.nc")
