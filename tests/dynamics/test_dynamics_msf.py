"""The master stability function as a study gets it: statuses, counts, and the paper's numbers on the paper's matrix."""

import numpy as np
import pytest

from ngnmm_core.analysis import msf as declared
from ngnmm_core.analysis.msf import MsfStatus
from ngnmm_core.connectome import Connectome, ConnectomeSpec, build_connectome, load_registry, normalise, spectrum
from ngnmm_core.dynamics.attractor import find_attractors
from ngnmm_core.dynamics.dispersion import dispersion
from ngnmm_core.dynamics.regimes import CHAOS, LIMIT_CYCLE, REGIMES, REST
from ngnmm_core.errors import InputError
from ngnmm_core.stages import msf
from ngnmm_core.stages.task import Task


@pytest.fixture(scope="module")
def run(ei, points_of):
    """`run(W, I_ext_e, G)`: the results of the job for lists of parameter values."""

    def job(W, current, G):
        points = points_of(ei, len(current), I_ext_e=current, G=G)
        return msf.run(Task(ei, Connectome(W, tuple(map(str, range(len(W))))), points, {}, ()))

    return job


@pytest.fixture(scope="module")
def outcomes(run, ring6):
    """Rest, cycle, no coupling, chaos and divergence, in one shard."""
    return run(ring6, [15.0, 13.0, 13.0, 10.0, 1e12], [9.0, 5.0, 0.0, 11.0, 5.0])


def test_statuses_tell_why_there_is_no_number(outcomes):
    assert outcomes["msf_status"].tolist() == [
        MsfStatus.OK,
        MsfStatus.OK,
        MsfStatus.UNCOUPLED,
        MsfStatus.IRREGULAR,
        MsfStatus.DIVERGED,
    ]
    assert np.isfinite(outcomes["msf"]).all(axis=1).tolist() == [True, True, False, False, False]
    for name in ("msf", "msf_frequency"):
        assert np.isnan(outcomes[name][2:]).all()
    for name in ("unstable_modes", "most_unstable_mode"):
        assert (outcomes[name][2:] == -1).all()


def test_regimes_and_periods(outcomes):
    assert outcomes["regime"].tolist() == [REST, LIMIT_CYCLE, LIMIT_CYCLE, CHAOS, -1]
    assert declared.REGIMES == REGIMES
    assert outcomes["orbit_multiplicity"].tolist() == [-1, 1, 1, -1, -1]
    assert outcomes["orbit_period"][1] == pytest.approx(14.179589659, rel=1e-6)
    assert np.isnan(outcomes["orbit_period"][[0, 3, 4]]).all()


def test_modes_are_counted_by_their_growth(outcomes, ring6, ei, attractor_at):
    modes = spectrum(ring6).values
    np.testing.assert_allclose(modes, [1, 0.5, 0.5, -0.5, -0.5, -1], atol=1e-14)
    for k, (current, G) in enumerate([(15.0, 9.0), (13.0, 5.0)]):
        attractor, parameters = attractor_at(ei, I_ext_e=current, G=G)
        growth = [dispersion(ei, parameters, 1.0, attractor, np.array([m])).growth_rate[0] for m in modes]
        np.testing.assert_allclose(outcomes["msf"][k], growth, atol=1e-9)
        assert outcomes["unstable_modes"][k] == np.sum(np.array(growth[1:]) > 1e-7)
        assert outcomes["msf"][k][outcomes["most_unstable_mode"][k]] == pytest.approx(max(growth[1:]), abs=1e-9)
    assert outcomes["unstable_modes"][:2].tolist() == [3, 2]


def test_one_cycle_has_the_zero_exponent_once(run):
    """A disconnected network repeats Lambda = 1: its second copy is neutral, and not unstable."""
    pair = np.array([[0.0, 1.0], [1.0, 0.0]])
    results = run(np.kron(np.eye(2), pair), [13.0], [5.0])
    np.testing.assert_allclose(results["msf"][0, :2], [-0.179056698, 0.0], atol=1e-6)
    assert abs(results["msf"][0, 1]) <= 1e-7
    assert results["unstable_modes"] == 0


@pytest.mark.slow
def test_a_directed_network(run, directed5, ei, attractor_at):
    results = run(directed5, [12.2], [12.0])
    attractor, parameters = attractor_at(ei, I_ext_e=12.2, G=12.0)
    relation = dispersion(ei, parameters, 1.0, attractor, spectrum(directed5).values)
    np.testing.assert_allclose(results["msf"][0], relation.growth_rate, atol=1e-9)
    np.testing.assert_allclose(results["msf_frequency"][0], relation.frequency, atol=1e-6)


