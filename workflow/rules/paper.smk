# The figures of arXiv:2512.03907: `snakemake --cores N paper` (or paper_quick). Their data are the parts of the studies
# of the same names in config/studies/; what is drawn from which part is told in ngnmm_core/plotting/paper/__init__.py.
from ngnmm_core.plotting.paper import FIGURES as PAPER_FIGURES, STUDIES as PAPER_STUDIES

PAPER_FORMATS = ("svg", "pdf", "png")


def paper_targets(name):
    """What the paper's studies are for: their figures, and where each part's data come from; empty for others."""
    if name not in PAPER_STUDIES:
        return []
    figures = [
        f"<results>/{name}/figures/{figure.name}.{form}"
        for figure in PAPER_FIGURES
        for form in PAPER_FORMATS
    ]
    others = ["checks.md", "figures/video.gif", "figures/video.html"]
    return (
        [f"<results>/{name}/{other}" for other in others]
        + figures
        + [f"<results>/{part}/provenance.json" for part in studies.bundled(name)]
    )


def paper_source(study, source):
    """A file that a figure is drawn from: a dataset of a part, or the connectome of a part."""
    part, _, stem = source.partition("/")
    if stem == "connectome":
        return studies.connectome_path(f"{study}/{part}")
    return str(studies.results / study / f"{source}.nc")


for figure in PAPER_FIGURES:

    rule:
        name:
            f"paper_{figure.name}"
        input:
            data=lambda wildcards, figure=figure: [
                paper_source(wildcards.study, source)
                for source in figure.sources.values()
            ],
        output:
            vector=report(
                f"<results>/{{study}}/figures/{figure.name}.svg",
                category="arXiv:2512.03907",
                labels={"figure": figure.name, "study": "{study}"},
                caption="../report/paper.rst",
            ),
            others=[
                f"<results>/{{study}}/figures/{figure.name}.{form}"
                for form in PAPER_FORMATS[1:]
            ],
        log:
            f"<logs>/{{study}}/paper_{figure.name}.log",
        wildcard_constraints:
            study="|".join(PAPER_STUDIES),
        conda:
            "../../environment.yml"
        params:
            figure=figure.name,
            title=figure.title,
            sources=list(figure.sources),
            key=lambda wildcards, input, figure=figure: studies.code(
                figure.module, "ngnmm_core.plotting.save"
            ),
        message:
            f"Drawing {figure.name} of {{wildcards.study}}: {figure.title}"
        script:
            "../scripts/paper_figure.py"


rule paper_checks:
    input:
        points="<results>/{study}/network/highlights.nc",
        reference=str(ROOT / "tests" / "reference" / "homogeneous_system.json"),
    output:
        table="<results>/{study}/checks.md",
    log:
        "<logs>/{study}/checks.log",
    wildcard_constraints:
        study="|".join(PAPER_STUDIES),
    conda:
        "../../environment.yml"
    params:
        key=lambda wildcards: studies.code("ngnmm_core.paper_checks"),
    message:
        "Comparing numbers of {wildcards.study} with those of independent methods"
    script:
        "../scripts/paper_checks.py"


rule paper_video:
    input:
        points="<results>/{study}/network/highlights.nc",
    output:
        gif="<results>/{study}/figures/video.gif",
        page=report(
            "<results>/{study}/figures/video.html",
            category="arXiv:2512.03907",
            labels={"figure": "video", "study": "{study}"},
        ),
    log:
        "<logs>/{study}/paper_video.log",
    wildcard_constraints:
        study="|".join(PAPER_STUDIES),
    conda:
        "../../environment.yml"
    params:
        key=lambda wildcards: studies.code("ngnmm_core.plotting.paper.video"),
    message:
        "Filming {wildcards.study}"
    script:
        "../scripts/paper_video.py"
