"""From a study to shards: the identity of points, the plan, and the computation of one shard."""
