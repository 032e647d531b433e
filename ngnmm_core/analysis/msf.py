"""Master stability function over a grid: along which directions of the connectome the homogeneous state is unstable.

Pecora, Carroll, Phys. Rev. Lett. 80, 2109 (1998), doi:10.1103/PhysRevLett.80.2109.
"""

from ngnmm_core.analysis.contract import Analysis, Options, Variable, status
from ngnmm_core.analysis.maps import Look, Map
from ngnmm_core.dynamics.regimes import REGIMES
from ngnmm_core.storage.flags import Status


class MsfStatus(Status):
    """Outcome of the master stability function; inaccurate: a cycle whose own shift in time is not neutral.

    With delays, no_rest: the state moves without delays, and there are several equilibria; not_resolved: it could not
    be proved that no perturbation grows faster than those found.
    """

    UNCOUPLED, IRREGULAR, INACCURATE, NO_REST, NOT_RESOLVED = 2, 3, 4, 5, 6


class MsfOptions(Options):
    """No options: every eigenvalue of W is a mode."""


def variables(options: MsfOptions) -> tuple[Variable, ...]:
    """List the variables that this analysis writes."""
    return (
        Variable("msf", ("mode",), "ms-1", "growth rate of perturbations along an eigenvector of W"),
        Variable("msf_frequency", ("mode",), "Hz", "frequency of the leading perturbation along an eigenvector of W"),
        Variable("unstable_modes", (), "1", "number of unstable directions", "int32"),
        Variable("most_unstable_mode", (), "1", "mode that grows fastest, the uniform one left out", "int32"),
        Variable("regime", (), "1", "regime of the homogeneous state", "int8", flags=REGIMES),
        Variable("orbit_period", (), "ms", "period of the homogeneous cycle"),
        Variable("orbit_multiplicity", (), "1", "rounds of a simpler cycle that the cycle makes", "int32"),
        status("msf", MsfStatus),
    )


NEUTRAL = 1e-7  # growth rates up to this (1/ms) are neither growth nor decay, as in ngnmm_core.dynamics.dispersion

GROWTH_RATE = Map(
    "growth_rate",
    "msf",
    "largest transverse growth rate",
    "**Largest transverse growth rate** of the homogeneous (synchronous) state: the largest growth rate of "
    "perturbations along the eigenvectors of W, the uniform one left out (master stability function).\n\nRed: "
    "perturbations grow and regions desynchronise; blue: they decay. The black line is the border between the two. "
    "Negative values beyond the end of the scale have its last colour. With conduction delays the uniform one may "
    "grow, too: it counts among the unstable modes.",
    lambda values: values.isel(mode=slice(1, None)).max("mode"),  # mode 0 is the uniform direction
    Look("vlag", diverging=True, positive=True),
    statuses=("msf_status",),
    above=NEUTRAL,
    instead="transverse_exponent",
)
UNSTABLE_MODES = Map(
    "unstable_modes",
    "unstable_modes",
    "number of unstable modes",
    "**Number of unstable modes**: along how many eigenvectors of W (the uniform one left out) perturbations of the "
    "homogeneous state grow.\n\n0: the homogeneous state is stable in the network. The black line borders the region "
    "where it is not.",
    lambda values: values.where(values >= 0),
    Look("rocket_r", low=0.0, whole=True),
    statuses=("msf_status",),
    above=0.5,
    instead="transverse_unstable_modes",
)

ANALYSIS = Analysis(
    name="msf",
    title="Master stability function",
    needs="msf",
    options=MsfOptions,
    variables=variables,
    maps=lambda options: (GROWTH_RATE, UNSTABLE_MODES),
)
