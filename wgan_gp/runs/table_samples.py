"""Samples that are vectors as tables: rows in the data's units, with column names."""

import csv
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.columns import CONSTANT, NUMBER, Column, Columns, numbered
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.runs.sample_files import SampleSpec, Write, npz_file

_TRUTHS = {"true", "false"}  # as PyArrow has truth values of any table as text
_DIGITS = 9  # of numbers in CSV files: those of float32, and more of narrow columns


def columns_of(dataset: Dataset) -> Columns:
    """The columns of a set of vectors; x1, x2, ... if they have no names."""
    return dataset.columns or numbered(dataset.shape[0])


def rows(dataset: Dataset, drawn: SampleBatch) -> dict[str, np.ndarray]:
    """Samples in the data's units.

    Args:
      dataset: that was learned.
      drawn: vectors `[m, D]`, as `sampling.draw` has them.

    Returns:
      The values `[m]` of each column by its name, in the table's order. Truth values,
      which are categories, are bool again.
    """
    columns = columns_of(dataset)
    found = columns.decode(drawn.samples)
    for each in columns.columns:
        if each.values and {str(x).casefold() for x in each.values} <= _TRUTHS:
            found[each.name] = np.char.lower(found[each.name].astype(str)) == "true"
    return found


def matrix(dataset: Dataset, drawn: SampleBatch) -> np.ndarray:
    """Samples in the data's units, as one array.

    Args:
      dataset: that was learned.
      drawn: vectors `[m, D]`.

    Returns:
      `[m, columns]` without the label: the vectors themselves if they have no units of
      their own, else float64.

    Raises:
      ValueError: a column is text.
    """
    if dataset.columns is None:
        return drawn.samples
    found = dataset.columns.decode(drawn.samples)
    kept = [found[name] for name in array_columns(dataset.columns)]
    return np.stack([each.astype(np.float64) for each in kept], axis=1)


def array_columns(columns: Columns) -> list[str]:
    """The names of the columns of an array of samples: all but the label.

    Raises:
      ValueError: one of them is text, which an array of numbers cannot hold.
    """
    kept = [each for each in columns.columns if each.name != columns.label]
    for each in kept:
        if any(isinstance(value, str) for value in each.values):
            raise ValueError(
                f"column {each.name!r} is text, which an array of numbers cannot hold:"
                " write a .csv or a .parquet file, or call sampling.sample_table"
            )
    return [each.name for each in kept]


@contextmanager
def csv_file(path: Path, dataset: Dataset) -> Iterator[Write]:
    """Opens a CSV file with a header line, UTF-8.

    Yields:
      A function that writes the next batch.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer, begun = csv.writer(file, lineterminator="\n"), False

        def write(drawn: SampleBatch) -> None:
            nonlocal begun
            table = rows(dataset, drawn)
            if not begun:
                writer.writerow(table)
                begun = True
            texts = map(_texts, columns_of(dataset).columns, table.values())
            writer.writerows(zip(*texts))

        yield write


def _texts(column: Column, values: np.ndarray) -> list[str]:
    """The values `[m]` of a column as text."""
    form = f".{_digits(column)}g" if values.dtype.kind == "f" else ""
    return [format(value, form) for value in values.tolist()]


def _digits(column: Column) -> int:
    """How many digits show a number of the column to 1e-7 of its deviation.

    That is what float32, in which a generator computes, can tell apart.
    """
    if column.kind != NUMBER:
        return 15 if column.kind == CONSTANT else 17  # as exact as they are
    ratio = abs(column.mean) / column.std
    return min(max(_DIGITS, 7 + math.ceil(math.log10(max(ratio, 1.0)))), 17)


@contextmanager
def parquet_file(path: Path, dataset: Dataset) -> Iterator[Write]:
    """Opens a Parquet file.

    Yields:
      A function that writes the next batch.
    """
    import pyarrow
    from pyarrow import parquet

    writer: Any = None

    def write(drawn: SampleBatch) -> None:
        nonlocal writer
        table = pyarrow.table(rows(dataset, drawn))
        if writer is None:
            writer = parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def array_file(path: Path, dataset: Dataset, spec: SampleSpec) -> Iterator[Write]:
    """Opens an .npz file: `samples` in the data's units, `labels`, and `columns`.

    Yields:
      A function that writes the next batch.
    """
    names = array_columns(columns_of(dataset))
    with npz_file(path, "samples", spec, {"columns": names}) as write_array:
        yield lambda drawn: write_array(
            SampleBatch(matrix(dataset, drawn), drawn.labels)
        )


FILES: dict[str, Callable[..., AbstractContextManager[Write]]] = {
    ".csv": lambda path, dataset, spec: csv_file(path, dataset),
    ".parquet": lambda path, dataset, spec: parquet_file(path, dataset),
    ".npz": array_file,
}


def opener(
    suffix: str, dataset: Dataset, spec: SampleSpec
) -> Callable[[Path], AbstractContextManager[Write]]:
    """What opens a file for samples of a set of vectors.

    Args:
      suffix: of the file, a key of `FILES`.
      dataset: that was learned.
      spec: of the samples.
    """
    return partial(FILES[suffix], dataset=dataset, spec=spec)
