"""Reads tables of a user's own: one row a sample, columns with names.

    csv:FILE       text with a header line; the delimiter and decimal commas are found
                   by themselves. An empty line is a missing value where there is one
                   column, else nothing
    parquet:FILE   Apache Parquet
    npy:FILE       one array [N, D], the format of `numpy.save`
    npz:FILE       arrays of `numpy.savez`: `samples` [N, D], and `labels` [N] and
                   `columns` [D] if there are any; or the only array of the file

PyArrow reads the first two, with its own list of spellings of a missing value ("",
"NA", "NaN", "null", ...). Nothing is unpickled. A table is read into memory whole; what
it means is the matter of `columns`. What does not fit there: `table_parts`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from wgan_gp.data.numpy_files import read_arrays, read_npy
from wgan_gp.data.raw_tables import RawTable, as_objects, from_array, from_arrow
from wgan_gp.data.summaries import is_number
from wgan_gp.system.failures import one_line
from wgan_gp.system.files import unchanged
from wgan_gp.system.values import show

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*("|$)')
_LOOK = 2**22  # bytes in which decimal commas are looked for
# A number with a comma or without; and what shows that commas are decimal: 1,234 may
# have one of thousands.
_COMMAS = re.compile(r"\s*[-+]?(\d+(,\d+)?|,\d+)([eE][-+]?\d+)?\s*$")
_DECIMAL_COMMA = re.compile(r"(^|\D|\d{4}|\b0),\d|,(\d{1,2}|\d{4,})(\D|$)")


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
    check_file(path)
    with unchanged(path):
        table = READERS[kind](path, encoding)
    if not table.columns and not table.refused:
        raise ValueError(f"{path} has no columns")
    if not table.count:
        raise ValueError(f"{path} has a header and no rows")
    return table


def check_file(path: Path) -> None:
    """Raises ValueError unless there is such a file, with something in it."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if not path.stat().st_size:
        raise ValueError(f"{path} is empty")


def _read_csv(path: Path, encoding: str) -> RawTable:
    from pyarrow import csv

    options, notes = csv_options(path, encoding)
    with reading_csv(path, encoding):
        raw = from_arrow(csv.read_csv(path, *options), path)
    return raw._replace(notes=(*raw.notes, *notes))


def csv_options(
    path: Path, encoding: str, block_size: int | None = None
) -> tuple[tuple[Any, Any, Any], list[str]]:
    """PyArrow's options of reading, of parsing and of types, by the file's first line.

    Args:
      path: of the file.
      encoding: its encoding.
      block_size: bytes that are parsed at a time; None for PyArrow's own.

    Returns:
      The options, and notes: a first line of numbers is no header, unless these count
      the columns from 0, as pandas does; one with some numbers is. Commas are decimal
      where a column shows it, and none has decimal points.

    Raises:
      ValueError: the first line is no text in this encoding.
    """
    from pyarrow import csv

    empty, header = _header(path, encoding)
    delimiter, names = _split(header)
    count, notes = len(names), []
    counted = names == _counted(names)
    headless = _all_numbers(names) and not counted
    if counted:
        notes = [f"{path}: the first line counts the columns, and is their names"]
    some = [each for each in names if is_number(each)]
    if some and not headless and [*filter(None, names)] != _counted(some):
        notes = [
            f"{path}: the first line is the names of the columns, {show(some[0])} among"
            " them: if it is a row, write a line of names above it"
        ]
    if headless:
        notes = [
            f"{path} has no header line: its columns are x1 to x{count}, and its first"
            " line is a row"
        ]
    reading = partial(
        csv.ReadOptions,
        encoding=encoding,
        column_names=[f"x{i + 1}" for i in range(count)] if headless else None,
        skip_rows=empty,
    )
    parse = csv.ParseOptions(
        delimiter=delimiter,
        newlines_in_values=True,
        ignore_empty_lines=count > 1 or not header.strip(),
    )
    convert = csv.ConvertOptions(strings_can_be_null=True)
    name = _decimal_commas(path, (reading(block_size=_LOOK), parse, convert))
    if name is not None:
        convert.decimal_point = ","
        notes += [f"{path}: numbers have decimal commas, as column {show(name)} shows"]
    return (reading(block_size=block_size), parse, convert), notes


