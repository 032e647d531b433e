# The figures of arXiv:2512.03907: `snakemake --cores N paper` (or paper_quick). Their data are the parts of the studies
# of the same names in config/studies/; what is drawn from which part is told in ngnmm_core/plotting/paper/__init__.py.
from ngnmm_core.plotting import paper

for figure in paper.FIGURES:

    rule:
        name:
            f"paper_{figure.name}"
        input:
            recipe=lambda wildcards, figure=figure: ngnmm.product(
                wildcards.study,
                figure.name,
                {
                    "key": ngnmm.code(figure.module, "ngnmm_core.plotting.parts.save"),
                    "sources": dict(figure.sources),
                },
                [f"figures/{figure.name}.{form}" for form in paper.FORMATS],
            ),
            data=lambda wildcards, figure=figure: [
                paper.source_file(ngnmm, wildcards.study, source)
                for source in figure.sources.values()
            ],
        output:
            vector=report(
                update(f"<results>/{{study}}/figures/{figure.name}.svg"),
                category="arXiv:2512.03907",
                labels={"figure": figure.name, "study": "{study}"},
                caption="../report/paper.rst",
            ),
            others=[
                update(f"<results>/{{study}}/figures/{figure.name}.{form}")
                for form in paper.FORMATS[1:]
            ],
        log:
            f"<logs>/{{study}}/paper_{figure.name}.log",
        benchmark:
            f"<results>/{{study}}/benchmarks/figures-{figure.name}.tsv"
        wildcard_constraints:
            study="|".join(paper.STUDIES),
        localrule: True
        conda:
            "../../environment.yml"
        resources:
            **SMALL,
        params:
            figure=figure.name,
            title=figure.title,
            sources=list(figure.sources),
            key=lambda wildcards, figure=figure: ngnmm.code(
                figure.module, "ngnmm_core.plotting.parts.save"
            ),
        message:
            f"Drawing {figure.name} of {{wildcards.study}}: {figure.title}"
        script:
            "../scripts/paper_figure.py"


rule paper_checks:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "checks",
            {"key": ngnmm.code("ngnmm_core.products.paper_checks")},
            ["checks.md"],
        ),
        points="<results>/{study}/network/highlights.nc",
        reference=str(ROOT / "tests" / "reference" / "homogeneous_system.json"),
    output:
        table=update("<results>/{study}/checks.md"),
    log:
        "<logs>/{study}/checks.log",
    benchmark:
        "<results>/{study}/benchmarks/checks.tsv"
    wildcard_constraints:
        study="|".join(paper.STUDIES),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        key=lambda wildcards: ngnmm.code("ngnmm_core.products.paper_checks"),
    message:
        "Comparing numbers of {wildcards.study} with those of independent methods"
    script:
        "../scripts/paper_checks.py"
