"""The machine and its user: options, one-line errors, files, paths, signals."""
