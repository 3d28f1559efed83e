"""How sets of samples are read that are to be compared, and what they then are."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

# Entries that are compared unless more are asked for, as time grows with their number.
_ENTRIES, _LEAST_ROWS, _MOST_ROWS = 2**19, 500, 10_000
# What readers call the fields of a configuration, and what commands call them.
_FLAGS = (
    (
        r"leave (it|the column) out by data\.without",
        "choose other columns by --columns",
    ),
    (r"choose some by data\.columns", "choose some by --columns"),
    (r"several are written \((.*)\)", r"several are written without commas, \1"),
    (r"data\.size to \(height, width\)", "--size HEIGHT WIDTH"),
    (r"data\.channels = ", "--channels "),
    (r"data\.(columns|encoding|skip_corrupt)", r"--\1"),
)


class Samples(NamedTuple):
    """A set of samples.

    Attributes:
      values: vectors `[n, D]` float64, or pictures `[n, H, W, C]` uint8.
      total: how many samples the files have, of which the values are some.
      columns: the names of a vector's entries; None for pictures.
      notes: what a user should know, one line each.
    """

    values: np.ndarray
    total: int
    columns: tuple[str, ...] | None
    notes: tuple[str, ...] = ()


class Reading(NamedTuple):
    """How files are read.

    Attributes:
      columns: the names of the columns to compare; None for all.
      encoding: of CSV files.
      size: height and width that pictures of a folder are cropped and resized to.
      channels: 1 for grey, 3 for colour; None for what the pictures have.
      skip_corrupt: whether pictures that do not decode are left out.
      rows: the most samples of a set; None for `most_rows`.
      seed: of which samples are taken, where there are more.
    """

    columns: tuple[str, ...] | None = None
    encoding: str = "utf-8"
    size: tuple[int, int] | None = None
    channels: int | None = None
    skip_corrupt: bool = False
    rows: int | None = None
    seed: int = 0


def most_rows(width: int) -> int:
    """How many samples of so many entries are compared unless more are asked for."""
    return max(_LEAST_ROWS, min(_MOST_ROWS, _ENTRIES // max(width, 1)))


def some_rows(count: int, most: int, seed: int) -> np.ndarray:
    """The indices of at most so many samples, at random and in order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


@contextmanager
def flags_named() -> Iterator[None]:
    """Names flags in errors where the readers name fields of a configuration."""
    try:
        yield
    except ValueError as error:
        raise ValueError(as_flags(str(error))) from error


def as_flags(text: str) -> str:
    """The text with flags in place of fields of a configuration."""
    for field, flag in _FLAGS:
        text = re.sub(field, flag, text)
    return text
