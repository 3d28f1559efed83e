"""Critics where the truth is known: the W1 benchmark; see `docs/w1_benchmark.md`."""
