"""Refusals of values that are out of range, each in one line."""

import math
from typing import Any


def one_of(path: str, value: Any, valid: Any) -> None:
    """Raises ValueError unless `value` is among the valid ones, which it lists."""
    if value not in valid:
        raise ValueError(
            f"{path} must be one of {', '.join(map(str, valid))}; got {value!r}"
        )


def at_least(path: str, value: Any, least: int) -> None:
    """Raises ValueError unless `value` is a whole number of this size."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{path} must be a whole number >= {least}, got {value!r}")


def below(path: str, value: int, limit: int) -> None:
    """Raises ValueError unless `value` < `limit`."""
    if value >= limit:
        raise ValueError(f"{path} must be below {limit}, got {value}")


def positive(path: str, value: float) -> None:
    """Raises ValueError unless `value` is finite and > 0."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{path} must be a finite number > 0, got {value}")


def in_range(path: str, value: float, low: float, high: float) -> None:
    """Raises ValueError unless low <= `value` < high."""
    if not low <= value < high:
        raise ValueError(f"{path} must be in [{low}, {high}), got {value}")
