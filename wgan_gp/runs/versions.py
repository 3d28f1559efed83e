"""`versions.json`: the versions of packages, Python and this code at each start."""

import json
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import wgan_gp
from wgan_gp.system.files import write_json

NAME = "versions.json"  # one entry for each start of the run
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def current() -> dict[str, str]:
    """The versions in use; with `commit` if this code is in a Git repository."""
    found = {"wgan_gp": wgan_gp.__version__, "python": platform.python_version()}
    found |= {name: metadata.version(name) for name in _PACKAGES}
    commit = _commit()
    return found | ({"commit": commit} if commit else {})


@cache
def _commit() -> str | None:
    """The Git commit of this code, followed by "-dirty" if files are changed."""
    folder = Path(__file__).parent
    # An installed package may lie inside an unrelated repository.
    ours = ("ls-files", "--error-unmatch", Path(__file__).name)
    name = ("describe", "--always", "--dirty", "--exclude=*", "--abbrev=40")
    command = ("git", "--no-optional-locks", "-C", str(folder))
    try:
        for arguments in (ours, name):
            done = subprocess.run(
                [*command, *arguments], capture_output=True, text=True, check=True
            )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def read(workdir: Path) -> list[dict[str, Any]]:
    """The entries of a run, the oldest first; empty for runs older than this file.

    Args:
      workdir: the run's folder.

    Raises:
      ValueError: the file is damaged.
    """
    path = workdir / NAME
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(each["versions"], dict) for each in entries):
            raise TypeError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError(
            f"{path} does not hold the versions of a run: move it away"
        ) from None
    return entries


def record(workdir: Path, step: int) -> None:
    """Adds an entry with the versions in use.

    Args:
      workdir: the run's folder.
      step: from which the run continues.

    Raises:
      WriteError: the file cannot be written.
    """
    entry = {"step": step, "versions": current()}
    write_json(workdir / NAME, [*read(workdir), entry])


def changes(workdir: Path) -> str | None:
    """The versions that differ from the run's last start, in a line; None if none do.

    Args:
      workdir: the run's folder.
    """
    entries = read(workdir)
    if not entries:
        return None
    before, now = entries[-1]["versions"], current()
    found = [
        f"{name} was {before.get(name)}, is {now.get(name)}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    if not found:
        return None
    return (
        f"other versions than at the run's last start: {'; '.join(found)}. What is"
        " trained from here on may differ from what they would have trained"
    )
