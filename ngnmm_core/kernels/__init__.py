"""What is compiled: lanes, the coupling product, integrators and their steps, drivers, noise, tangents.

A kernel knows arrays and numbers, and nothing of units, studies, datasets or files: numpy, numba, llvmlite and math are
all that this room imports.
"""
