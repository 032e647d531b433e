# Rates of working memory over the trials (seeds) of a study, from its merged sweep.
rule memory:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "memory",
            {
                "key": ngnmm.key(
                    wildcards.study, "memory.py", "ngnmm_core.products.memory_rates"
                )
            },
            ["memory.nc", "memory.csv"],
        ),
        sweep="<results>/{study}/sweep.nc",
    output:
        memory=update("<results>/{study}/memory.nc"),
        table=report(
            update("<results>/{study}/memory.csv"),
            category="Working memory",
            subcategory="{study}" if len(studies.main) > 1 else None,
            labels={"figure": "table of rates"},
            caption="../report/memory_table.rst",
        ),
    log:
        "<logs>/{study}/memory.log",
    benchmark:
        "<results>/{study}/benchmarks/memory.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        key=lambda wildcards: ngnmm.key(
            wildcards.study, "memory.py", "ngnmm_core.products.memory_rates"
        ),
    message:
        "Summing up the trials of {wildcards.study}"
    script:
        "../scripts/memory.py"
