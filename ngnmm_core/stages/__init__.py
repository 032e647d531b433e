"""The kinds of sharded jobs, one file each: its points, its settings, its cost, and the job itself."""
