"""Master stability function over a grid: along which directions of the connectome the homogeneous state is unstable.

Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998), doi:10.1103/PhysRevLett.80.2109.
"""

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status

REGIMES = ("rest", "limit_cycle", "multi_period_cycle", "torus", "chaos", "irregular")  # as in `attractor`
OK, DIVERGED, UNCOUPLED, IRREGULAR = range(4)


class MsfOptions(Options):
    """No options: every eigenvalue of W is a mode."""


def variables(options: MsfOptions) -> tuple[Variable, ...]:
    """What this analysis writes."""
    return (
        Variable("msf", ("mode",), "ms-1", "growth rate of perturbations along an eigenvector of W"),
        Variable("msf_frequency", ("mode",), "Hz", "frequency of the leading perturbation along an eigenvector of W"),
        Variable("unstable_modes", (), "1", "number of unstable directions", "int32"),
        Variable("most_unstable_mode", (), "1", "mode that grows fastest, the uniform one left out", "int32"),
        Variable("regime", (), "1", "regime of the homogeneous state", "int8", flags=REGIMES),
        Variable("orbit_period", (), "ms", "period of the homogeneous cycle"),
        Variable("orbit_multiplicity", (), "1", "rounds of a simpler cycle that the cycle makes", "int32"),
        status("msf", "uncoupled", "irregular"),
    )


ANALYSIS = Analysis(
    name="msf",
    title="Master stability function",
    needs="msf",
    options=MsfOptions,
    variables=variables,
)
