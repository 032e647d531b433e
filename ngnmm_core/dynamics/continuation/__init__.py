"""Equilibria and periodic orbits followed through parameters, and the bifurcations that they meet.

| file | what |
|---|---|
| `system` | the homogeneous system of a model as a function of its state and of one or two parameters |
| `solver` | Newton's method and tangents for systems with more unknowns than equations |
| `follow` | pseudo-arclength continuation with step control, and points located on the way |
| `equilibria` | equilibria of any model in any parameter |
| `special` | special points of branches of cycles, pairs of them in one step included |
| `cycles` | periodic orbits by multiple shooting, with Floquet multipliers |
| `plane`, `curves` | bifurcation curves in two parameters, from the diagrams at some values of the second one |
| `codimension_two` | what vanishes along curves of equilibria, and at the special points on them |
| `starts` | first cycles of a branch: at a Hopf point, at a period doubling, and from a simulated orbit |
"""