def test_rows_that_do_not_sum_to_the_same_are_refused(run, directed5):
    with pytest.raises(InputError, match=r"analyses.msf: the rows of W sum to different values \(spread 0.01\)"):
        run(directed5 * np.array([1.0, 1.0, 1.01, 1.0, 1.0])[:, None], [13.0], [5.0])


def test_equal_row_sums_other_than_one_will_do(run, directed5):
    results = run(3.0 * directed5, [13.0], [5.0 / 3.0])
    np.testing.assert_allclose(results["msf"], run(directed5, [13.0], [5.0])["msf"], atol=1e-9)


@pytest.fixture(scope="module")
def paper(sc2017, pytestconfig):
    """The paper's matrix, row-normalised."""
    registry = load_registry(pytestconfig.rootpath / "config" / "connectomes.yaml")
    dataset = build_connectome(ConnectomeSpec(name="aal90-sc2017", path=sc2017), registry)
    return normalise(dataset.weights, "row")


def test_spectrum_of_the_papers_matrix(paper):
    modes = spectrum(paper).values
    assert modes.dtype == np.float64
    np.testing.assert_allclose(modes[:4], [1, 0.7393, 0.6543, 0.5687], atol=5e-5)
    assert modes[-1] == pytest.approx(-0.2567, abs=5e-5)
    assert np.count_nonzero(paper) == 7936


def test_unstable_modes_of_the_paper(run, paper):
    results = run(paper, [13.0, 15.0], [5.0, 9.0])
    assert results["regime"].tolist() == [LIMIT_CYCLE, REST]
    assert results["unstable_modes"].tolist() == [5, 79]
    np.testing.assert_allclose(results["msf"][:, 1:].max(axis=1), [0.003896, 0.017361], atol=1e-6)
    assert results["msf"].shape == (2, 90)


@pytest.mark.slow
def test_the_papers_network_leaves_the_homogeneous_state_at_the_stated_rate(
    ei, paper, attractor_at, points_of, integrate
):
    """(13, 5): 1e-9 off the cycle along the most unstable mode, deviations grow by 0.003896 per ms."""
    attractor, _ = attractor_at(ei, I_ext_e=13.0, G=5.0)
    modes = spectrum(paper)
    mode = 1 + int(np.argmin(np.abs(modes.values[1:] - 0.7393)))
    start = attractor.state + 1e-9 * modes.right[:, mode, None] * np.array([0, 1.0, 0, 0, 0, 0])
    steps = attractor.orbit.steps
    path = integrate(ei, paper, points_of(ei, I_ext_e=13, G=5), start[None], attractor.period / steps, 60, steps)
    deviation = np.abs(np.einsum("k,tks->ts", modes.left[:, mode], path[:, 0] - attractor.state)).max(axis=1)
    rate = np.polyfit(attractor.period * np.arange(20, 61), np.log(deviation[19:]), 1)[0]
    assert 1e-10 < deviation.max() < 1e-6
    assert rate == pytest.approx(0.003896, abs=1e-5)


@pytest.mark.parametrize(("current", "G"), [(15.0, 9.0), (13.0, 5.0)], ids=["rest", "cycle"])
def test_the_frequency_of_a_real_eigenvalue_has_no_sign_beside_complex_ones(ei, current, G):
    """A real Lambda has conjugate exponents, whose order is rounding: none is negative, beside complex ones either."""
    arrays = {p.name: np.full(1, p.default) for p in ei.parameters} | {
        "I_ext_e": np.full(1, current),
        "G": np.full(1, G),
    }
    parameters = {name: float(values[0]) for name, values in arrays.items()}
    (attractor,) = find_attractors(ei, arrays, 1.0)
    modes = np.linspace(-1.0, 0.95, 14)
    alone = dispersion(ei, parameters, 1.0, attractor, modes)
    beside = dispersion(ei, parameters, 1.0, attractor, np.append(modes, [0.2 + 0.3j, 0.2 - 0.3j]))
    assert (alone.frequency >= 0).all()
    assert alone.frequency.max() > 1
    np.testing.assert_allclose(beside.frequency[:14], alone.frequency, atol=1e-6)
    assert beside.frequency[14] == pytest.approx(-beside.frequency[15], abs=1e-6)
