"""Paths as a user writes them."""

import os
from pathlib import Path


def expand(path: str | Path) -> Path:
    """The path with `~`, `~user`, `$NAME` and `${NAME}` replaced.

    Shells leave a tilde alone where it follows an equals sign, as in
    `--workdir=~/runs`; every path that a flag or a configuration holds comes through
    here.

    Args:
      path: as it was given.

    Raises:
      ValueError: `~user` names no user of this machine.
    """
    text = os.path.expandvars(path)
    try:
        expanded = Path(text).expanduser()
    except RuntimeError:
        raise ValueError(
            f"{path} is in no user's home on this machine: write the path in full"
        ) from None
    return expanded
