# Figures, each as SVG, PNG and PDF; the SVG goes into the report (snakemake --report report.zip).
#
# A rule can't have a number of outputs that depends on a wildcard, and one job per figure would start Python twenty
# times, which takes longer than drawing. But the figures of a study follow from its config alone. So one rule is
# defined per study and group of figures (its maps together, every detailed point by itself, ...) with the files it
# makes written out: each is a target by itself, and is tracked, removed and reported like any other.
#
# `key` hashes the code that draws this family, and what it imports: an edited plot redraws its figures, no more.
from ngnmm_core.plotting.parts.captions import describe, facts
from ngnmm_core.plotting.catalogue import KINDS, MODES
from ngnmm_core.plotting.figure_jobs import jobs_of


report: "../report/workflow.rst"


for drawing in jobs_of(studies.concerned.values()):

    rule:
        name:
            drawing.rule
        input:
            recipe=lambda wildcards, drawing=drawing: ngnmm.figure_recipe(drawing),
            data=(
                f"<results>/{drawing.study.name}/{drawing.family.file}"
                if drawing.family.file
                else ngnmm.connectome(drawing.study.name)
            ),
            connectome=(
                ngnmm.connectome(drawing.study.name) if drawing.family == MODES else []
            ),
        output:
            svg=[
                report(
                    update(
                        f"<results>/{drawing.study.name}/figures/{figure.stem}.svg"
                    ),
                    category=figure.family.category,
                    subcategory=(
                        drawing.study.name if len(studies.concerned) > 1 else None
                    ),
                    labels=dict(figure.labels),
                    caption=ngnmm.captions.file(drawing.study.name, figure),
                )
                for figure in drawing.figures
            ],
            others=[
                update(f"<results>/{drawing.study.name}/figures/{figure.stem}.{kind}")
                for figure in drawing.figures
                for kind in KINDS[1:]
            ],
        log:
            f"<logs>/{drawing.study.name}/{drawing.rule}.log",
        benchmark:
            f"<results>/{drawing.study.name}/benchmarks/figures-{drawing.rule}.tsv"
        localrule: True
        conda:
            "../../environment.yml"
        resources:
            **SMALL,
        params:
            family=drawing.family.name,
            # functions: in a plain text, Snakemake takes braces for wildcards
            own=lambda wildcards, drawing=drawing: [
                f"{place.partition('.')[2]}={file.path}"
                for place, file in drawing.study.files.items()
                if place != "model"
            ],
            normalization=drawing.study.config.normalization,
            point=lambda wildcards, drawing=drawing: drawing.point,
            about=lambda wildcards, drawing=drawing: describe(drawing.study),
            facts=lambda wildcards, drawing=drawing: facts(drawing.study),
            key=lambda wildcards, drawing=drawing: ngnmm.figure_key(
                drawing.study.name, drawing.family
            ),
        message:
            f"Drawing {drawing.title}"
        script:
            "../scripts/figures.py"
