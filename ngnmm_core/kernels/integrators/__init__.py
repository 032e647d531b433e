"""Integrators, one file each; a file that defines `INTEGRATOR` can be asked for by its name."""
