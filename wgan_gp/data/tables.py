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
from wgan_gp.data.columns import describe
from wgan_gp.data.conditions import told_fields, with_given
from wgan_gp.data.labels import check_labels
from wgan_gp.data.sources import split_indices
from wgan_gp.data.table_files import RawTable, read_table
from wgan_gp.system.values import did_you_mean, join_names, show

LEAST_ROWS = 30  # so that three are held out


def open_table(
    kind: str,
    path: Path,
    *,
    columns: tuple[str, ...] | None = None,
    without: tuple[str, ...] = (),
    label: str | None = None,
    given: tuple[str, ...] = (),
    most_values: int = 20,
    encoding: str = "utf-8",
) -> Dataset:
    """Opens a table: rows to learn from, and others held out.

    Args:
      kind: a key of `table_files.READERS`.
      path: of the file.
      columns: the names of columns to learn; None for all.
      without: the names of columns to leave out.
      label: the name of the column with each row's class, of which a generator is told
        the value; None for none.
      given: the names of columns of which a generator is told the values, instead.
      most_values: whole numbers of at most so many values are a category.
      encoding: of a CSV file.

    Returns:
      The data set. `sample` draws training rows with replacement, `[n, D]`, and
      `held_out` other rows without repetition. What a generator is told is among their
      entries.

    Raises:
      ValueError: the file cannot be read, a column is not there or cannot be learned,
        or too few rows are left.
    """
    raw = read_table(kind, path, encoding=encoding)
    names = _chosen(raw, columns, without, label, given, path)
    values, notes = _complete_rows(raw, names, path)
    count = len(values[names[0]])
    splits = {name: split_indices(count, name) for name in ("train", "validation")}
    if label is not None:
        values[label] = _classes(values[label], label, path)
    try:
        described, more = describe(
            values,
            splits["train"],
            whole=raw.whole,
            most_values=most_values,
            label=label,
        )
        described = with_given(described, given)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    vectors = described.encode(values)
    notes = [*raw.notes, *notes, *more, *_row_notes(vectors, splits["train"], path)]
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


def _chosen(
    raw: RawTable,
    columns: tuple[str, ...] | None,
    without: tuple[str, ...],
    label: str | None,
    given: tuple[str, ...],
    path: Path,
) -> list[str]:
    """The columns that are used, in the file's order; with those that are told."""
    known = [*raw.columns, *raw.refused]
    asked = {"data.columns": columns or (), "data.without": without}
    asked["data.label"] = () if label is None else (label,)
    asked["data.given"] = given
    for field, names in asked.items():
        for name in names:
            if name not in known:
                raise ValueError(
                    f"{field}: there is no column {show(name)} in {path}, which has"
                    f" {join_names(known)}{did_you_mean(name, known)}"
                )
    told = {"data.label": asked["data.label"], "data.given": given}
    for field, names in told.items():
        if both := sorted({*names} & {*without}):
            raise ValueError(f"data.without has the column of {field}, {show(both[0])}")
    wanted = set(known if columns is None else columns) - set(without)
    told_names = {name for names in told.values() for name in names}
    names = [name for name in known if name in wanted | told_names]
    for name in names:
        if name in raw.refused:
            raise ValueError(
                f"column {show(name)} {raw.refused[name]}: leave it out by data.without"
            )
    if not {*names} - told_names:
        raise ValueError(f"no column of {path} is left to learn")
    return names


def _complete_rows(
    raw: RawTable, names: list[str], path: Path
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The rows without missing values, and a note on the others."""
    missing = {name: _missing(raw.columns[name]) for name in names}
    for name, where in missing.items():
        if where.all():
            raise ValueError(
                f"column {show(name)} of {path} has no values: leave it out by"
                " data.without"
            )
        _check_finite(name, raw.columns[name], path)
    gaps = np.any(list(missing.values()), axis=0)
    complete = np.flatnonzero(~gaps)
    if len(complete) < LEAST_ROWS:
        worst = max(missing, key=lambda name: int(missing[name].sum()))
        hint = f", most of them in {show(worst)}" if gaps.any() else ""
        raise ValueError(
            f"{path} has {len(complete):,} complete rows of {raw.count:,}{hint}: at"
            f" least {LEAST_ROWS} are needed"
        )
    values = {name: raw.columns[name][complete] for name in names}
    if not gaps.any():
        return values, []
    where = ", ".join(
        f"{int(each.sum()):,} in {show(name)}"
        for name, each in missing.items()
        if each.any()
    )
    return values, [
        f"{path}: {int(gaps.sum()):,} of {raw.count:,} rows have missing values"
        f" ({where[:200]}) and are left out"
    ]


def _missing(values: np.ndarray) -> np.ndarray:
    if values.dtype == object:
        return np.array([each is None for each in values], bool)
    return np.isnan(values)


def _check_finite(name: str, values: np.ndarray, path: Path) -> None:
    if values.dtype == object:
        return
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise ValueError(
            f"column {show(name)} of {path} has {len(infinite):,} infinite values, the"
            f" first in row {infinite[0] + 1:,}: remove them, or leave the column out"
            " by data.without"
        )


def _row_notes(vectors: np.ndarray, train: np.ndarray, path: Path) -> list[str]:
    """On rows that occur twice, and on fewer rows than entries."""
    notes = []
    count, width = vectors.shape
    repeated = count - len(np.unique(vectors, axis=0))
    if repeated:
        notes.append(
            f"{path}: {repeated:,} of {count:,} rows are there before: a row may be in"
            " the training split and held out"
        )
    if len(train) < width:
        notes.append(
            f"{path} has {len(train):,} rows to learn {width:,} entries from: a"
            " generator can remember them all"
        )
    return notes


def _classes(labels: np.ndarray, name: str, path: Path) -> np.ndarray:
    """Labels as text, or as whole numbers in floats."""
    text = labels.astype(str) if labels.dtype == object else labels
    checked = check_labels(text, len(labels), f"{path}: {name}")
    return checked.astype(object if checked.dtype.kind == "U" else np.float64)
