"""Measurements beside other implementations; see README.md."""
