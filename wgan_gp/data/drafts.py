"""Folders that are there once they are complete, and what killed processes left."""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from wgan_gp.system import locks

# A file in a draft, which its process holds; nobody else has one of this name, since
# drafts lie in folders of users.
LOCK = "wgan_gp-draft.lock"
_AGE = 60.0  # seconds; a younger draft may be about to be held


@contextmanager
def draft_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder`, which is renamed to it if the block succeeds.

    If the block fails, it is removed; one of a process that is killed is left to
    `remove_abandoned`. Where another process was first, its folder stays.

    Args:
      folder: that is to be made; its parent folder is there.

    Yields:
      The hidden folder.

    Raises:
      OSError: it cannot be made or renamed.
    """
    with hidden_folder(folder) as draft:
        yield draft
        (draft / LOCK).unlink()
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was first
                raise


@contextmanager
def hidden_folder(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path`, of this process alone, removed at the end.

    Args:
      path: whose parent folder is there.

    Yields:
      The hidden folder; one of a process that is killed is left to `remove_abandoned`.

    Raises:
      OSError: it cannot be made.
    """
    folder = path.parent / f".{path.name}-{secrets.token_hex(8)}"
    folder.mkdir()  # for all whom the umask allows, as what it is renamed to is
    try:
        with (folder / LOCK).open("w") as lock:
            _hold(lock)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(parent: Path) -> None:
    """Removes drafts that no process holds any more."""
    for draft in parent.iterdir():
        path = draft / LOCK
        try:
            if not draft.name.startswith(".") or not path.is_file():
                continue
            old = time.time() - path.stat().st_mtime > _AGE
            with path.open("r+") as lock:
                if old and _hold(lock):
                    shutil.rmtree(draft, ignore_errors=True)
        except OSError:  # another user's, or gone by now
            continue


def _hold(lock: IO[str]) -> bool:
    """Locks a file until it is closed; False if that is not possible."""
    try:
        return locks.take(lock)
    except (ImportError, OSError):  # on Windows; no file system has to have locks
        return False
