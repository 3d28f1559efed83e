"""Atomic writes: a file is written whole or not at all; errors name it and a cure."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NO_LOCKS = "name a folder on a file system that has locks (flock)"
# Why a file cannot be written, and what helps.
_CURES = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some of your quota there",
    errno.EFBIG: "raise the limit on files' sizes (ulimit -f)",
    errno.EROFS: "name another folder, or make it writable",
    errno.EACCES: "name another folder, or make it writable",
    errno.EPERM: "name another folder, or make it writable",
    errno.ENOTDIR: "name another folder",
    errno.EEXIST: "name another",
    errno.ENOTEMPTY: "name another",
    errno.ENOSYS: _NO_LOCKS,
    errno.ENOLCK: _NO_LOCKS,
    errno.EOPNOTSUPP: _NO_LOCKS,
}


class WriteError(OSError):
    """A file could not be written. The message names it, the cause and a cure."""

    def __init__(self, what: Path | str, error: BaseException):
        super().__init__(f"cannot write {what}: {_reason(error)}")


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    for number, cure in _CURES.items():
        why = os.strerror(number)
        if getattr(error, "errno", None) == number or why in text:
            return f"{why}: {cure}"
    return getattr(error, "strerror", None) or text or type(error).__name__


def as_write_error(error: Exception, folder: Path) -> Exception:
    """Turns the error of a full disk into a `WriteError`.

    Args:
      error: that was raised.
      folder: named where the error names no file.

    Returns:
      A `WriteError` if the disk or the quota is full; otherwise `error` itself.
    """
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if not isinstance(error, OSError) or error.errno not in full:
        return error
    return WriteError(error.filename or folder, error)


@contextmanager
def writing(what: Path | str) -> Iterator[None]:
    """Turns an OSError in the `with` block into a `WriteError`.

    Args:
      what: the file or folder that the message names.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(what, error) from error


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, atomically.

    Args:
      path: of the file; an existing file is replaced once the new one is complete.
      value: that JSON can hold.

    Raises:
      WriteError: the file cannot be written.
    """
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file, atomically.

    Args:
      path: of the file; an existing file is replaced once the new one is complete.
      text: its content.

    Raises:
      WriteError: the file cannot be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """As `write_text`, of bytes."""
    draft = path.with_name(f".{path.name}.part")  # no file of a user's
    with writing(path):
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # without it a crash could leave an empty file
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def nearest_existing(path: Path) -> Path:
    """A path itself if it exists, or the innermost of its parent folders that does."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())


def check_folder(folder: Path, name: str) -> None:
    """Refuses a folder that cannot be created or written to; creates nothing.

    Args:
      folder: that something is to be written into.
      name: of the folder, for messages, such as "--out runs".

    Raises:
      ValueError: it is a file, or below one.
      WriteError: it may not be written to.
    """
    nearest = nearest_existing(folder)
    if not nearest.is_dir():
        raise ValueError(f"{name}: {nearest} is a file: name a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise WriteError(nearest, PermissionError(errno.EACCES, "Permission denied"))


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Raises ValueError if a file changes within, while it is read."""

    def stamp() -> tuple[int, int, int]:
        found = os.stat(path)
        return found.st_size, found.st_mtime_ns, found.st_ino

    before = stamp()
    try:
        yield
    finally:
        if stamp() != before:
            raise ValueError(
                f"{path} changed while it was read: wait until it is written"
            ) from None
