"""SHA-256 of a checkpoint's files, beside it: `STEP.sums.json`."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from wgan_gp.writers import write_json

_SUMS = "sums.json"


class DamageError(Exception):
    """A checkpoint that is not what was saved."""


def of(folder: Path, step: int) -> Path:
    """The file with the sums of `folder/STEP`."""
    return folder / f"{step}.{_SUMS}"


def write(folder: Path, step: int) -> None:
    """Writes the sums of a checkpoint.

    Raises:
      WriteError: they cannot be written.
    """
    write_json(of(folder, step), _sums(folder / str(step)))


def remove_but(folder: Path, steps: Iterable[int]) -> None:
    """Removes the sums of all but these steps."""
    kept = {of(folder, step) for step in steps}
    for path in folder.glob(f"*.{_SUMS}"):
        if path not in kept:
            path.unlink()


def verify(folder: Path, step: int) -> None:
    """Compares a checkpoint's files with their sums.

    Raises:
      DamageError: a file is missing, added or changed, or the sums cannot be read.
    """
    sums = of(folder, step)
    if not sums.is_file():
        raise DamageError("it has no checksums, as if killed while it was saved")
    try:
        expected = json.loads(sums.read_text())
    except (ValueError, RecursionError):
        raise DamageError(f"{sums.name} cannot be read") from None
    if not isinstance(expected, dict):
        raise DamageError(f"{sums.name} has no sums")
    found = _sums(folder / str(step))
    for name in sorted({*expected, *found}):
        if expected.get(name) != found.get(name):
            raise DamageError(f"{name} is not what was written")


def last_saved(folder: Path) -> int | None:
    """The step of the newest checkpoint that was finished, if any.

    Args:
      folder: of a run's checkpoints; it need not exist.
    """
    names = (path.name.split(".")[0] for path in folder.glob(f"*.{_SUMS}"))
    return max((int(name) for name in names if name.isdecimal()), default=None)


def _sums(path: Path) -> dict[str, str]:
    """SHA-256 of each file below a folder."""
    files = sorted(each for each in path.rglob("*") if each.is_file())
    return {
        str(each.relative_to(path)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
    }
