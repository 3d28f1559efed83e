"""A run on disk: the loop, checkpoints, records, reports."""
