# ng-nmm: parameter sweeps of whole-brain networks of next-generation neural mass models.
#
#   snakemake --cores 4                                  the study in config/config.yaml
#   snakemake --cores 4 --configfile my_study.yaml       another study, instead of it
#   snakemake --cores 4 partial                          merges what there is of an unfinished study
#   snakemake --cores 4 NAME                             a study that comes along: config/studies/NAME.yaml
#
# Keys of a study: config/README.md.
from snakemake.utils import min_version

min_version("9.17.1")


include: "workflow/rules/common.smk"
include: "workflow/rules/connectome.smk"
include: "workflow/rules/shards.smk"
include: "workflow/rules/merge.smk"
include: "workflow/rules/memory.smk"
include: "workflow/rules/nulls.smk"
include: "workflow/rules/recordings.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/films.smk"
include: "workflow/rules/repertoire.smk"


rule all:
    # of a workflow that uses this one as a module, the default target stays its own
    default_target: not TARGET_OF_CALLER
    input:
        [target for name in studies.main for target in ngnmm.targets(name)],
    localrule: True


for bundled in studies.bundled_names:

    rule:
        name:
            bundled
        input:
            lambda wildcards, bundled=bundled: paper.targets(ngnmm, bundled)
            or [
                target
                for name in studies.bundled(bundled)
                for target in ngnmm.targets(name)
            ]
            + ngnmm.comparison(bundled),
        localrule: True


rule partial:
    input:
        [f"<results>/{name}/sweep.partial.nc" for name in studies.main],
    localrule: True


onsuccess:
    print(ngnmm.after(), file=sys.stderr)
