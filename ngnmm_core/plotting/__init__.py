"""Figures: one family per file, each made from a dataset and returned as a matplotlib Figure.

`catalogue` tells which figures a study has and `figure_jobs` by which jobs they are made; the family modules (`maps`,
`highlights`, `connectome`, `hubs`) draw them; `save` writes them so that the same dataset gives the same bytes.  Only
`catalogue`, `figure_jobs`, `layout` and `labels` may be imported while Snakemake parses the workflow: they need neither
matplotlib nor xarray.
"""
