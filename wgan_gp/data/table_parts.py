"""Reads tables that are larger than memory, in parts, row after row.

    csv:FILE       types are those of the first 16 MiB; whole numbers may turn decimal,
                   and what columns have that are left out does not matter
    parquet:FILE   row group by row group
    npy:FILE       mapped into memory

An .npz file is compressed as a whole and cannot be read in parts.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data.numpy_files import map_npy
from wgan_gp.data.raw_tables import RawTable, from_array, from_arrow
from wgan_gp.data.table_files import (
    check_file,
    csv_options,
    reading_csv,
    reading_parquet,
)

_BLOCK = 2**24  # bytes of a part of a CSV file
# What helps where a part does not read as the first one did, or a row is longer.
_TYPES = (
    "; it is read in parts of 16 MiB, and a column is what the first of them has: clean"
    " it, leave the column out by data.without, or raise data.resident_bytes"
)
_ROWS = 2**16  # of a part of the others

Needed = Callable[[str], bool]


def _all(name: str) -> bool:
    del name
    return True


def read_parts(
    kind: str, path: Path, *, encoding: str = "utf-8", needed: Needed = _all
) -> Iterator[RawTable]:
    """Reads a table in parts.

    Args:
      kind: a key of `PART_READERS`.
      path: of the file.
      encoding: of a CSV file.
      needed: whether a column of this name is used. Of a CSV file, the others may hold
        anything, and are among those that are refused.

    Yields:
      The parts, in the file's order.

    Raises:
      ValueError: there is no such file, or it cannot be read.
    """
    check_file(path)
    return PART_READERS[kind](path, encoding, needed)


def table_bytes(kind: str, path: Path) -> int:
    """About how much memory a table takes that is read whole.

    The size of its file; of a Parquet file, which is compressed, 8 bytes a number.
    Zero if the file is none of its kind, which reading it will say.
    """
    if not path.is_file():
        return 0
    if kind != "parquet":
        return path.stat().st_size
    from pyarrow import ArrowException, parquet

    try:
        about = parquet.read_metadata(path)
    except (ArrowException, OSError):
        return 0
    return 8 * about.num_rows * about.num_columns


def _csv_parts(path: Path, encoding: str, needed: Needed) -> Iterator[RawTable]:
    import pyarrow
    from pyarrow import csv, types

    options, notes = csv_options(path, encoding, block_size=_BLOCK)
    with reading_csv(path, encoding, _TYPES):
        with csv.open_csv(path, *options) as first:
            schema = first.schema
        # What begins with whole numbers, or with nothing, may go on with decimal ones.
        wide = {
            field.name: pyarrow.float64()
            for field in schema
            if types.is_integer(field.type) or types.is_null(field.type)
        }
        # Bytes can be anything. A column without a name may count the rows.
        unused = {n: pyarrow.binary() for n in schema.names if not needed(n)}
        read, parse, convert = options
        convert.column_types = {n: t for n, t in (wide | unused).items() if n.strip()}
        with csv.open_csv(path, read, parse, convert) as parts:
            for batch in parts:
                raw = from_arrow(pyarrow.Table.from_batches([batch]), path)
                yield raw._replace(notes=(*notes, *raw.notes))


def _parquet_parts(path: Path, encoding: str, needed: Needed) -> Iterator[RawTable]:
    import pyarrow
    from pyarrow import parquet

    del encoding, needed
    with reading_parquet(path), parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            yield from_arrow(pyarrow.Table.from_batches([batch]), path)


def _npy_parts(path: Path, encoding: str, needed: Needed) -> Iterator[RawTable]:
    del encoding, needed
    array: Any = map_npy(path)
    if array.ndim != 2:
        from_array(array, None, path)  # says what is expected
    for start in range(0, len(array), _ROWS):
        yield from_array(np.asarray(array[start : start + _ROWS]), None, path)


PART_READERS: dict[str, Callable[[Path, str, Needed], Iterator[RawTable]]] = {
    "csv": _csv_parts,
    "parquet": _parquet_parts,
    "npy": _npy_parts,
}
