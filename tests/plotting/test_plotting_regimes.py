"""Maps of regimes."""

import json

from drawn import (
    at_rest,
)

from ngnmm_core.plotting.regimes import regime_map


def test_the_regimes_of_network_and_homogeneous_state_are_both_there(sweep, texts):
    sweep["regime"].loc[{"G": 4}] = 4
    sweep["synchrony"][:] = 0.95
    sweep["synchrony"].loc[{"G": 1}] = 0.02
    found = texts(regime_map(at_rest(sweep, I_ext_e=3)))
    assert {"rest", "synchronised (synchrony ≥ 0.9); limit cycle", "desynchronised (≤ 0.1)", "chaos"} <= set(found)
    assert "partly synchronised" not in found
    assert sum(text.startswith("network") for text in found) == 3


def test_a_network_that_noise_moves_is_called_fluctuating(sweep, texts):
    def words(noise_sigma):
        config = json.dumps({"simulation": {"noise_sigma": noise_sigma}})
        return set(texts(regime_map(at_rest(sweep, I_ext_e=3).drop_vars("synchrony").assign_attrs(config=config))))

    assert {"rest", "fluctuating"} <= words(0.1)
    assert "fluctuating" not in words(0.0)
