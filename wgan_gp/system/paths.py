"""Paths on the command line and in configurations: `~` and variables are expanded."""

import os
import re
from pathlib import Path

# Names of data sets that are paths, KIND:PATH: tables of vectors, sets of pictures, and
# sequences.
TABLE_KINDS = ("csv", "parquet", "npy", "npz")
IMAGE_KINDS = ("npz", "folder")
SEQUENCE_KINDS = ("npz", "text")
PATH_KINDS = tuple(dict.fromkeys((*TABLE_KINDS, *IMAGE_KINDS, *SEQUENCE_KINDS)))


def expand(path: str | Path) -> Path:
    """Expands `~`, `~user`, `$NAME` and `${NAME}` in a path.

    Shells do not expand a tilde after an equals sign, as in `--workdir=~/runs`. Every
    path of a flag or a configuration is therefore expanded here.

    Args:
      path: as the user wrote it.

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
    """The name of a data set, with an absolute path if it contains a path.

    The settings of a run then name the same files in every working directory.

    Args:
      name: such as `csv:FILE` or `folder:FOLDER`; one without a kind of `PATH_KINDS` is
        returned unchanged.

    Raises:
      ValueError: as in `expand`.
    """
    kind, _, path = name.partition(":")
    if kind not in PATH_KINDS or not path:
        return name
    return f"{kind}:{expand(path).absolute()}"
