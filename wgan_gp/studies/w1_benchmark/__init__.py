"""The W1 benchmark: critics beside a known optimum; see `docs/w1_benchmark.md`."""
