"""The equations of the next-generation family, written down a second time from the papers, units and all.

Each function gives the time derivatives of the states in the order of the model; `SENT` is what a region sends, `SIZE`
how large the states may be.
"""

import numpy as np

pi = np.pi


def qif(r, v, drive, tau, Delta):
    """r' and v' of one population: Montbrio, Pazo, Roxin (2015), equation 12; `drive` is all that is added to v^2."""
    return (Delta / (pi * tau) + 2 * r * v) / tau, (v**2 + drive - (pi * tau * r) ** 2) / tau


def ngnmm_conductance(x, p, c):
    """Byrne, O'Dea, Forrester, Ross, Coombes (2020), with the second-order synapse as two equations."""
    r, v, s, q = x
    g = p["tau"] * (p["J"] * s + c)
    dr, dv = qif(r, v, p["eta"] + p["I_ext"] + g * (p["v_syn"] - v), p["tau"], p["Delta"])
    return [dr - (g + p["g_gap"]) * r / p["tau"], dv, q / p["tau_s"], (r - s - 2 * q) / p["tau_s"]]


def ngnmm_gap(x, p, c):
    """Pietras, Devalle, Roxin, Daffertshofer, Montbrio (2019)."""
    r, v = x
    dr, dv = qif(r, v, p["eta"] + p["I_ext"] + p["tau"] * (p["J"] * r + c), p["tau"], p["Delta"])
    return [dr - p["g"] * r / p["tau"], dv]


def ngnmm_sfa(x, p, c):
    """Gast, Schmidt, Knoesche (2020), adaptation."""
    r, v, A, B = x
    drive = p["eta"] + p["I_ext"] + p["J"] * p["tau"] * r + p["tau"] * c - A
    return [
        *qif(r, v, drive, p["tau"], p["Delta"]),
        B / p["tau_A"],
        (p["alpha"] * p["tau"] * r - 2 * B - A) / p["tau_A"],
    ]


def ngnmm_sd(x, p, c):
    """Gast, Schmidt, Knoesche (2020), depression."""
    r, v, A, B = x
    drive = p["eta"] + p["I_ext"] + p["J"] * p["tau"] * r * (1 - A) + p["tau"] * c
    return [
        *qif(r, v, drive, p["tau"], p["Delta"]),
        B / p["tau_A"],
        (p["alpha"] * p["tau"] * r - 2 * B - A) / p["tau_A"],
    ]


def tsodyks_markram(r, x, u, p):
    """x' and u' of the synapse, for a population that fires at rate r."""
    return (1 - x) / p["tau_d"] - u * x * r, (p["U0"] - u) / p["tau_f"] + p["U0"] * (1 - u) * r


def ngnmm_stp(x, p, c):
    """Taher, Torcini, Olmi (2020), equations 12 of one population."""
    r, v, X, U = x
    drive = p["eta"] + p["I_ext"] + p["tau"] * p["J"] * U * X * r + p["tau"] * c
    return [*qif(r, v, drive, p["tau"], p["Delta"]), *tsodyks_markram(r, X, U, p)]


def ngnmm_memory(x, p, c):
    """Taher, Torcini, Olmi (2020), two items: matrix of weights times what every population releases."""
    items, (r_0, v_0) = (x[:4], x[4:8]), x[8:]
    released = [u * X * r for r, _, X, u in items] + [r_0]
    weights = [[p["J_self"], p["J_cross"], -p["J_ei"]], [p["J_cross"], p["J_self"], -p["J_ei"]]]
    slopes = []
    for k, (r, v, X, u) in enumerate(items):
        synaptic = sum(w * q for w, q in zip(weights[k], released, strict=True))
        drive = p["eta"] + p["I_B"] + p["I_S"] + p[f"I_S_{k + 1}"] + p["tau_e"] * (synaptic + c)
        slopes += [*qif(r, v, drive, p["tau_e"], p["Delta"]), *tsodyks_markram(r, X, u, p)]
    drive = p["eta"] + p["I_B"] + p["tau_i"] * (p["J_ie"] * items[0][0] + p["J_ie"] * items[1][0] - p["J_ii"] * r_0)
    return [*slopes, *qif(r_0, v_0, drive, p["tau_i"], p["Delta"])]


