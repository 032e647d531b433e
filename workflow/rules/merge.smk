# One dataset per study, complete or not at all; on request, a partial one of what there is.
localrules:
    provenance,


rule merge:
    input:
        recipe=lambda wildcards: ngnmm.recipe(
            wildcards.study,
            f"{wildcards.file}.nc",
            "merge.py",
            "ngnmm_core.dataset.assemble:assemble",
        ),
        connectome=lambda wildcards: ngnmm.connectome(wildcards.study),
        new_shards=lambda wildcards: plans.missing_shards(
            wildcards.study, f"{wildcards.file}.nc"
        ),
        hubs=lambda wildcards: plans.hubs_of_file(
            wildcards.study, f"{wildcards.file}.nc"
        ),
    output:
        merged=update("<results>/{study}/{file}.nc"),
    log:
        "<logs>/{study}/merge-{file}.log",
    benchmark:
        "<results>/{study}/benchmarks/merge-{file}.tsv"
    wildcard_constraints:
        file="sweep|highlights|lesions|branches",
    localrule: ngnmm.merges_quickly()
    conda:
        "../../environment.yml"
    resources:
        mem_mb=lambda wildcards, attempt: jobs.merge_memory(attempt),
        runtime=lambda wildcards, attempt: jobs.merge_minutes(wildcards.study, attempt),
    params:
        cpu_target=lambda wildcards: studies.find(wildcards.study).config.cpu_target,
        shards=lambda wildcards: plans.shards_of_file(
            wildcards.study, f"{wildcards.file}.nc"
        ),
        study=lambda wildcards: ngnmm.study_file(wildcards.study),
        identity=lambda wildcards: connectomes.identity(wildcards.study),
    message:
        "Merging {wildcards.study} into {wildcards.file}.nc"
    script:
        "../scripts/merge.py"


rule merge_partial:
    input:
        recipe=lambda wildcards: ngnmm.recipe(
            wildcards.study,
            "sweep.partial.nc",
            "merge.py",
            "ngnmm_core.dataset.assemble:assemble",
        ),
        connectome=lambda wildcards: ngnmm.connectome(wildcards.study),
    output:
        merged=update("<results>/{study}/sweep.partial.nc"),
    log:
        "<logs>/{study}/merge-partial.log",
    benchmark:
        "<results>/{study}/benchmarks/merge-partial.tsv"
    localrule: ngnmm.merges_quickly()
    conda:
        "../../environment.yml"
    resources:
        mem_mb=lambda wildcards, attempt: jobs.merge_memory(attempt),
        runtime=lambda wildcards, attempt: jobs.merge_minutes(wildcards.study, attempt),
    params:
        cpu_target=lambda wildcards: studies.find(wildcards.study).config.cpu_target,
        shards=lambda wildcards: plans.finished_shards(wildcards.study, "sweep.nc"),
        study=lambda wildcards: ngnmm.study_file(wildcards.study, "sweep.partial.nc"),
        identity=lambda wildcards: connectomes.identity(wildcards.study),
    message:
        "Merging what there is of {wildcards.study}"
    script:
        "../scripts/merge.py"


rule provenance:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "provenance",
            {
                "shards": plans.all_shards(wildcards.study),
                "key": ngnmm.key(
                    wildcards.study,
                    "provenance.py",
                    "ngnmm_core.dataset.assemble:record_provenance",
                ),
            },
            ["provenance.json"],
        ),
        merged=lambda wildcards: plans.merged_files(wildcards.study),
    output:
        provenance=update("<results>/{study}/provenance.json"),
    log:
        "<logs>/{study}/provenance.log",
    conda:
        "../../environment.yml"
    params:
        shards=lambda wildcards: plans.all_shards(wildcards.study),
        study=lambda wildcards: ngnmm.study_file(wildcards.study),
        identity=lambda wildcards: connectomes.identity(wildcards.study),
    message:
        "Writing down what {wildcards.study} was made from"
    script:
        "../scripts/provenance.py"


rule explorer:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.study,
            "explorer",
            {"key": ngnmm.explorer_key(wildcards.study)},
            ["index.html"],
        ),
        merged=lambda wildcards: plans.merged_files(wildcards.study),
        # waited for, so that their cost is told
        figures=lambda wildcards: ancient(ngnmm.figures(wildcards.study)),
    output:
        explorer=report(
            update("<results>/{study}/index.html"),
            category="Explorer",
            labels={"study": "{study}"},
            caption="../report/explorer.rst",
        ),
    log:
        "<logs>/{study}/explorer.log",
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        study=lambda wildcards: ngnmm.study_file(wildcards.study),
        key=lambda wildcards: ngnmm.explorer_key(wildcards.study),
    message:
        "Making the explorer of {wildcards.study}"
    script:
        "../scripts/explorer.py"


rule hubs:
    input:
        recipe=lambda wildcards: ngnmm.recipe(
            wildcards.study, "hubs.nc", "hubs.py", "ngnmm_core.products.hub_results"
        ),
        lesions="<results>/{study}/lesions.nc",
        connectome=lambda wildcards: ngnmm.connectome(wildcards.study),
    output:
        hubs=update("<results>/{study}/hubs.nc"),
        table=report(
            update("<results>/{study}/hubs.csv"),
            category="Hubs",
            subcategory="{study}" if len(studies.main) > 1 else None,
            labels={"point": "all", "table": "ranked regions"},
            caption="../report/hubs_table.rst",
        ),
    log:
        "<logs>/{study}/hubs.log",
    benchmark:
        "<results>/{study}/benchmarks/hubs.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        cpu_target=lambda wildcards: studies.find(wildcards.study).config.cpu_target,
        study=lambda wildcards: ngnmm.study_file(wildcards.study),
    message:
        "Scoring the hubs of {wildcards.study}"
    script:
        "../scripts/hubs.py"
