"""What is known of a table's columns after one look at their values, part by part.

A `Summary` holds what decides the meaning of a column (see `columns`). Those of the
parts of a table merge into that of the whole, so that a table need not be in memory.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Distinct(NamedTuple):
    """Values that differ, up to a number of them.

    Attributes:
      values: those found.
      most: of more values than this, some suffice.
    """

    values: frozenset[Any]
    most: float = math.inf

    def joined(self, other: "Distinct") -> "Distinct":
        """The values of both; if there are more than `most`, not all of them."""
        if len(self.values) > self.most:
            return self
        return self._replace(values=self.values | other.values)


class Summary(NamedTuple):
    """A column's values, or a part of them.

    Attributes:
      count: how many there are.
      has_text: whether the file has them as text, some of which may be numbers.
      whole: whether all are whole numbers, or were written as such.
      numbers: those that are numbers or read as such.
      texts: the others.
      low: the least; infinity if they are text.
      high: the greatest; minus infinity if they are text.
      mean: of the numbers that were marked for it.
      std: their standard deviation, not of a sample.
      marked: how many these are.
    """

    count: int
    has_text: bool
    whole: bool
    numbers: Distinct
    texts: Distinct
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    std: float = 0.0
    marked: int = 0

    @property
    def distinct(self) -> list[Any]:
        """The values that were found, sorted."""
        return sorted(self.numbers.values | self.texts.values)


def summarise(
    values: np.ndarray,
    marked: np.ndarray | None = None,
    *,
    whole: bool = False,
    most: float = math.inf,
) -> Summary:
    """Summarises values.

    Args:
      values: `[N]`, finite float64, or text as objects.
      marked: indices of those that mean and deviation are of; None for all.
      whole: whether the file has them as whole numbers.
      most: of more different values than about this, some suffice.
    """
    if values.dtype == object:
        found = set(values.tolist())
        numbers = set(filter(is_number, found))
        return Summary(
            len(values),
            True,
            False,
            _some(sorted(numbers), most),
            _some(sorted(found - numbers), most),
        )
    chosen = values if marked is None else values[marked]
    scale = float(np.abs(values).max(initial=0)) or 1.0  # squares of huge values
    return Summary(
        len(values),
        False,
        whole or bool(np.all(values == np.rint(values))),
        _some(np.unique(values), most),
        Distinct(frozenset()),
        low=float(values.min(initial=math.inf)),
        high=float(values.max(initial=-math.inf)),
        mean=scale * float(np.mean(chosen / scale)) if len(chosen) else 0.0,
        std=scale * float(np.std(chosen / scale)) if len(chosen) else 0.0,
        marked=len(chosen),
    )


def merge(a: Summary, b: Summary) -> Summary:
    """The summary of two parts together."""
    marked = a.marked + b.marked
    share = b.marked / marked if marked else 0.0
    mean = (1 - share) * a.mean + share * b.mean
    parts = (1 - share, a), (share, b)
    # As a distance, so that nothing is squared that would not be finite.
    std = math.hypot(
        *(math.sqrt(w) * each.std for w, each in parts),
        *(math.sqrt(w) * (each.mean - mean) for w, each in parts),
    )
    return Summary(
        a.count + b.count,
        a.has_text or b.has_text,
        a.whole and b.whole,
        a.numbers.joined(b.numbers),
        a.texts.joined(b.texts),
        low=min(a.low, b.low),
        high=max(a.high, b.high),
        mean=mean,
        std=std,
        marked=marked,
    )


def _some(values: Sequence[Any] | np.ndarray, most: float) -> Distinct:
    """The first of sorted values that differ."""
    kept = values[: int(most) + 1] if most < len(values) else values
    return Distinct(frozenset(np.asarray(kept).tolist()), most)


def is_number(text: str) -> bool:
    """Whether a text is a number, as 1, -0.5, 2e-3 or inf, but not 1_000 or ١."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text


def plain(value: Any) -> Any:
    """What spellings of one value have in common, as 01 and 1.0, or True and true."""
    text = str(value)  # of bytes, dates and the like: not as any category
    return float(text) if is_number(text) else text.casefold()
