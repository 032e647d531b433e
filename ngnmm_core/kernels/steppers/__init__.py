"""Steps of the integrators, one file each: what `ngnmm_core.kernels.integrators` declares and compiles."""
