"""Reads tables of a user's own: one row a sample, columns with names.

    csv:FILE       text with a header line; the delimiter is found by itself
    parquet:FILE   Apache Parquet
    npy:FILE       one array [N, D], the format of `numpy.save`
    npz:FILE       arrays of `numpy.savez`: `samples` [N, D], and `labels` [N] and
                   `columns` [D] if there are any; or the only array of the file

PyArrow reads the first two, with its own list of spellings of a missing value ("",
"NA", "NaN", "null", ...). Nothing is unpickled. A table is read into memory whole; what
it means is the matter of `columns`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wgan_gp.data.columns import is_number
from wgan_gp.data.npz import read_arrays, read_npy
from wgan_gp.system.failures import one_line
from wgan_gp.system.files import unchanged
from wgan_gp.system.values import show

_DELIMITERS = ",;\t|"
MOST_COLUMNS = 2**14


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


def read_table(kind: str, path: Path, *, encoding: str = "utf-8") -> RawTable:
    """Reads a table.

    Args:
      kind: a key of `READERS`.
      path: of the file.
      encoding: of a CSV file.

    Raises:
      ValueError: there is no such file, it cannot be read, it has no rows, or it
        changed while it was read.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if not path.stat().st_size:
        raise ValueError(f"{path} is empty")
    with unchanged(path):
        table = READERS[kind](path, encoding)
    if not table.columns and not table.refused:
        raise ValueError(f"{path} has no columns")
    if not table.count:
        raise ValueError(f"{path} has a header and no rows")
    if len(table.columns) > MOST_COLUMNS:
        raise ValueError(
            f"{path} has {len(table.columns):,} columns, more than {MOST_COLUMNS:,}:"
            " choose some by data.columns"
        )
    return table


def _read_csv(path: Path, encoding: str) -> RawTable:
    from pyarrow import ArrowInvalid, csv

    header = _first_line(path, encoding)
    delimiter = max(_DELIMITERS, key=header.count)
    names = [each.strip().strip('"') for each in header.split(delimiter)]
    headless = all(map(is_number, names))
    try:
        table = csv.read_csv(
            path,
            csv.ReadOptions(
                encoding=encoding,
                column_names=[f"x{i + 1}" for i in range(len(names))]
                if headless
                else None,
            ),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            csv.ConvertOptions(strings_can_be_null=True),
        )
    except (ArrowInvalid, UnicodeDecodeError, LookupError) as error:
        raise ValueError(_csv_problem(path, encoding, error)) from None
    raw = _from_arrow(table, path)
    if headless:
        note = f"{path} has no header line: its columns are x1 to x{len(names)}"
        raw = raw._replace(notes=(*raw.notes, note))
    return raw


