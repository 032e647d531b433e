# The jobs that compute: one per shard, after the kernels have been compiled once.
rule warmup:
    input:
        connectome=lambda wildcards: ngnmm.connectome(wildcards.study),
    output:
        marker=touch("<results>/{study}/shards/{stage}/compiled-{code}"),
    log:
        "<logs>/{study}/{stage}/compiled-{code}.log",
    benchmark:
        "<results>/{study}/benchmarks/warmup-{stage}-{code}.tsv"
    wildcard_constraints:
        code=r"[0-9a-f]{16}",
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        cpu_target=lambda wildcards: studies.find(wildcards.study).config.cpu_target,
        # which shards there are is not told: a grid that grows needs no other kernels
        study=lambda wildcards: ngnmm.study_file(wildcards.study),
    message:
        "Compiling the kernels of {wildcards.study} ({wildcards.stage})"
    script:
        "../scripts/warmup.py"


rule shard:
    input:
        connectome=lambda wildcards: ngnmm.connectome(wildcards.study),
        kernels=lambda wildcards: plans.compiled(wildcards.study, wildcards.stage),
    output:
        shard=update("<results>/{study}/shards/{stage}/{shard}.nc"),
        checksum=update("<results>/{study}/shards/{stage}/{shard}.sha256"),
    log:
        "<logs>/{study}/{stage}/{shard}.log",
    benchmark:
        "<results>/{study}/benchmarks/{stage}/{shard}.tsv"
    conda:
        "../../environment.yml"
    # The points of a shard are lanes of one thread's vectors: more threads would idle, more shards use more cores.
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: jobs.shard_memory(
            **wildcards, attempt=attempt
        ),
        runtime=lambda wildcards, attempt: jobs.shard_minutes(
            **wildcards, attempt=attempt
        ),
    params:
        cpu_target=lambda wildcards: studies.find(wildcards.study).config.cpu_target,
        definition=lambda wildcards: str(plans.definition(**wildcards)),
        damaged=lambda wildcards: ngnmm.damaged(**wildcards),
    message:
        "Computing {wildcards.study} ({wildcards.stage}), shard {wildcards.shard}"
    script:
        "../scripts/shard.py"