def _split(header: str) -> tuple[str, list[str]]:
    """The delimiter of a line, and what it delimits."""

    def parts(delimiter: str) -> list[str]:
        return [each.strip().strip('"') for each in header.split(delimiter)]

    bare = _QUOTED.sub("", header)
    delimiter = max(_DELIMITERS, key=bare.count)
    for each in _DELIMITERS:
        if each in bare and _all_numbers(parts(each)):
            delimiter = each  # 1,5;2,5;3,5 has more commas
    return delimiter, parts(delimiter)


def _all_numbers(texts: list[str]) -> bool:
    """Whether all are numbers, with decimal points or commas."""
    return all(is_number(each.replace(",", ".", 1)) for each in texts)


def _decimal_commas(path: Path, options: tuple[Any, Any, Any]) -> str | None:
    """A column whose numbers have decimal commas; None where none is sure to.

    The first rows are looked at. None, too, if there are decimal points elsewhere.
    """
    from pyarrow import ArrowInvalid, csv, types

    try:
        with csv.open_csv(path, *options) as parts:
            first = parts.read_next_batch()
    except (ArrowInvalid, UnicodeDecodeError, LookupError, StopIteration):
        return None  # reading it all says what is wrong
    kinds = [each.type for each in first.schema]
    if any(map(types.is_floating, kinds)):
        return None
    for name, kind, values in zip(first.schema.names, kinds, first.columns):
        if not types.is_string(kind):
            continue
        texts = [each for each in values.to_pylist() if each is not None]
        if all(map(_COMMAS.match, texts)) and any(map(_DECIMAL_COMMA.search, texts)):
            return name
    return None


def _counted(names: list[str]) -> list[str]:
    """What numbers the columns from 0, as pandas does."""
    return [str(i) for i in range(len(names))]


@contextmanager
def reading_csv(path: Path, encoding: str, hint: str = "") -> Iterator[None]:
    """Turns PyArrow's errors within into a ValueError of one line.

    Args:
      path: of the file.
      encoding: its encoding.
      hint: ends the line where values are of another type, or a row is too long.
    """
    from pyarrow import ArrowInvalid

    try:
        yield
    except (ArrowInvalid, UnicodeDecodeError, LookupError) as error:
        problem = _csv_problem(path, encoding, error)
        if "conversion error" in problem or "straddling object" in problem:
            problem = problem.split(" (try to increase")[0] + hint
        raise ValueError(problem) from None


def _header(path: Path, encoding: str) -> tuple[int, str]:
    """How many empty lines a file starts with, and the line after them."""
    try:
        with path.open(encoding=encoding, newline=None) as lines:
            for count, line in enumerate(iter(lambda: lines.readline(2**24), "")):
                if line.strip().strip("\ufeff"):
                    return count, line.lstrip("\ufeff").rstrip("\n")
        return 0, ""
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
    from pyarrow import parquet

    del encoding
    with reading_parquet(path):
        return from_arrow(parquet.read_table(path, partitioning=None), path)


@contextmanager
def reading_parquet(path: Path) -> Iterator[None]:
    """Turns PyArrow's errors within into a ValueError of one line."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError) as error:
        text = one_line(error, 200)
        raise ValueError(f"{path} is not a readable Parquet file: {text}") from None


def _read_npy(path: Path, encoding: str) -> RawTable:
    del encoding
    array = read_npy(path)
    return from_array(array, None, path)


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
    table = from_array(samples, arrays.get("columns"), path)
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
        columns=table.columns | {"label": as_objects(labels.reshape(-1), path)}
    )


READERS: dict[str, Callable[[Path, str], RawTable]] = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "npy": _read_npy,
    "npz": _read_npz,
}
