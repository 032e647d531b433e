"""Reducers: they take blocks of samples while the network is integrated, and keep running sums instead of series."""
