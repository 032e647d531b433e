# Films of what is seen on the brain: of every point whose spread is looked at in detail, and of the paper.
from ngnmm_core.plotting.parts.captions import describe
from ngnmm_core.plotting.figure_jobs import film_of


rule film:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            wildcards.film,
            {
                "key": ngnmm.key(
                    wildcards.study, "film.py", "ngnmm_core.plotting.spread_film"
                )
            },
            [f"figures/{wildcards.film}.gif", f"figures/{wildcards.film}.html"],
        ),
        data="<results>/{study}/highlights.nc",
    output:
        gif=update("<results>/{study}/figures/{film}.gif"),
        page=report(
            update("<results>/{study}/figures/{film}.html"),
            category="Spread",
            labels={"film": "{film}", "study": "{study}"},
            caption="../report/film.rst",
        ),
    log:
        "<logs>/{study}/{film}.log",
    benchmark:
        "<results>/{study}/benchmarks/figures-{film}.tsv"
    wildcard_constraints:
        film=r"film_\d+",
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        module="ngnmm_core.plotting.spread_film",
        point=lambda wildcards: film_of(
            studies.find(wildcards.study), wildcards.film
        ).point,
        about=lambda wildcards: describe(studies.find(wildcards.study)),
        key=lambda wildcards: ngnmm.key(
            wildcards.study, "film.py", "ngnmm_core.plotting.spread_film"
        ),
    message:
        "Filming {wildcards.film} of {wildcards.study}"
    script:
        "../scripts/film.py"


rule paper_video:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "video",
            {
                "key": ngnmm.code(
                    "ngnmm_core.plotting.paper.video", "ngnmm_core.plotting.parts.film"
                )
            },
            ["figures/video.gif", "figures/video.html"],
        ),
        data="<results>/{study}/network/highlights.nc",
    output:
        gif=update("<results>/{study}/figures/video.gif"),
        page=report(
            update("<results>/{study}/figures/video.html"),
            category="arXiv:2512.03907",
            labels={"figure": "video", "study": "{study}"},
        ),
    log:
        "<logs>/{study}/paper_video.log",
    benchmark:
        "<results>/{study}/benchmarks/figures-video.tsv"
    wildcard_constraints:
        study="|".join(paper.STUDIES),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        module="ngnmm_core.plotting.paper.video",
        key=lambda wildcards: ngnmm.code(
            "ngnmm_core.plotting.paper.video", "ngnmm_core.plotting.parts.film"
        ),
    message:
        "Filming {wildcards.study}"
    script:
        "../scripts/film.py"
