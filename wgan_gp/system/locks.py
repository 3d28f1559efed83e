"""Locks of files between processes, by `flock`. A lock ends with its process.

On a shared file system they work between hosts if the file system supports it, as NFS,
GPFS and CephFS do by default.
"""

from typing import IO


def take(file: IO[str], *, shared: bool = False) -> bool:
    """Locks an open file until it is closed.

    Args:
      file: that can be read and written; NFS asks for both.
      shared: whether processes that share the lock may hold it at the same time.

    Returns:
      False if another process holds the lock.

    Raises:
      OSError: the file system has no locks; `files.writing` says what helps.
    """
    import fcntl  # not on Windows, where no command runs

    operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
