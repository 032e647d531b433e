# How a study agrees with recordings, from its merged sweep: what is read off the whole grid.
rule fit:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "fit",
            {
                "key": ngnmm.key(
                    wildcards.study, "fit.py", "ngnmm_core.products.fit_results"
                )
            },
            ["fit.nc"],
        ),
        sweep="<results>/{study}/sweep.nc",
        connectome=lambda wildcards: ngnmm.connectome(wildcards.study),
    output:
        fit=update("<results>/{study}/fit.nc"),
    log:
        "<logs>/{study}/fit.log",
    benchmark:
        "<results>/{study}/benchmarks/fit.tsv"
    localrule: ngnmm.merges_quickly()
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        cpu_target=lambda wildcards: studies.find(wildcards.study).config.cpu_target,
        study=lambda wildcards: ngnmm.study_file(wildcards.study),
        key=lambda wildcards: ngnmm.key(
            wildcards.study, "fit.py", "ngnmm_core.products.fit_results"
        ),
    message:
        "Comparing {wildcards.study} with recordings"
    script:
        "../scripts/fit.py"


rule optimise:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "optimisation",
            {
                "key": ngnmm.key(
                    wildcards.study, "optimise.py", "ngnmm_core.products.optimisation"
                )
            },
            ["optimisation.nc"],
        ),
        fit="<results>/{study}/fit.nc",
        connectome=lambda wildcards: ngnmm.connectome(wildcards.study),
    output:
        optimisation=update("<results>/{study}/optimisation.nc"),
    log:
        "<logs>/{study}/optimise.log",
    benchmark:
        "<results>/{study}/benchmarks/optimise.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=lambda wildcards, attempt: resources.grown(resources.SMALL_MB, attempt),
        runtime=lambda wildcards, attempt: resources.grown(720, attempt),
    params:
        cpu_target=lambda wildcards: studies.find(wildcards.study).config.cpu_target,
        study=lambda wildcards: ngnmm.study_file(wildcards.study),
        key=lambda wildcards: ngnmm.key(
            wildcards.study, "optimise.py", "ngnmm_core.products.optimisation"
        ),
    message:
        "Searching for the best parameters of {wildcards.study}"
    script:
        "../scripts/optimise.py"
