"""Regimes of the homogeneous state: their codes, and their names in the order of the codes."""

REST, LIMIT_CYCLE, MULTI_PERIOD, TORUS, CHAOS, IRREGULAR = range(6)
REGIMES = ("rest", "limit_cycle", "multi_period_cycle", "torus", "chaos", "irregular")
