# The jobs that compute: one per shard, after the kernels have been compiled once.
rule warmup:
    input:
        connectome=lambda wildcards: studies.connectome_path(wildcards.study),
    output:
        touch("<results>/{study}/shards/{stage}/compiled-{code}"),
    log:
        "<logs>/{study}/{stage}/compiled-{code}.log",
    wildcard_constraints:
        code=r"[0-9a-f]{16}",
    conda:
        "../../environment.yml"
    params:
        definition=lambda wildcards: str(
            studies.shards(wildcards.study, wildcards.stage)[0].definition
        ),
    message:
        "Compiling the kernels of {wildcards.study} ({wildcards.stage})"
    script:
        "../scripts/warmup.py"


rule shard:
    input:
        connectome=lambda wildcards: studies.connectome_path(wildcards.study),
        kernels=lambda wildcards: studies.compiled(wildcards.study, wildcards.stage),
    output:
        shard="<results>/{study}/shards/{stage}/{shard}.nc",
        checksum="<results>/{study}/shards/{stage}/{shard}.sha256",
    log:
        "<logs>/{study}/{stage}/{shard}.log",
    benchmark:
        "<results>/{study}/benchmarks/{stage}/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        definition=lambda wildcards: str(studies.definition(**wildcards)),
    message:
        "Computing {wildcards.study} ({wildcards.stage}), shard {wildcards.shard}"
    script:
        "../scripts/shard.py"
