# Fetches or reads a connectome once, checked against its pinned hash.
localrules:
    connectome,


rule connectome:
    output:
        connectome=update("<resources>/connectomes/{connectome}.nc"),
    log:
        "<logs>/connectomes/{connectome}.log",
    conda:
        "../../environment.yml"
    params:
        spec=lambda wildcards: connectomes.spec(wildcards.connectome).model_dump_json(),
        damaged=lambda wildcards: ngnmm.damaged_connectome(wildcards.connectome),
        source=lambda wildcards: connectomes.source(wildcards.connectome),
        code=ngnmm.code("ngnmm_core.connectome.build:build_connectome"),
    message:
        "Getting the connectome {wildcards.connectome}"
    script:
        "../scripts/connectome.py"
