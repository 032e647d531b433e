# One dataset per study, complete or not at all; on request, a partial one of what there is.
rule merge:
    input:
        unpack(lambda wildcards: studies.merge_input(wildcards.study)),
    output:
        sweep="<results>/{study}/sweep.nc",
        provenance="<results>/{study}/provenance.json",
    log:
        "<logs>/{study}/merge.log",
    benchmark:
        "<results>/{study}/benchmarks/merge.tsv"
    conda:
        "../../environment.yml"
    params:
        study=lambda wildcards: studies.study_file(wildcards.study),
        identity=lambda wildcards: studies.identity(wildcards.study),
        key=lambda wildcards: studies.merge_key(wildcards.study),
    message:
        "Merging {wildcards.study}"
    script:
        "../scripts/merge.py"


rule merge_partial:
    input:
        connectome=lambda wildcards: ancient(studies.connectome_path(wildcards.study)),
    output:
        sweep="<results>/{study}/sweep.partial.nc",
    log:
        "<logs>/{study}/merge_partial.log",
    conda:
        "../../environment.yml"
    params:
        shards=lambda wildcards: studies.finished(wildcards.study),
        study=lambda wildcards: studies.study_file(wildcards.study),
        identity=lambda wildcards: studies.identity(wildcards.study),
    message:
        "Merging what there is of {wildcards.study}"
    script:
        "../scripts/merge_partial.py"
