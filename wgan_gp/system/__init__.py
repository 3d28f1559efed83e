"""Operating system and command line: options, errors, files, paths, signals."""
