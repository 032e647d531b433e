"""Analyses, one method per file: each declares its options, what it needs, the variables it writes and its statuses."""
