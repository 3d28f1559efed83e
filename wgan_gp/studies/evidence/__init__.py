"""The method's claims, each as a figure and a number; see `docs/results.md`."""
