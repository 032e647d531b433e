"""Compiled kernels on disk: where they are kept, what they are keyed by, and which processor they are for."""
