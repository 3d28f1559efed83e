"""Studies of many runs: sweeps, evidence, the W1 benchmark, architectures."""
