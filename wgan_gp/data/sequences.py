"""Sets of sequences to learn: series `[T, C]`, and lines of text as one-hot vectors."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data import Dataset, check_name, open_named
from wgan_gp.data.arrays import resident, without_repetition
from wgan_gp.data.columns import CATEGORY, Column, Columns
from wgan_gp.data.conditions import (
    joined,
    resident_joined,
    told_fields,
    with_label_entries,
)
from wgan_gp.data.docstrings import read_docstrings
from wgan_gp.data.given_arrays import standardised
from wgan_gp.data.meanings import label_column
from wgan_gp.data.series_files import LABEL, LONGEST, RawSeries, read_series
from wgan_gp.data.sources import split_indices, summarise_left_out
from wgan_gp.data.table_rows import naming
from wgan_gp.data.text import (
    SUFFIX,
    Text,
    encode,
    one_hot,
    one_hot_lines,
    read_folder,
    read_lines,
)
from wgan_gp.system.fields import Rule, check_unset, setting, share, whole
from wgan_gp.system.paths import SEQUENCE_KINDS, expand

BUILT_IN = "docstrings"


def _check_name(path: str, name: str) -> None:
    check_name(path, name, "sequences", SEQUENCE_KINDS, more=(BUILT_IN,))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SequenceData:
    """The section `data` of a configuration for sequences.

    `length`, `characters` and `smoothing` are for text.
    """

    kind: str
    name: str = setting(
        "ar2",
        "Set of sequences: ar2 (simulated), docstrings (text of an installed package),"
        " npz:FILE of series [N, T, C], text:FILE of lines, text:FOLDER of files.",
        Rule(_check_name),
    )
    length: int = setting(
        32, "Positions to which lines of text are cut or filled up.", whole(1, LONGEST)
    )
    characters: int = setting(
        2048, "The most characters that a text's vocabulary has.", whole(3, 2**15)
    )
    smoothing: float = setting(
        0.0,
        "Share of the even distribution in each character of a text that is learned.",
        share(),
    )


def open_sequences(settings: SequenceData, *, conditional: bool, **_: Any) -> Dataset:
    """Opens the set that the settings name.

    `kinds.KINDS` lists this function, and `build` calls it.

    Args:
      settings: the section `data`.
      conditional: whether a generator is told labels or numbers.
      **_: arguments for other kinds of data.

    Raises:
      ValueError: there is no such set, it cannot be read, or it has no conditions.
    """
    kind, colon, path = settings.name.partition(":")
    if settings.name != BUILT_IN and kind != "text":
        why = f"is for text, and has no effect on {settings.name}"
        check_unset(settings, ("length", "characters", "smoothing"), why)
    if settings.name == BUILT_IN or kind == "text":
        return _open_text(settings, conditional)
    if not colon:
        found = open_named(settings.name, "sequences", conditional=conditional)
        return with_label_entries(found) if conditional else found
    return open_series(expand(path), conditional=conditional)


def open_series(path: Path, *, conditional: bool = False) -> Dataset:
    """Opens an .npz file of series.

    Args:
      path: of the file, with the arrays that `series_files` lists.
      conditional: whether a generator is told the label of each series, or the numbers
        that are given for it. They are channels that are constant in time.

    Returns:
      The data set: channels are standardised by the mean and the deviation of the
      training series, and `columns` brings them back.

    Raises:
      ValueError: the file cannot be read, or does not hold finite series; or it has
        no conditions that vary.
    """
    raw = read_series(path, conditional=conditional)
    train, held_out = (
        split_indices(len(raw.samples), name) for name in ("train", "validation")
    )
    channels = standardised(raw.channels, raw.samples, train, "channel", path)
    columns, entries = _with_conditions(channels, raw, train, path)
    means, stds = np.array([(each.mean, each.std) for each in channels]).T
    scaled = ((raw.samples - means) / stds).astype(np.float32)
    learned, others = scaled[train], scaled[held_out]
    sample = resident_joined(learned, entries[train]) if conditional else None
    told = entries[held_out]
    name = f"npz:{path}"
    return Dataset(
        name,
        (scaled.shape[1], columns.width),
        sample or resident(learned),
        held_out=without_repetition(
            np.arange(len(others)),
            name,
            lambda at: np.asarray(joined(others[at], told[at])),
        ),
        held_out_count=len(others),
        count=len(learned),
        columns=columns,
        **told_fields(columns, entries[train]),
    )


def _with_conditions(
    channels: tuple[Column, ...], raw: RawSeries, train: np.ndarray, path: Path
) -> tuple[Columns, np.ndarray]:
    """The channels, with what a generator is told; and its entries `[N, k]`."""
    if raw.labels is not None:
        known = sorted(set(raw.labels.tolist()))
        with naming(path):
            label = label_column(LABEL, known, len(raw.labels))
        columns = Columns((*channels, label), LABEL)
        return columns, columns.conditions.encode({LABEL: raw.labels})
    told = [
        column
        for name, numbers in raw.given.items()
        for column in standardised([name], numbers[:, None], train, "given", path)
    ]
    columns = Columns((*channels, *told), given=tuple(raw.given))
    if not told:
        return columns, np.empty((len(raw.samples), 0), np.float32)
    return columns, columns.conditions.encode(raw.given)


def _open_text(settings: SequenceData, conditional: bool) -> Dataset:
    """Lines of a file, of the files of a folder, or of docstrings."""
    if settings.name != BUILT_IN:
        path = expand(settings.name.partition(":")[2])
        if path.is_dir():
            return _of_folder(path, settings, conditional)
        name = f"text:{path}"
        lines, notes = read_lines(path)
    else:
        path, name = Path(BUILT_IN), BUILT_IN
        lines, notes = read_docstrings()
    if conditional:
        raise ValueError(
            f"{path} has lines without labels: conditional must be False, or name a"
            f" folder with a {SUFFIX} file for each class"
        )
    text = encode(lines, settings.length, settings.characters, str(path))
    text = text._replace(notes=(*notes, *text.notes))
    return _of_text(name, text, smoothing=settings.smoothing)


def _of_folder(folder: Path, settings: SequenceData, conditional: bool) -> Dataset:
    """Lines of the files of a folder; with conditions, each file is a class."""
    read = read_folder(folder)
    if conditional and len(read.names) == 1:
        raise ValueError(
            f"{folder} has one {SUFFIX} file, which is one class: conditional = True"
            " needs a file for each of several"
        )
    text = encode(read.lines, settings.length, settings.characters, str(folder))
    notes = (summarise_left_out(read.left_out),) if read.left_out else ()
    text = text._replace(notes=(*read.notes, *notes, *text.notes))
    name, left_out = f"text:{folder}", tuple(map(str, read.left_out))
    of_text = partial(_of_text, name, text, smoothing=settings.smoothing)
    if not conditional:
        return of_text()._replace(left_out=left_out)
    found = of_text(read.labels, len(read.names))
    character = Column("character", CATEGORY, values=tuple(text.characters))
    label = Column(LABEL, CATEGORY, values=read.names)
    train = read.labels[split_indices(len(read.labels), "train")]
    counts = np.bincount(train, minlength=len(read.names))
    return found._replace(
        columns=Columns((character, label), LABEL),
        classes=len(read.names),
        class_names=read.names,
        class_shares=counts / len(train),
        left_out=left_out,
    )


def _of_text(
    name: str,
    text: Text,
    labels: np.ndarray | None = None,
    classes: int = 0,
    *,
    smoothing: float,
) -> Dataset:
    """The set of encoded lines; with labels, these are channels."""
    arrays = (text.codes,) if labels is None else (text.codes, labels)
    learned, held_out = (
        tuple(each[split_indices(len(text.codes), split)] for each in arrays)
        for split in ("train", "validation")
    )
    sizes: dict[str, Any] = {"characters": len(text.characters), "classes": classes}
    sizes["smoothing"] = smoothing
    return Dataset(
        name,
        (text.codes.shape[1], len(text.characters) + classes),
        one_hot_lines(*learned, **sizes),
        held_out=without_repetition(
            np.arange(len(held_out[0])),
            name,
            lambda at: np.asarray(one_hot(*(x[at] for x in held_out), **sizes)),
        ),
        held_out_count=len(held_out[0]),
        count=len(learned[0]),
        notes=text.notes,
        characters=text.characters,
    )
