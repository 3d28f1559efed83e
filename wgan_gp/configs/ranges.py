"""Refusals of values that are out of range, each in one line."""

import difflib
import math
import reprlib
from collections.abc import Iterable
from typing import Any

import numpy as np

# Above these it is a mistake: what is allocated would not fit any device.
WIDEST = 2**16  # units or channels of a layer
DEEPEST = 2**7  # layers of a network; each is traced, which takes a while
MOST_SAMPLES = 2**24  # in a batch, or to be evaluated on

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def show(value: Any) -> str:
    """A value as it would be written, but no longer than a line can hold."""
    try:
        return " ".join(_SHORT.repr(value).split())
    except ValueError:  # Python refuses to write whole numbers of 4,300 digits
        return f"a number of {value.bit_length()} bits"


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """`: did you mean NAME?` with the known names that are nearest, or nothing.

    Args:
      name: what was given.
      known: names, perhaps dotted. A dotted name is near if it is spelt nearly the
        same, or if its last part is the same.
    """
    if not isinstance(name, str):
        return ""
    folded = {each.casefold(): each for each in known}
    name = name[:200].casefold().strip("'\" ")
    near = difflib.get_close_matches(name, folded, 1, 0.8)
    if not near:
        last = name.rpartition(".")[2]
        near = [each for each in folded if each.rpartition(".")[2] == last][:3]
    near = near or difflib.get_close_matches(name, folded, 1, 0.6)
    return f": did you mean {' or '.join(folded[each] for each in near)}?" * bool(near)


def one_of(path: str, value: Any, valid: Any) -> None:
    """Raises ValueError unless `value` is among the valid ones, which it lists."""
    if value not in tuple(valid):  # compared, not hashed: it may be a list
        raise ValueError(
            f"{path} must be one of {', '.join(map(str, valid))}; got {show(value)}"
        )


def at_least(path: str, value: Any, least: int) -> None:
    """Raises ValueError unless `value` is a whole number of this size."""
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
    """What the device makes of a number."""
    with np.errstate(over="ignore", under="ignore"):
        return np.float32(value)
