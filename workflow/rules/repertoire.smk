# The comparison of models, from the sweeps of a bundled study that has one part per model.
rule repertoire_tables:
    input:
        recipe=lambda wildcards: ngnmm.product(
            wildcards.comparison,
            "comparison",
            {
                "key": ngnmm.key(
                    next(iter(studies.bundled(wildcards.comparison))),
                    "repertoire.py",
                    "ngnmm_core.products.model_comparison",
                )
            },
            ngnmm.comparison_files(wildcards.comparison),
        ),
        sweeps=lambda wildcards: [
            f"<results>/{name}/sweep.nc"
            for name in studies.bundled(wildcards.comparison)
        ],
    output:
        tables=[
            report(
                update(f"<results>/{{comparison}}/{table}.{kind}"),
                category="Comparison of models",
                labels={"what": table, "as": kind},
                caption="../report/repertoire.rst",
            )
            for table in ("regimes", "coupling")
            for kind in ("csv", "md")
        ],
        figures=[
            report(
                update("<results>/{comparison}/repertoire.svg"),
                category="Comparison of models",
                labels={"what": "regimes and coupling", "as": "figure"},
                caption="../report/repertoire.rst",
            ),
            update("<results>/{comparison}/repertoire.png"),
        ],
    log:
        "<logs>/{comparison}/repertoire.log",
    benchmark:
        "<results>/{comparison}/benchmarks/repertoire.tsv"
    wildcard_constraints:
        comparison="repertoire[a-z_]*",
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        **SMALL,
    params:
        key=lambda wildcards: ngnmm.key(
            next(iter(studies.bundled(wildcards.comparison))),
            "repertoire.py",
            "ngnmm_core.products.model_comparison",
        ),
    message:
        "Comparing the models of {wildcards.comparison}"
    script:
        "../scripts/repertoire.py"