def ei_ngnmm_synapses(x, p, c):
    """Dumont, Gutkin (2019), equations 4, with a time constant for each synapse."""
    r_e, v_e, s_ee, s_ei, r_i, v_i, s_ie, s_ii = x
    synapse = lambda s, pair, inflow: (-s + inflow) / p[f"tau_s{pair}"]
    drive_e = p["eta_e"] + p["I_ext_e"] + p["tau_e"] * s_ee - p["tau_e"] * s_ei
    drive_i = p["eta_i"] + p["I_ext_i"] + p["tau_i"] * s_ie - p["tau_i"] * s_ii
    return [
        *qif(r_e, v_e, drive_e, p["tau_e"], p["Delta_e"]),
        synapse(s_ee, "ee", p["J_ee"] * r_e + c),
        synapse(s_ei, "ei", p["J_ei"] * r_i),
        *qif(r_i, v_i, drive_i, p["tau_i"], p["Delta_i"]),
        synapse(s_ie, "ie", p["J_ie"] * r_e + p["Gamma"] * c),
        synapse(s_ii, "ii", p["J_ii"] * r_i),
    ]


def ei_ngnmm_adaptation(x, p, c):
    """The node of arXiv:2512.03907 with a current A of first order that E receives."""
    r_e, v_e, s_e, r_i, v_i, s_i, A = x
    drive_e = p["eta_e"] + p["I_ext_e"] + p["tau_e"] * (p["J_ee"] * s_e - p["J_ei"] * s_i + c) - A
    drive_i = p["eta_i"] + p["I_ext_i"] + p["tau_i"] * (p["J_ie"] * s_e - p["J_ii"] * s_i + c)
    return [
        *qif(r_e, v_e, drive_e, p["tau_e"], p["Delta_e"]),
        (r_e - s_e) / p["tau_se"],
        *qif(r_i, v_i, drive_i, p["tau_i"], p["Delta_i"]),
        (r_i - s_i) / p["tau_si"],
        (p["alpha"] * p["tau_e"] * r_e - A) / p["tau_A"],
    ]


EQUATIONS = {
    "ei_ngnmm_adaptation": ei_ngnmm_adaptation, "ei_ngnmm_synapses": ei_ngnmm_synapses,
    "ngnmm_conductance": ngnmm_conductance, "ngnmm_gap": ngnmm_gap, "ngnmm_memory": ngnmm_memory,
    "ngnmm_sd": ngnmm_sd, "ngnmm_sfa": ngnmm_sfa, "ngnmm_stp": ngnmm_stp,
}  # fmt: skip
SENT = {
    "ei_ngnmm_adaptation": lambda x, p: x[2],
    "ei_ngnmm_synapses": lambda x, p: x[0],
    "ngnmm_conductance": lambda x, p: x[2],
    "ngnmm_gap": lambda x, p: x[0],
    "ngnmm_memory": lambda x, p: (x[3] * x[2] * x[0] + x[7] * x[6] * x[4]) / 2,
    "ngnmm_sd": lambda x, p: (1 - x[2]) * x[0],
    "ngnmm_sfa": lambda x, p: x[0],
    "ngnmm_stp": lambda x, p: x[3] * x[2] * x[0],
}
SIZE = {
    "ei_ngnmm_adaptation": [0.2, 3.0, 0.2, 0.2, 3.0, 0.2, 2.0],
    "ei_ngnmm_synapses": [0.2, 3.0, 1.0, 1.0, 0.2, 3.0, 1.0, 1.0],
    "ngnmm_conductance": [0.2, 3.0, 0.2, 0.1],
    "ngnmm_gap": [0.2, 3.0],
    "ngnmm_memory": [0.1, 2.0, 0.5, 0.5, 0.1, 2.0, 0.5, 0.5, 0.1, 2.0],
    "ngnmm_sd": [0.2, 3.0, 0.5, 0.5],
    "ngnmm_sfa": [0.2, 3.0, 5.0, 5.0],
    "ngnmm_stp": [0.2, 3.0, 0.5, 0.5],
}
