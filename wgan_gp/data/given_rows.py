"""Conditions of a user's own, which a generator is to be told: rows of a file.

A row has a value for each column that the run's generator is told. They are encoded by
the description of these columns that the run keeps. Nothing is guessed: a value that
the training rows could not have had is refused with its row and its column.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data.columns import CATEGORY, WHOLE, Column, Columns
from wgan_gp.data.given_arrays import array_names, given_numbers
from wgan_gp.data.numpy_files import read_arrays
from wgan_gp.data.summaries import plain
from wgan_gp.data.table_files import READERS, read_table
from wgan_gp.system.values import did_you_mean, join_names, show

_MISSING = ("None", "nan", "<NA>", "NaT")  # the last ones are of pandas
_MOST = float(np.finfo(np.float32).max)


def read_given(
    path: Path, columns: Columns, *, in_array: bool, encoding: str = "utf-8"
) -> np.ndarray:
    """The conditions of a file, as a generator is told them.

    Args:
      path: of a table, .csv, .parquet, .npy or .npz.
      columns: of the run's data. Others in the file are ignored.
      in_array: whether an .npz file has an array `given` `[m, k]` rather than an array
        for each column, as files of series and images do. Its columns are found by
        `given_names` `[k]`; without these, they are those that the generator is told.
      encoding: of a CSV file that is not UTF-8.

    Returns:
      `[m, k]`, float32.

    Raises:
      ValueError: the file cannot be read, or as `encode_given`.
    """
    kind = path.suffix.removeprefix(".")
    if kind not in READERS:
        known = ", ".join(f".{each}" for each in READERS)
        raise ValueError(f"a file of conditions must end in one of {known}, got {path}")
    told = columns.conditions
    if in_array and kind == "npz":
        return encode_given(told, _of_array(path, told), str(path))
    if kind == "csv":
        encoding = _encoding(path, encoding)
    raw = read_table(kind, path, encoding=encoding)
    for each in told.columns:
        if each.name in raw.refused:
            reason = raw.refused[each.name]
            raise ValueError(f"{path}: column {show(each.name)} {reason}")
    return encode_given(told, raw.columns, str(path))


def encode_given(
    told: Columns, table: Mapping[str, Any], what: str = "given"
) -> np.ndarray:
    """Conditions as a generator is told them.

    Args:
      told: the columns that it is told, `Columns.conditions`.
      table: the values `[m]` of each column by its name; others are ignored.
      what: the table's name, with which errors start.

    Returns:
      `[m, k]`, float32.

    Raises:
      ValueError: a column is missing, the columns have different lengths or no rows, or
        a value is missing, is not of the column's kind, or is a category that the
        training rows did not have. The message names the row, from 1, and the column.
    """
    for each in told.columns:
        if each.name not in table:
            raise ValueError(
                f"{what} has no column {show(each.name)}, which the generator is told:"
                f" it has {join_names(list(table)) or 'none'}; add it"
            )
    values = {each.name: _values(table[each.name]) for each in told.columns}
    lengths = {len(each) if each.ndim == 1 else 0 for each in values.values()}
    if len(lengths) != 1 or not min(lengths):
        shapes = ", ".join(str(list(each.shape)) for each in values.values())
        raise ValueError(f"{what} must have columns [m] of one length, got {shapes}")
    parts = []
    for each in told.columns:
        read = _category if each.kind == CATEGORY else _number
        found = [
            read(each, value, f"{what}, row {i + 1}: column {show(each.name)}")
            for i, value in enumerate(values[each.name].tolist())
        ]
        parts.append(each.encode(np.array(found, object if each.values else float)))
    return np.concatenate(parts, axis=1).astype(np.float32)


def _values(column: Any) -> np.ndarray:
    """A column as an array; dates stay dates, which no number stands for."""
    if isinstance(column, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(column)
        column = np.array(column.data, object)
        column[missing] = None
    try:
        values = np.asarray(column)
    except ValueError:  # nested lists of different lengths
        values = np.array(column, object)
    return values.astype(str) if values.dtype.kind in "mM" else values


def _number(column: Column, value: Any, where: str) -> float:
    """The number of a cell, which the column could have had."""
    _check_there(value, where)
    try:
        number = float(value)
    except OverflowError:  # of an integer
        number = math.inf
    except (TypeError, ValueError):
        raise ValueError(f"{where} is {show(value)}, expected a number") from None
    if not abs(number - column.mean) / column.std <= _MOST:  # NaN is not, either
        raise ValueError(f"{where} is {show(value)}, expected a finite number")
    if column.kind != WHOLE:
        return number
    if number != round(number) or not column.low <= number <= column.high:
        raise ValueError(
            f"{where} is {number:.9g}, expected a whole number from {column.low:.0f} to"
            f" {column.high:.0f}, the range of the table that was learned"
        )
    return number


def _category(column: Column, value: Any, where: str) -> Any:
    """The value of a category that a cell stands for."""
    _check_there(value, where)
    known = column.values
    if value in known:
        return value
    # A file with other rows may have its cells read as another type: text such as "01"
    # as the number 1, and "True" as a truth value.
    alike = [each for each in known if plain(each) == plain(value)]
    if len(alike) == 1:
        return alike[0]
    names = [each if isinstance(each, str) else f"{each:.0f}" for each in known]
    shown = f"{value:.9g}" if isinstance(value, float) else str(value)
    raise ValueError(
        f"{where} is {show(shown)}, which the table that was learned did not have:"
        f" expected one of {join_names(names)}{did_you_mean(shown, names)}"
    )


def _check_there(value: Any, where: str) -> None:
    missing = value == "" if isinstance(value, str) else str(value) in _MISSING
    if missing:
        raise ValueError(f"{where} has no value: fill it in, or leave the row out")


def _of_array(path: Path, told: Columns) -> dict[str, np.ndarray]:
    """The array `given` of a file as a table, with its names or those of the run."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    arrays = read_arrays(path)
    if "given" not in arrays:
        raise ValueError(
            f"{path} has no array given, [n, {len(told.columns)}]: it has"
            f" {', '.join(sorted(arrays)) or 'no arrays'}"
        )
    numbers = given_numbers(arrays["given"], path)
    if (key := "given_names") in arrays:
        names = array_names(arrays, key, "given", numbers.shape[1], path)
        return dict(zip(names, numbers.T))
    if numbers.shape[1] != len(told.columns):
        raise ValueError(
            f"{path}: given must be [n, {len(told.columns)}], numbers for"
            f" {join_names([each.name for each in told.columns])}; got"
            f" {list(arrays['given'].shape)}"
        )
    return {each.name: column for each, column in zip(told.columns, numbers.T)}


def _encoding(path: Path, usual: str) -> str:
    """UTF-8, which samples are written in, if the file is that; else the table's own.

    Raises:
      ValueError: it is neither.
    """
    for each in ("utf-8", usual):
        try:
            path.read_text(each)
        except UnicodeDecodeError:
            continue
        except OSError:
            break  # the reader says what is wrong
        return each
    else:
        raise ValueError(f"{path} is not text in UTF-8: save it as that")
    return usual
