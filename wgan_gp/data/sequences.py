"""Sets of sequences to learn: series `[T, C]`, and lines of text as one-hot vectors."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data import Dataset, check_name, open_named
from wgan_gp.data.arrays import resident, without_repetition
from wgan_gp.data.columns import CATEGORY, NUMBER, Column, Columns
from wgan_gp.data.conditions import (
    joined,
    resident_joined,
    told_fields,
    with_label_entries,
)
from wgan_gp.data.docstrings import read_docstrings
from wgan_gp.data.series_files import LABEL, LONGEST, RawSeries, read_series
from wgan_gp.data.sources import split_indices
from wgan_gp.data.text import Text, encode, one_hot_lines, read_lines
from wgan_gp.system.fields import Rule, setting, whole
from wgan_gp.system.paths import SEQUENCE_KINDS, expand
from wgan_gp.system.values import show

BUILT_IN = "docstrings"


def _check_name(path: str, name: str) -> None:
    tables = "for tables, start from experiments/vectors.py"
    check_name(
        *(path, name, "sequences", SEQUENCE_KINDS), elsewhere=tables, more=(BUILT_IN,)
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SequenceData:
    """The section `data` of a configuration for sequences.

    `length` and `characters` are for text.
    """

    kind: str
    name: str = setting(
        "ar2",
        "Set of sequences: ar2 (simulated), docstrings (text of an installed package),"
        " npz:FILE of series [N, T, C], text:FILE of lines.",
        Rule(_check_name),
    )
    length: int = setting(
        32, "Positions to which lines of text are cut or filled up.", whole(1, LONGEST)
    )
    characters: int = setting(
        2048, "The most characters that a text's vocabulary has.", whole(3, 2**15)
    )


def open_sequences(settings: SequenceData, *, conditional: bool, **_: Any) -> Dataset:
    """Opens the set that the settings name.

    `kinds.KINDS` lists this function, and `build` calls it.

    Args:
      settings: the section `data`.
      conditional: whether a generator is told labels or numbers; refused for text.
      **_: arguments for other kinds of data.

    Raises:
      ValueError: there is no such set, it cannot be read, or it has no conditions.
    """
    kind, colon, path = settings.name.partition(":")
    if conditional and (settings.name == BUILT_IN or kind == "text"):
        raise ValueError("text has no labels: conditional must be False")
    if settings.name == BUILT_IN:
        lines, notes = read_docstrings()
        text = encode(lines, settings.length, settings.characters, BUILT_IN)
        return _of_text(BUILT_IN, text._replace(notes=(*notes, *text.notes)))
    if not colon:
        found = open_named(settings.name, "sequences", conditional=conditional)
        return with_label_entries(found) if conditional else found
    if kind == "npz":
        return open_series(expand(path), conditional=conditional)
    lines = read_lines(expand(path))
    text = encode(lines, settings.length, settings.characters, str(path))
    return _of_text(f"text:{expand(path)}", text)


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
    channels = _standardised(raw.channels, raw.samples, train, "channel", path)
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
        known = tuple(sorted(set(raw.labels.tolist())))
        columns = Columns((*channels, Column(LABEL, CATEGORY, values=known)), LABEL)
        return columns, columns.conditions.encode({LABEL: raw.labels})
    told = [
        column
        for name, numbers in raw.given.items()
        for column in _standardised([name], numbers[:, None], train, "given", path)
    ]
    columns = Columns((*channels, *told), given=tuple(raw.given))
    if not told:
        return columns, np.empty((len(raw.samples), 0), np.float32)
    return columns, columns.conditions.encode(raw.given)


def _standardised(
    names: list[str], values: np.ndarray, train: np.ndarray, what: str, path: Path
) -> tuple[Column, ...]:
    """Columns of numbers `[N, ..., C]`, by the moments of the training series."""
    scale = float(np.abs(values).max()) or 1.0  # squares of huge values are not finite
    learned, axes = values[train] / scale, tuple(range(values.ndim - 1))
    means, stds = scale * learned.mean(axis=axes), scale * learned.std(axis=axes)
    for name, std in zip(names, stds):
        if not std > 0:
            raise ValueError(f"{path}: {what} {show(name)} is constant: leave it out")
    return tuple(
        Column(name, NUMBER, mean, std)
        for name, mean, std in zip(names, means.tolist(), stds.tolist())
    )


def _of_text(name: str, text: Text) -> Dataset:
    splits = {
        each: text.codes[split_indices(len(text.codes), each)]
        for each in ("train", "validation")
    }
    size, held_out = len(text.characters), splits["validation"]
    one_hot = np.eye(size, dtype=np.float32)
    return Dataset(
        name,
        (text.codes.shape[1], size),
        one_hot_lines(splits["train"], size),
        held_out=without_repetition(held_out, name, lambda codes: one_hot[codes]),
        held_out_count=len(held_out),
        count=len(splits["train"]),
        notes=text.notes,
        characters=text.characters,
    )
