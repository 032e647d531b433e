# Every quantity of a sweep against its null connectomes.
rule nulls:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "nulls",
            {
                "key": ngnmm.key(
                    wildcards.study, "nulls.py", "ngnmm_core.products.null_results"
                )
            },
            ["nulls.nc"],
        ),
        sweep="<results>/{study}/sweep.nc",
    output:
        nulls=update("<results>/{study}/nulls.nc"),
    log:
        "<logs>/{study}/nulls.log",
    benchmark:
        "<results>/{study}/benchmarks/nulls.tsv"
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        key=lambda wildcards: ngnmm.key(
            wildcards.study, "nulls.py", "ngnmm_core.products.null_results"
        ),
    message:
        "Comparing {wildcards.study} with its null connectomes"
    script:
        "../scripts/nulls.py"
