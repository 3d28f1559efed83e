"""Paths as a user writes them."""

import os
import re
from pathlib import Path

PATH_KINDS = ("npz", "folder")  # names of data sets that are paths: KIND:PATH


def expand(path: str | Path) -> Path:
    """The path with `~`, `~user`, `$NAME` and `${NAME}` replaced.

    Shells leave a tilde alone where it follows an equals sign, as in
    `--workdir=~/runs`; every path that a flag or a configuration holds comes through
    here.

    Args:
      path: as it was given.

    Raises:
      ValueError: `~user` names no user of this machine, or a variable is not set.
    """
    text = os.path.expandvars(path)
    if unset := re.search(r"\$(\w+|\{\w+\})", text):
        raise ValueError(
            f"{path}: the variable {unset[0]} is not set: set it, or write the path in"
            " full"
        )
    try:
        expanded = Path(text).expanduser()
    except RuntimeError:
        raise ValueError(
            f"{path} is in no user's home on this machine: write the path in full"
        ) from None
    return expanded


def with_absolute_path(name: str) -> str:
    """The name of a data set, with its path in full if it is one.

    A run's record then names the same files wherever the run is resumed from.

    Args:
      name: `npz:FILE`, `folder:FOLDER`, or any other name, which stays as it is.

    Raises:
      ValueError: as `expand`.
    """
    kind, _, path = name.partition(":")
    if kind not in PATH_KINDS or not path:
        return name
    return f"{kind}:{expand(path).absolute()}"
