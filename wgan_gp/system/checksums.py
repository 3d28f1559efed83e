"""SHA-256 of a checkpoint's files, in a file among them: `sums.json`."""

import hashlib
import json
from pathlib import Path

from wgan_gp.system.files import write_text

NAME = "sums.json"


class DamageError(Exception):
    """A checkpoint that is not what was saved."""


def write(folder: Path) -> None:
    """Writes the sums of a folder's files into it.

    Raises:
      WriteError: they cannot be written.
    """
    # No line break at the end, so that each byte counts.
    write_text(folder / NAME, json.dumps(_sums(folder), indent=1))


def legacy_path(folder: Path) -> Path:
    """Where version 0.1 kept the sums of a checkpoint: next to it."""
    return folder.with_name(f"{folder.name}.{NAME}")


def verify(folder: Path, sums: Path | None = None) -> None:
    """Compares a folder's files with their sums.

    Args:
      folder: of a checkpoint.
      sums: the file with the sums; the one in the folder by default.

    Raises:
      DamageError: a file is missing, added or changed, or the sums cannot be read.
    """
    sums = sums or folder / NAME
    try:
        expected = json.loads(sums.read_text())
    except (ValueError, OSError, RecursionError):
        raise DamageError(f"{sums.name} cannot be read") from None
    if not isinstance(expected, dict):
        raise DamageError(f"{sums.name} has no sums")
    found = _sums(folder)
    for name in sorted({*expected, *found}):
        if expected.get(name) != found.get(name):
            raise DamageError(f"{name} is not what was written")


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below a folder, but for the file of sums."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return {
        str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
        if each != folder / NAME
    }
