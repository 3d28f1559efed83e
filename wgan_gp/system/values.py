"""Checks of values: each raises ValueError with one line that names the field."""

import difflib
import math
import reprlib
from collections.abc import Iterable
from typing import Any

import numpy as np

# Larger values are taken for mistakes: the arrays would fit no device.
WIDEST = 2**16  # units or channels of a layer
DEEPEST = 2**7  # layers of a network; each is traced, which takes a while
MOST_SAMPLES = 2**24  # in a batch, or to be evaluated on

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def show(value: Any) -> str:
    """The `repr` of a value, shortened to fit an error message."""
    try:
        return " ".join(_SHORT.repr(value).split())
    except ValueError:  # Python refuses to write whole numbers of 4,300 digits
        return f"a number of {value.bit_length()} bits"


def nearest(name: Any, known: Iterable[str]) -> list[str]:
    """The known names that a misspelt name may stand for.

    Args:
      name: the misspelt name. A value that is not text has no near names.
      known: all valid names, which may be dotted. A name is near if it is spelt
        similarly as a whole and in its last part. If there is none, names with the
        same last part are near.

    Returns:
      At most two of the known names.
    """
    if not isinstance(name, str):
        return []
    folded = {each.casefold(): each for each in known}
    name = name[:200].casefold().strip("'\" ")
    last = _last(name)
    alike = difflib.get_close_matches(name, folded, 3, 0.6)
    near = [each for each in alike if _likeness(_last(each), last) >= 0.6]
    best = [each for each in near[:1] if _likeness(each, name) >= 0.8]
    same = [each for each in folded if _last(each) == last][:2]
    return [folded[each] for each in best or same or near[:1]]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _likeness(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second).ratio()


def did_you_mean(name: Any, known: Iterable[str], prefix: str = "") -> str:
    """The end of an error message, `: did you mean NAME?`; empty if no name is near.

    Args:
      name: as in `nearest`.
      known: as in `nearest`.
      prefix: put before each known name, such as "--".
    """
    names = [f"{prefix}{each}" for each in nearest(name, known)]
    return f": did you mean {' or '.join(names)}?" if names else ""


def join_names(names: list[str]) -> str:
    """Names separated by commas: at most nine, and how many more there are."""
    more = f" and {len(names) - 9} more" if len(names) > 9 else ""
    # An unknown field's name can be any text.
    return ", ".join(show(name)[1:-1] for name in names[:9]) + more


def one_of(path: str, value: Any, valid: Any) -> None:
    """Raises ValueError unless `value` is a valid one; the message lists them.

    Args:
      path: of the field, for the message, as in all checks below.
      value: to be checked.
      valid: an iterable of the valid values.
    """
    if value not in tuple(valid):  # compared, not hashed: it may be a list
        known = [str(each) for each in valid]
        raise ValueError(
            f"{path} must be one of {', '.join(known)}; got {show(value)}"
            + did_you_mean(value, known)
        )


def at_least(path: str, value: Any, least: int) -> None:
    """Raises ValueError unless `value` is a whole number >= `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{path} must be a whole number >= {least}, got {show(value)}")


def below(path: str, value: int, limit: int) -> None:
    """Raises ValueError unless `value` < `limit`."""
    if value >= limit:
        raise ValueError(f"{path} must be below {limit}, got {show(value)}")


def whole(path: str, value: Any, least: int, limit: int) -> None:
    """Raises ValueError unless `value` is a whole number in [`least`, `limit`)."""
    at_least(path, value, least)
    below(path, value, limit)


def positive(path: str, value: float) -> None:
    """Raises ValueError unless `value` is finite and > 0, as a float32 too."""
    if not (value > 0 and _single(value) > 0 and math.isfinite(_single(value))):
        raise ValueError(f"{path} must be a finite number > 0 in float32, got {value}")


def not_negative(path: str, value: float, hint: str = "") -> None:
    """Raises ValueError unless `value` is finite and >= 0, as a float32 too."""
    if not (value >= 0 and math.isfinite(_single(value))):
        raise ValueError(f"{path} must be a finite number >= 0, got {value}{hint}")


def in_range(path: str, value: float, low: float, high: float) -> None:
    """Raises ValueError unless low <= `value` < high, as a float32 too."""
    if not low <= value < high or not low <= _single(value) < high:
        raise ValueError(f"{path} must be in [{low}, {high}), got {value}")


def _single(value: float) -> np.float32:
    """The number in float32, as devices compute with it."""
    with np.errstate(over="ignore", under="ignore"):
        return np.float32(value)


def unmasked(samples: Any) -> np.ndarray:
    """Samples as an array, `np.asarray` of them.

    Raises:
      ValueError: they are a masked array with masked values, which would be taken for
        numbers.
    """
    if np.ma.is_masked(samples):
        raise ValueError(
            "expected samples without masked values: leave these rows out, or fill"
            " them, samples.filled(...)"
        )
    return np.asarray(samples)
