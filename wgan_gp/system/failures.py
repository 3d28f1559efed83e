"""What a command says of a failure: one line, whatever was raised."""

import sys

# What users can bring about. A RuntimeError is among them where memory ran out.
EXPECTED = (ValueError, OSError, MemoryError, FloatingPointError, RuntimeError)
_EXHAUSTED = "RESOURCE_EXHAUSTED", "can't start new thread"


def one_line(error: BaseException, limit: int = 10_000) -> str:
    """What an error says, without line breaks; its type's name if it says nothing.

    Args:
      error: that was raised.
      limit: characters, at most.
    """
    text = str(error)
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        text = error.args[0]  # its own text is a literal, with \\n for a line break
    return " ".join(text.split())[:limit] or type(error).__name__


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is that memory was too small, on the host or a device."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and any(each in str(error) for each in _EXHAUSTED)
    )


def explain(error: BaseException) -> str:
    """An error of `EXPECTED` in one line.

    Raises:
      RuntimeError: the error itself, if it is another one than that memory ran out: it
        is a fault of this code, and its traceback is of use.
    """
    if is_out_of_memory(error):
        text = one_line(error, 200)
        return f"memory is too small: free some, or ask for less ({text})"
    if isinstance(error, RuntimeError):
        raise error
    return one_line(error)


def report(error: BaseException, status: int) -> int:
    """Prints an error of `EXPECTED` to stderr, and returns a command's exit status.

    Raises:
      RuntimeError: as `explain`.
    """
    print(f"error: {explain(error)}", file=sys.stderr)
    return status
