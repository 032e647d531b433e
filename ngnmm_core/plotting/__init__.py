"""Figures: one family per file, each made from a dataset and returned as a matplotlib Figure.

`catalogue` tells which figures a study has; the family modules (`maps`, `highlights`, `connectome`, `hubs`) draw them;
`save` writes them so that the same dataset gives the same bytes.  Only `catalogue`, `layout` and `labels` may be
imported while Snakemake parses the workflow: they need neither matplotlib nor xarray.
"""
