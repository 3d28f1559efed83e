"""Lock files, which are there while a process holds them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from wgan_gp.system import locks
from wgan_gp.system.files import writing

_RETRY = 0.05  # seconds


@contextmanager
def file_lock(path: Path, seconds: float) -> Iterator[bool]:
    """Holds a lock in the `with` block. The lock file is created and removed again.

    Args:
      path: of the lock file, in a folder that exists.
      seconds: to wait for another process that holds the lock.

    Yields:
      Whether this process has the lock; if not, another process still holds it.

    Raises:
      WriteError: the lock file cannot be created.
    """
    file = _wait(path, seconds)
    try:
        yield file is not None
    finally:
        if file is not None:
            # Removed while locked; `_take` of a waiting process notices and retries.
            path.unlink(missing_ok=True)
            file.close()


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock; creates no file."""
    try:
        file = path.open("r+")
    except FileNotFoundError:
        return False
    with file:
        return not locks.take(file)


def _wait(path: Path, seconds: float) -> IO[str] | None:
    deadline = time.monotonic() + seconds
    while (file := _take(path)) is None and time.monotonic() < deadline:
        time.sleep(_RETRY)
    return file


def _take(path: Path) -> IO[str] | None:
    """The open lock file, locked; None if another process holds the lock."""
    while True:
        with writing(path):
            file = path.open("a+")  # NFS asks for a file that can be written
            free = locks.take(file)
        if not free:
            file.close()
            return None
        if _is_at(file, path):
            return file
        file.close()  # its holder has removed the file in the meantime


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
