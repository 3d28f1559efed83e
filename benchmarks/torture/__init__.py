"""Stress tests of runs: kills, saves, long runs and bad input.

They write the table of docs/reliability.md.
"""
