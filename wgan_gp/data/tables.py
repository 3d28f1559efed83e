"""Tables as data sets to learn: from a file of rows to a sampler of vectors.

`table_files` reads a file, `columns` says what its columns mean, and `open_table` makes
a `Dataset` of both: it learns from 80 % of the rows and holds 10 % out to evaluate on;
the last 10 % are for what comes after training (`sources.split_indices`). Rows are
`[D]` vectors of about unit variance; `Dataset.columns` turns them back into the table's
units.
"""

from pathlib import Path

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.arrays import resident, without_repetition
from wgan_gp.data.conditions import told_fields, with_given
from wgan_gp.data.meanings import describe, summarise_columns
from wgan_gp.data.sources import split_indices
from wgan_gp.data.table_files import read_table
from wgan_gp.data.table_rows import (
    ALL_COLUMNS,
    TableOptions,
    as_classes,
    chosen_columns,
    complete_rows,
    naming,
)


def open_table(
    kind: str,
    path: Path,
    options: TableOptions = ALL_COLUMNS,
) -> Dataset:
    """Opens a table: rows to learn from, and others held out.

    Args:
      kind: a key of `table_files.READERS`.
      path: of the file.
      options: how it is read; by default all columns are learned.

    Returns:
      The data set. `sample` draws training rows with replacement, `[n, D]`, and
      `held_out` other rows without repetition. What a generator is told is among their
      entries.

    Raises:
      ValueError: the file cannot be read, a column is not there or cannot be learned,
        or too few rows are left.
    """
    label, most_values = options.label, options.most_values
    raw = read_table(kind, path, encoding=options.encoding)
    names = chosen_columns(raw, options, path)
    values, gaps = complete_rows(raw, names, path)
    gaps.check(path)
    count = len(values[names[0]])
    splits = {name: split_indices(count, name) for name in ("train", "validation")}
    if label is not None:
        values[label] = as_classes(values[label], label, path)
    summaries = summarise_columns(
        values,
        splits["train"],
        whole=raw.whole,
        most_values=most_values,
        label=label,
    )
    with naming(path):
        described, more = describe(summaries, most_values=most_values, label=label)
        described = with_given(described, options.given)
        vectors = described.encode(values)
    notes = [
        *raw.notes,
        *gaps.notes(path),
        *more,
        *_row_notes(vectors, splits["train"], path),
    ]
    train, held_out = (vectors[splits[name]] for name in ("train", "validation"))
    return Dataset(
        f"{kind}:{path}",
        (described.width,),
        resident(train),
        held_out=without_repetition(held_out, f"{kind}:{path}"),
        held_out_count=len(held_out),
        count=len(train),
        notes=tuple(notes),
        columns=described,
        **told_fields(described, train[:, list(described.told)]),
    )


def _row_notes(vectors: np.ndarray, train: np.ndarray, path: Path) -> list[str]:
    """On rows that occur twice, and on fewer rows than entries."""
    notes = []
    count, width = vectors.shape
    # Hashes, as sorting the rows of a large table takes longer than reading it.
    repeated = count - len(set(map(hash, map(bytes, vectors + 0.0))))
    if repeated:
        notes.append(
            f"{path}: {repeated:,} of {count:,} rows repeat others: a row may be in"
            " the training split and held out"
        )
    if len(train) < width:
        notes.append(
            f"{path} has {len(train):,} rows to learn {width:,} entries from: a"
            " generator can remember them all"
        )
    return notes