def _first_line(path: Path, encoding: str) -> str:
    try:
        with path.open(encoding=encoding, newline=None) as lines:
            return lines.readline(2**24).lstrip("\ufeff").rstrip("\n")
    except LookupError:
        raise ValueError(
            f"data.encoding = {show(encoding)} is not known to Python: use utf-8,"
            " latin-1 or another of its names"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(_csv_problem(path, encoding, error)) from None


def _csv_problem(path: Path, encoding: str, error: Exception) -> str:
    text = one_line(error, 200)
    if isinstance(error, UnicodeDecodeError) or "invalid UTF8" in text:
        return (
            f"{path} is not text in {encoding}: set data.encoding, to latin-1 or cp1252"
            " as Windows has it, or save the file as UTF-8"
        )
    return f"{path} is not a readable table: {text}"


def _read_parquet(path: Path, encoding: str) -> RawTable:
    from pyarrow import ArrowException, parquet

    del encoding
    try:
        table = parquet.read_table(path, partitioning=None)
    except (ArrowException, OSError) as error:
        text = one_line(error, 200)
        raise ValueError(f"{path} is not a readable Parquet file: {text}") from None
    return _from_arrow(table, path)


def _from_arrow(table: Any, path: Path) -> RawTable:
    """A table of PyArrow's, with its columns as NumPy's."""
    names = table.column_names
    if twice := sorted({each for each in names if names.count(each) > 1}):
        raise ValueError(
            f"{path} has two columns {show(twice[0])}: give each column its own name"
        )
    columns, refused, whole, notes = {}, {}, set(), []
    for name, values in zip(names, table.columns):
        if not name.strip():
            notes.append(_unnamed(path, values))
            continue
        try:
            columns[name], is_whole = _as_numpy(values)
        except ValueError as error:
            refused[name] = str(error)
        else:
            whole |= {name} if is_whole else set()
    return RawTable(columns, len(table), frozenset(whole), refused, tuple(notes))


def _unnamed(path: Path, values: Any) -> str:
    """The note on a column without a name, as pandas writes its index."""
    from pyarrow import types

    if types.is_integer(values.type) and not values.null_count:
        numbers = values.to_numpy()
        if np.all(np.diff(numbers) == 1):
            return f"{path}: the column without a name counts the rows, and is left out"
    raise ValueError(f"{path} has a column without a name: give it one")


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


def _read_npy(path: Path, encoding: str) -> RawTable:
    del encoding
    array = read_npy(path)
    return _from_array(array, None, path)


def _read_npz(path: Path, encoding: str) -> RawTable:
    del encoding
    arrays = read_arrays(path)
    if "samples" not in arrays and len(arrays) > 1:
        raise ValueError(
            f"{path} has no array samples, [N, D]: it has {', '.join(sorted(arrays))}"
        )
    samples = arrays.get("samples", next(iter(arrays.values()), None))
    if samples is None:
        raise ValueError(f"{path} has no arrays")
    table = _from_array(samples, arrays.get("columns"), path)
    if "labels" not in arrays or samples is arrays["labels"]:
        return table
    labels = arrays["labels"]
    if labels.shape not in ((table.count,), (table.count, 1)):
        raise ValueError(
            f"{path}: labels must be [{table.count}], one a sample, got"
            f" {list(labels.shape)}"
        )
    if "label" in table.columns:
        raise ValueError(f"{path} has labels, and a column of the name label")
    return table._replace(
        columns=table.columns | {"label": _objects(labels.reshape(-1), path)}
    )


def _objects(labels: np.ndarray, path: Path) -> np.ndarray:
    """Labels as numbers or as text, for `RawTable.columns`."""
    if labels.dtype.kind == "S":
        try:
            labels = np.char.decode(labels, "utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{path}: labels are bytes that are not UTF-8") from None
    if labels.dtype.kind == "b":
        labels = labels.astype(str)
    if labels.dtype.kind == "U":
        return labels.astype(object)
    if labels.dtype.kind not in "iuf":
        raise ValueError(f"{path}: labels must be numbers or text, got {labels.dtype}")
    return labels.astype(np.float64)


def _from_array(samples: np.ndarray, names: Any, path: Path) -> RawTable:
    if samples.ndim != 2 or samples.dtype.kind not in "fiub":
        raise ValueError(
            f"{path} must have samples of numbers [N, D], got {samples.dtype}"
            f" {list(samples.shape)}"
        )
    if names is None:
        names = np.array([f"x{i + 1}" for i in range(samples.shape[1])])
    if names.shape != samples.shape[1:] or names.dtype.kind not in "US":
        raise ValueError(
            f"{path}: columns must be {samples.shape[1]} names, got {names.dtype}"
            f" {list(names.shape)}"
        )
    names = [str(each) for each in names.astype(str)]
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: columns has a name twice: give each its own")
    values = samples.astype(np.float64).T
    whole = samples.dtype.kind in "iub"
    return RawTable(
        dict(zip(names, values)), len(samples), frozenset(names if whole else ())
    )


READERS: dict[str, Callable[[Path, str], RawTable]] = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "npy": _read_npy,
    "npz": _read_npz,
}
