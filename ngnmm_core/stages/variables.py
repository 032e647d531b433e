"""What the jobs write besides the variables of their analyses.  Read when the workflow is planned: free of numba."""

import numpy as np

from ngnmm_core.analysis.contract import Variable, status
from ngnmm_core.analysis.transfer_entropy import SURROGATES
from ngnmm_core.streaming.activity import REGIMES

LAMBDA = np.round(np.linspace(-1.0, 1.0, 401), 12)
LAMBDA_AXIS = {"lambda": (LAMBDA, "1", "eigenvalue of W in units of the row sum")}

SIMULATION = (
    Variable("network_regime", (), "1", "regime of the network", dtype="int8", flags=REGIMES),
    status("simulation"),
    Variable("diverged_at_ms", (), "ms", "time at which the solution ceased to be finite"),
    Variable("diverged_region", (), "1", "index of the first region that ceased to be finite", dtype="int32"),
)

HIGHLIGHTS = (
    *SIMULATION,
    Variable("growth_curve", ("lambda",), "ms-1", "growth rate of perturbations against the eigenvalue Lambda of W"),
    Variable("growth_curve_frequency", ("lambda",), "Hz", "frequency of perturbations against the eigenvalue Lambda"),
)

SURROGATE_AXIS = {"surrogate": (np.arange(SURROGATES), "1", "time-shifted surrogate")}

LESIONS = (
    *SIMULATION,
    Variable("lesion_fc", ("edge",), "1", "functional connectivity under the lesion", "float32"),
    Variable("lesion_synchrony", ("region",), "1", "synchrony of the other regions"),
    Variable("lesion_gamma_power", ("region",), "1", "power in the gamma band under the lesion", "float32"),
    Variable("lesion_information", ("region",), "1", "mean transfer entropy to the others (nat), of unlesioned runs"),
    Variable("lesion_information_surrogates", ("surrogate", "region"), "1", "the same with shifted sources", "float32"),
)
