"""Errors of commands: every failure that a user can cause is printed as one line."""

import sys

# What users can cause. JAX raises RuntimeError when memory runs out; any other
# RuntimeError is a bug, and `explain` raises it again.
EXPECTED = (ValueError, OSError, MemoryError, FloatingPointError, RuntimeError)
_EXHAUSTED = "RESOURCE_EXHAUSTED", "can't start new thread"


def one_line(error: BaseException, limit: int = 10_000) -> str:
    """The message of an error on one line; the name of its type if it has no message.

    Args:
      error: that was raised.
      limit: the most characters.
    """
    text = str(error)
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        text = error.args[0]  # its own text is a literal, with \\n for a line break
    text = " ".join(text.split())[:limit]
    # A library may quote the bytes of a damaged file.
    text = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return text or type(error).__name__


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on the host or on a device."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and any(each in str(error) for each in _EXHAUSTED)
    )


def explain(error: BaseException) -> str:
    """The text that a command prints for an error.

    Args:
      error: of one of the types `EXPECTED`.

    Raises:
      RuntimeError: `error` itself, if it is a RuntimeError for another reason than
        memory. Such an error is a bug of this code, and its traceback is needed.
    """
    if is_out_of_memory(error):
        text = one_line(error, 200)
        return f"memory is too small: free some, or ask for less ({text})"
    if isinstance(error, RuntimeError):
        raise error
    return one_line(error)


def report(error: BaseException, status: int) -> int:
    """Prints an error to stderr.

    Args:
      error: as in `explain`.
      status: the exit status of the command.

    Returns:
      `status`.

    Raises:
      RuntimeError: as in `explain`.
    """
    print(f"error: {explain(error)}", file=sys.stderr)
    return status
