"""Checksums of a checkpoint: `sums.json` in its folder holds the SHA-256 of each file.

A checkpoint whose files differ from their checksums is damaged and is not loaded. What
operating systems and file servers add to a folder is no damage.
"""

import hashlib
import json
from pathlib import Path, PurePath

from wgan_gp.system.files import write_text

NAME = "sums.json"
_SYSTEM = (".ds_store", ".appledouble", "thumbs.db", "desktop.ini")


class DamageError(Exception):
    """The files of a checkpoint are not those that were saved."""


def write(folder: Path) -> None:
    """Writes `sums.json` with the checksums of all files in a folder.

    Args:
      folder: of a checkpoint, complete.

    Raises:
      WriteError: the file cannot be written.
    """
    # No line break at the end, so that each byte counts.
    write_text(folder / NAME, json.dumps(_sums(folder), indent=1))


def legacy_path(folder: Path) -> Path:
    """The file, beside a checkpoint's folder, in which version 0.1 kept checksums."""
    return folder.with_name(f"{folder.name}.{NAME}")


def verify(folder: Path, sums: Path | None = None) -> None:
    """Compares the files of a checkpoint with their checksums.

    Args:
      folder: of a checkpoint.
      sums: the file with the checksums; `sums.json` in the folder by default.

    Raises:
      DamageError: a file is missing, added or changed, or the checksums cannot be
        read.
    """
    sums = sums or folder / NAME
    try:
        expected = json.loads(sums.read_text())
    except (ValueError, OSError, RecursionError):
        raise DamageError(f"{sums.name} cannot be read") from None
    if not isinstance(expected, dict):
        raise DamageError(f"{sums.name} has no sums")
    found = _sums(folder)
    expected = {k: v for k, v in expected.items() if not _of_system(PurePath(k))}
    for name in sorted({*expected, *found}):
        if expected.get(name) != found.get(name):
            raise DamageError(f"{name} is not what was written")


def _of_system(path: PurePath) -> bool:
    """Whether a file is one that macOS, Windows or NFS makes."""
    first = path.name.startswith(("._", ".nfs"))
    return first or not {*map(str.lower, path.parts)}.isdisjoint(_SYSTEM)


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below a folder, by relative path; without `sums.json`."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return {
        str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
        if each != folder / NAME and not _of_system(each.relative_to(folder))
    }
