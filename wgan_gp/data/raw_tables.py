"""Tables as their files have them, before anything is said of what they mean."""

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan_gp.data.given_arrays import array_names
from wgan_gp.data.labels import as_text
from wgan_gp.system.values import show

# What pandas calls an index without a name in a Parquet file. One with a name is a
# column like the others.
_INDEX = re.compile(r"__index_level_\d+__")


class RawTable(NamedTuple):
    """A table as its file has it.

    Attributes:
      columns: the values `[N]` of each column by its name: float64 with NaN for a
        missing value, or objects: text, and None for a missing value.
      count: N, the number of rows.
      whole: the names of columns whose numbers were written as whole ones.
      refused: the names of columns that cannot be used, with the reason.
      notes: what a user should know, one line each.
    """

    columns: dict[str, np.ndarray]
    count: int
    whole: frozenset[str] = frozenset()
    refused: dict[str, str] = {}  # noqa: RUF012 - never changed
    notes: tuple[str, ...] = ()


def from_arrow(table: Any, path: Path) -> RawTable:
    """A table of PyArrow's, with its columns as NumPy's."""
    names = table.column_names
    counts = Counter(filter(str.strip, names))
    if twice := sorted(name for name, count in counts.items() if count > 1):
        raise ValueError(
            f"{path} has two columns {show(twice[0])}: give each column its own name"
        )
    columns, refused, whole, notes = {}, {}, set(), []
    for name, values in zip(names, table.columns):
        if _INDEX.fullmatch(name):
            notes.append(f"{path}: {name}, the index of pandas, is left out")
            continue
        if not name.strip():
            if reason := _reason_to_leave_out(values):
                notes.append(f"{path}: the column without a name {reason}")
            else:
                refused[name] = "has no name: give it one"
            continue
        try:
            columns[name], is_whole = _as_numpy(values)
        except ValueError as error:
            refused[name] = str(error)
        else:
            whole |= {name} if is_whole else set()
    return RawTable(columns, len(table), frozenset(whole), refused, tuple(notes))


def _reason_to_leave_out(values: Any) -> str | None:
    """Why a column without a name is left out: it is empty, or an index of pandas."""
    from pyarrow import types

    if values.null_count == len(values):
        return "has no values, and is left out"
    if not types.is_integer(values.type) or values.null_count:
        return None
    numbers = values.to_numpy()
    if np.all(np.diff(numbers) == 1):
        return "counts the rows, and is left out"
    if len(np.unique(numbers)) == len(numbers):
        return "has another whole number in each row, as an index, and is left out"
    return None


def _as_numpy(values: Any) -> tuple[np.ndarray, bool]:
    """A column of PyArrow's as float64 or objects, and whether its numbers are whole.

    Raises:
      ValueError: its type is none of a number, a truth value or text.
    """
    import pyarrow
    from pyarrow import types

    kind = values.type
    if types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    if types.is_null(kind):
        raise ValueError("has no values")
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        numbers = values.cast(pyarrow.float64(), safe=False)
        return (
            numbers.to_numpy(zero_copy_only=False).astype(np.float64, copy=False),
            types.is_integer(kind),
        )
    if types.is_boolean(kind):
        values = values.cast(pyarrow.string())
    elif not (types.is_string(kind) or types.is_large_string(kind)):
        if types.is_temporal(kind):
            raise ValueError(
                f"has dates or times ({kind}): turn them into numbers, as days since"
                " the first"
            )
        raise ValueError(f"has values of type {kind}, not numbers or text")
    return values.to_numpy(zero_copy_only=False).astype(object), False


def as_objects(labels: np.ndarray, path: Path) -> np.ndarray:
    """Labels as numbers or as text, for `RawTable.columns`."""
    if labels.dtype.kind == "S":
        labels = as_text(labels, f"{path}: labels")
    if labels.dtype.kind == "b":
        labels = labels.astype(str)
    if labels.dtype.kind == "U":
        return labels.astype(object)
    if labels.dtype.kind not in "iuf":
        raise ValueError(f"{path}: labels must be numbers or text, got {labels.dtype}")
    return labels.astype(np.float64)


def from_array(samples: np.ndarray, names: Any, path: Path) -> RawTable:
    """A table of an array `[N, D]`, with names `[D]` or x1, x2, ... for None.

    Raises:
      ValueError: it is no array of numbers `[N, D]`, or its names do not fit.
    """
    if samples.ndim != 2 or samples.dtype.kind not in "fiub":
        series = "; series [N, T, C] are rows as samples.reshape(N, T * C)"
        raise ValueError(
            f"{path} must have samples of numbers [N, D], got {samples.dtype}"
            f" {list(samples.shape)}{series if samples.ndim == 3 else ''}"
        )
    own = {} if names is None else {"columns": names}
    names = array_names(own, "columns", "x", samples.shape[1], path)
    values = samples.astype(np.float64).T
    whole = samples.dtype.kind in "iub"
    return RawTable(
        dict(zip(names, values)), len(samples), frozenset(names if whole else ())
    )
