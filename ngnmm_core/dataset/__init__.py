"""Shards become one dataset: what they hold, how they are merged, and where every number comes from."""
