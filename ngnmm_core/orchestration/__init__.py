"""What the Snakemake rules ask: which studies there are, their shards, connectomes, resources and products.

The rules know wildcards only.  Everything here is worked out when a rule asks for it, so that a job that computes one
shard parses the workflow without planning the study.

Nothing is imported here: `script` has to choose the processor of a job before NumPy is loaded.
"""
