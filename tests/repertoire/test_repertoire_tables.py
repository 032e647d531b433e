"""The comparison of models from made-up sweeps whose regimes and couplings are known."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ngnmm_core.analysis.model_claims import NOT_SHOWN, OPEN, REFUTED, SHOWN, claims
from ngnmm_core.analysis.repertoire import (
    CHAOS,
    FASTER,
    KINDS,
    MULTISTABLE,
    PATTERNS,
    SLOWER,
    STEADY,
    TORUS,
    UNRESOLVED,
    coupling_table,
    kinds_of,
    read,
    regime_table,
)  # fmt: skip
from ngnmm_core.dynamics.regimes import REGIMES
from ngnmm_core.products.model_comparison import markdown, write_repertoire

G, DRIVE = np.array([1.0, 2.0]), np.array([0.0, 1.0, 2.0, 3.0])
REST, CYCLE, PERIODS, TORI, CHAOTIC = (REGIMES.index(n) for n in REGIMES[:5])


def sweep(model="ei_ngnmm", drive="I_ext_e", **changes):
    """Row G = 1: rest, alpha, gamma, doubled gamma; row G = 2: torus, chaos, rest, undefined."""
    grid, shape = ("G", drive), (2, 4)
    period = np.array([[np.nan, 100.0, 20.0, 40.0], [np.nan] * 4])
    exponents = np.full((*shape, 3), -0.2)
    exponents[0, 1] = [1e-5, -0.03, -0.1]
    exponents[1, 1] = [0.02, -1e-5, -0.3]
    growth = np.full((*shape, 4), -0.05)
    growth[0, 2, 3] = 0.004
    growth[1, :2] = np.nan
    transverse = np.full((*shape, 4), np.nan)
    transverse[1, 1] = [0.02, 0.01, -0.1, -0.2]
    pvalue = np.full((*shape, 2), np.nan)
    pvalue[0, 1:] = [[0.01, 0.5], [0.02, 0.5], [0.9, 0.5]]
    index = np.where(np.isfinite(pvalue), [0.003, 0.001], np.nan)
    index[0, 2, 0] = 0.005
    of_regions = np.repeat(pvalue[..., None], 5, axis=-1)
    data = {
        "regime": (grid, np.array([[REST, CYCLE, CYCLE, PERIODS], [TORI, CHAOTIC, REST, -1]], np.int8)),
        "orbit_period": (grid, period),
        "orbit_multiplicity": (grid, np.array([[-1, 1, 1, 2], [-1] * 4])),
        "msf": ((*grid, "mode"), growth),
        "transverse_exponent": ((*grid, "mode"), transverse),
        "homogeneous_lyapunov_exponent": ((*grid, "exponent"), exponents),
        "attractor_count": (grid, np.array([[2, 1, 1, 1], [1, 1, 3, -1]])),
        "mean_modulation_index": ((*grid, "phase_band"), index),
        "mean_modulation_pvalue": ((*grid, "phase_band"), pvalue),
        "modulation_pvalue": ((*grid, "phase_band", "region"), of_regions),
    } | changes
    return xr.Dataset(data, {"G": G, drive: DRIVE, "phase_band": ["theta", "alpha"]}, {"model": model})


def row(table, regime):
    return table[table.regime == regime].iloc[0]


def test_cycles_are_named_by_their_band():
    frequencies = np.array([0.5, 1.0, 5.0, 8.0, 12.99, 13.0, 30.0, 149.0, 150.0, 250.0])
    found = kinds_of(np.full(10, CYCLE), frequencies)
    bands = ["delta", "theta", "alpha", "alpha", "beta", "gamma", "gamma"]
    assert found.tolist() == [SLOWER, *(f"{b} cycle" for b in bands), FASTER, FASTER]
    assert set(found) <= set(KINDS)
    assert kinds_of(np.array([-1, REGIMES.index("irregular")]), np.full(2, np.nan)).tolist() == [UNRESOLVED] * 2


def test_fractions_and_counts():
    table = regime_table([read(sweep())])
    expected = {STEADY: 2, "alpha cycle": 1, "gamma cycle": 2, TORUS: 1, CHAOS: 1, UNRESOLVED: 1, MULTISTABLE: 2}
    for regime, points in expected.items():
        assert row(table, regime).points == points
        assert row(table, regime).fraction == pytest.approx(points / 8)
    assert row(table, PATTERNS).points == 2  # one by growth rates, one by transverse exponents
    kinds = table[~table.regime.isin([MULTISTABLE, PATTERNS])]
    assert kinds.points.sum() == 8
    assert table.of.tolist() == [8] * len(table)


def test_examples_frequencies_and_exponents():
    table = regime_table([read(sweep())])
    alpha, chaos = row(table, "alpha cycle"), row(table, CHAOS)
    assert alpha.example == "G = 1, I_ext_e = 1"
    assert alpha.frequency_hz == pytest.approx(10.0)
    assert alpha.leading_exponent_per_s == pytest.approx(-30.0)  # not the zero of a shift in time
    assert alpha.transverse_exponent_per_s == pytest.approx(-50.0)
    assert chaos.leading_exponent_per_s == pytest.approx(20.0)
    assert chaos.transverse_exponent_per_s == pytest.approx(10.0)  # the uniform mode does not count
    assert np.isnan(chaos.frequency_hz)
    assert row(table, "gamma cycle").frequency_hz == pytest.approx(50.0)  # also the doubled one: two rounds in 40 ms


def test_what_does_not_occur_is_said():
    rest = sweep(regime=(("G", "I_ext_e"), np.full((2, 4), REST, np.int8)))
    table = regime_table([read(rest)])
    for regime in ("alpha cycle", "gamma cycle", TORUS, CHAOS):
        assert (row(table, regime).occurs, row(table, regime).example) == ("no", "")
    assert row(table, STEADY).fraction == 1.0


def test_coupling():
    table = coupling_table([read(sweep())])
    theta, alpha = (table[table.coupling == f"{band}-gamma"].iloc[0] for band in ("theta", "alpha"))
    assert (theta.points, theta.defined, theta.significant) == (8, 3, 2)
    assert theta.significant_fraction == pytest.approx(2 / 8)
    assert theta.points_with_coupled_regions == 2
    assert theta.median_index == pytest.approx(0.004)
    assert (theta.largest_index, theta["at"]) == (0.005, "G = 1, I_ext_e = 2")
    assert alpha.significant == 0
    assert np.isnan(alpha.largest_index)


def verdicts(regimes, coupling):
    return {claim: verdict for claim, verdict, _ in claims(regimes, coupling)}


def test_claims_follow_the_tables():
    """The same sweep for all three models: nothing is special to the next-generation one."""
    found = [read(sweep(m, d)) for m, d in (("jansen_rit", "p"), ("wilson_cowan", "P"), ("ei_ngnmm", "I_ext_e"))]
    judged = verdicts(regime_table(found), coupling_table(found))
    assert judged["Jansen-Rit is a model of the alpha rhythm"] == SHOWN
    assert judged["classical models have no gamma cycle"] == REFUTED
    assert {verdict for claim, verdict in judged.items() if claim.startswith("only")} <= {REFUTED, NOT_SHOWN}
    still = [
        read(
            sweep(m, d, regime=(("G", d), np.full((2, 4), REST, np.int8)), attractor_count=(("G", d), np.ones((2, 4))))
        )
        for m, d in (("jansen_rit", "p"), ("wilson_cowan", "P"))
    ]
    judged = verdicts(regime_table([*still, found[2]]), coupling_table([*still, found[2]]))
    assert judged["classical models have no gamma cycle"] == OPEN
    assert judged["Jansen-Rit is a model of the alpha rhythm"] == NOT_SHOWN
    assert judged["only the next-generation model is chaotic on the homogeneous manifold"] == OPEN
    assert judged["only the next-generation model is multistable"] == OPEN


def test_markdown():
    text = markdown(pd.DataFrame({"a": [0.123456, np.nan], "b": ["", "x"]}))
    assert text == "| a | b |\n| --- | --- |\n| 0.1235 | - |\n| - | x |"


def test_files(tmp_path):
    paths = []
    for model, drive in (("jansen_rit", "p"), ("wilson_cowan", "P"), ("ei_ngnmm", "I_ext_e")):
        paths.append(tmp_path / f"{model}.nc")
        sweep(model, drive).to_netcdf(paths[-1])
    tables = [tmp_path / f"{name}.{kind}" for name in ("regimes", "coupling") for kind in ("csv", "md")]
    figures = [tmp_path / "repertoire.svg", tmp_path / "repertoire.png"]
    write_repertoire(paths, tables, figures)
    assert all(path.stat().st_size > 300 for path in (*tables, *figures))
    table = pd.read_csv(tables[0])
    assert set(table.model) == {"jansen_rit", "wilson_cowan", "ei_ngnmm"}
    assert "does not hold" in tables[1].read_text()
    assert "| ei_ngnmm | theta-gamma |" in tables[3].read_text()
