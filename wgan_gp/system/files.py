"""Files are written whole or not at all, and an error names the file and a cure."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Why a file cannot be written, and what helps.
_CURES = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some of your quota there",
    errno.EFBIG: "raise the limit on files' sizes (ulimit -f)",
    errno.EROFS: "name another folder, or make it writable",
    errno.EACCES: "name another folder, or make it writable",
    errno.EPERM: "name another folder, or make it writable",
    errno.ENOTDIR: "name another folder",
}


class WriteError(OSError):
    """Output could not be written; says which, why, and what helps."""

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
    """The error; a `WriteError` if it is one of a full disk that names no file."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if not isinstance(error, OSError) or error.errno not in full:
        return error
    return WriteError(error.filename or folder, error)


@contextmanager
def writing(what: Path | str) -> Iterator[None]:
    """Turns an OSError within into a `WriteError` that names `what`."""
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(what, error) from error


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, all of it or nothing: an old file stays until then.

    Raises:
      WriteError: it cannot be written.
    """
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a file, all of it or nothing: an old one stays until then.

    Raises:
      WriteError: it cannot be written.
    """
    draft = path.with_suffix(".part")
    with writing(path):
        try:
            with draft.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # or a crash could leave an empty file
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
