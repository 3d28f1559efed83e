"""Two sets of samples that are to be compared, from files of any kind that is read.

    FILE.csv, .parquet, .npy, .npz     rows of numbers (`table_files`)
    FILE.npz with the key `images`     pictures (`npz`)
    FOLDER                             pictures (`folders`)

Rows with missing values are left out, with a note. Text is no number, so that it has no
distance: a column of it is refused. Pictures of all splits are one set.
"""

import zipfile
from pathlib import Path

import numpy as np

from wgan_gp.data.numpy_files import READ_ERRORS
from wgan_gp.data.raw_tables import RawTable
from wgan_gp.data.reading import (
    Reading,
    Samples,
    flags_named,
    most_rows,
    some_rows,
)
from wgan_gp.data.sample_pictures import check_same_shape, read_pictures
from wgan_gp.data.table_files import READERS, check_file, read_table
from wgan_gp.data.table_rows import TableOptions, chosen_columns, complete_rows
from wgan_gp.system.failures import one_line
from wgan_gp.system.values import join_names, show


def read_pair(real: Path, fake: Path, how: Reading) -> tuple[Samples, Samples]:
    """Reads two sets whose samples can be compared.

    Args:
      real: a file or a folder.
      fake: another.
      how: they are read.

    Returns:
      Both sets, with samples of one shape. The columns have the first one's order.

    Raises:
      ValueError: a file cannot be read, the sets are of different kinds, shapes or
        columns, or an option has no effect on them.
    """
    kinds = [_is_pictures(each) for each in (real, fake)]
    if kinds[0] != kinds[1]:
        rows, pictures = (real, fake) if kinds[1] else (fake, real)
        raise ValueError(
            f"{rows} has rows of numbers and {pictures} has pictures: compare sets of"
            " one kind"
        )
    _check_effects(how, pictures=kinds[0], paths=(real, fake))
    with flags_named():
        read = read_pictures if kinds[0] else _read_vectors
        first, second = (read(each, how) for each in (real, fake))
    if kinds[0]:
        check_same_shape(first, second, (real, fake))
        return first, second
    return first, _in_order(second, first, (real, fake))


def _is_pictures(path: Path) -> bool:
    """Whether a set is of pictures, by the file's name or its keys.

    Raises:
      ValueError: there is no such file or folder, or it is of another kind.
    """
    if path.is_dir():
        return True
    if path.suffix.removeprefix(".") not in READERS:
        known = ", ".join(f".{each}" for each in READERS)
        missing = "" if path.exists() else f"there is no file {path}: "
        raise ValueError(
            f"{missing}a set of samples is a folder of pictures, or a file that ends in"
            f" one of {known}; got {path}"
        )
    check_file(path)
    if path.suffix != ".npz":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            keys = {each.removesuffix(".npy") for each in archive.namelist()}
    except READ_ERRORS as error:
        text = one_line(error, 200)
        raise ValueError(f"{path} is not a readable .npz file: {text}") from None
    return "samples" not in keys and any(key.endswith("images") for key in keys)


def _check_effects(how: Reading, *, pictures: bool, paths: tuple[Path, Path]) -> None:
    """Refuses options that have no effect on sets of this kind."""
    folders = any(each.is_dir() for each in paths)
    tables = any(each.suffix == ".csv" for each in paths)
    for name, works, what in (
        ("columns", not pictures, "rows of numbers"),
        ("encoding", tables, "CSV files"),
        ("size", folders, "folders of pictures"),
        ("channels", pictures, "pictures"),
        ("skip_corrupt", folders, "folders of pictures"),
    ):
        value = getattr(how, name)
        if value != Reading._field_defaults[name] and not works:
            raise ValueError(f"--{name} has an effect on {what} alone: leave it out")


def _read_vectors(path: Path, how: Reading) -> Samples:
    kind = path.suffix.removeprefix(".")
    raw = read_table(kind, path, encoding=how.encoding)
    notes = list(raw.notes)
    labelled = kind == "npz" and how.columns is None and len(raw.columns) > 1
    if labelled and "label" in raw.columns:
        rest = {name: x for name, x in raw.columns.items() if name != "label"}
        raw = raw._replace(columns=rest)
        notes.append(f"{path}: labels are left out; --columns with label keeps them")
    names = chosen_columns(raw, TableOptions(columns=how.columns), path)
    _check_numbers(raw, names, path)
    values, gaps = complete_rows(raw, names, path)
    if not gaps.complete:
        raise ValueError(
            f"{path} has no row without a missing value: choose other columns by"
            " --columns"
        )
    matrix = np.stack([values[name] for name in names], axis=1)
    notes += gaps.notes(path)
    some = some_rows(len(matrix), how.rows or most_rows(len(names)), how.seed)
    return Samples(matrix[some], len(matrix), tuple(names), tuple(notes))


def _check_numbers(raw: RawTable, names: list[str], path: Path) -> None:
    """Refuses columns of text."""
    texts = [name for name in names if raw.columns[name].dtype == object]
    if not texts:
        return
    numbers = [name for name in raw.columns if raw.columns[name].dtype != object]
    cure = f"choose columns of numbers by --columns ({join_names(numbers)})"
    raise ValueError(
        f"column {show(texts[0])} of {path} is text, which has no distance:"
        f" {cure if numbers else 'turn it into numbers'}"
    )


def _in_order(samples: Samples, like: Samples, paths: tuple[Path, Path]) -> Samples:
    """Samples with their columns in the order of another set.

    Raises:
      ValueError: the columns are not the same.
    """
    assert samples.columns is not None
    assert like.columns is not None
    for mine, others, path, other in (
        (like.columns, samples.columns, *paths),
        (samples.columns, like.columns, *reversed(paths)),
    ):
        if only := [name for name in mine if name not in others]:
            raise ValueError(
                f"{path} has columns that {other} has not, {join_names(only)};"
                f" {other} has {join_names(list(others))}: give both the same names (in"
                " an .npz file by the key columns), or choose common ones by --columns"
            )
    where = [samples.columns.index(name) for name in like.columns]
    return samples._replace(values=samples.values[:, where], columns=like.columns)
