"""Sets of sequences to learn: series `[T, C]`, and lines of text as one-hot vectors."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data import Dataset, check_name, open_named
from wgan_gp.data.arrays import resident, without_repetition
from wgan_gp.data.columns import NUMBER, Column, Columns
from wgan_gp.data.docstrings import read_docstrings
from wgan_gp.data.numpy_files import read_arrays
from wgan_gp.data.sources import split_indices
from wgan_gp.data.text import Text, encode, one_hot_lines, read_lines
from wgan_gp.system.fields import Rule, setting, whole
from wgan_gp.system.paths import SEQUENCE_KINDS, expand
from wgan_gp.system.values import show

LEAST = 30  # sequences of a file, so that three are held out
LONGEST = 2**14
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
      conditional: whether training samples come with labels; refused.
      **_: arguments for other kinds of data.

    Raises:
      ValueError: there is no such set, it cannot be read, or it has no labels.
    """
    kind, colon, path = settings.name.partition(":")
    if conditional:
        raise ValueError("sequences have no labels: conditional must be False")
    if settings.name == BUILT_IN:
        lines, notes = read_docstrings()
        text = encode(lines, settings.length, settings.characters, BUILT_IN)
        return _of_text(BUILT_IN, text._replace(notes=(*notes, *text.notes)))
    if not colon:
        return open_named(settings.name, "sequences", conditional=False)
    if kind == "npz":
        return open_series(expand(path))
    lines = read_lines(expand(path))
    text = encode(lines, settings.length, settings.characters, str(path))
    return _of_text(f"text:{expand(path)}", text)


def open_series(path: Path) -> Dataset:
    """Opens an .npz file of series.

    Args:
      path: of the file, with an array `samples` `[N, T, C]` or `[N, T]`, or with one
        array of any name; and `channels` `[C]`, names, if there are any.

    Returns:
      The data set: channels are standardised by the mean and the deviation of the
      training series, and `columns` brings them back.

    Raises:
      ValueError: the file cannot be read, or does not hold finite series.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    series, names = _arrays(path)
    splits = {
        name: split_indices(len(series), name) for name in ("train", "validation")
    }
    train = series[splits["train"]]
    scale = float(np.abs(series).max()) or 1.0  # squares of huge values are not finite
    means = scale * (train / scale).mean(axis=(0, 1))
    stds = scale * (train / scale).std(axis=(0, 1))
    for name, std in zip(names, stds):
        if not std > 0:
            raise ValueError(f"{path}: channel {show(name)} is constant: leave it out")
    columns = Columns(
        tuple(
            Column(name, NUMBER, mean, std)
            for name, mean, std in zip(names, means.tolist(), stds.tolist())
        )
    )
    scaled = ((series - means) / stds).astype(np.float32)
    held_out = scaled[splits["validation"]]
    label = f"npz:{path}"
    return Dataset(
        label,
        scaled.shape[1:],
        resident(scaled[splits["train"]]),
        held_out=without_repetition(held_out, label),
        held_out_count=len(held_out),
        count=len(train),
        columns=columns,
    )


def _arrays(path: Path) -> tuple[np.ndarray, list[str]]:
    """Series `[N, T, C]` in float64, and the names of their channels."""
    arrays = read_arrays(path)
    others = [name for name in arrays if name != "channels"]
    if "samples" not in arrays and len(others) != 1:
        raise ValueError(
            f"{path} has no array samples, [N, T, C]: it has"
            f" {', '.join(sorted(arrays)) or 'no arrays'}"
        )
    series = arrays["samples" if "samples" in arrays else others[0]]
    found = f"got {series.dtype} {list(series.shape)}"
    if series.ndim not in (2, 3) or series.dtype.kind not in "fiub":
        raise ValueError(f"{path} must have series of numbers [N, T, C], {found}")
    if series.ndim == 2:
        series = series[..., None]
    count, length, channels = series.shape
    if count < LEAST or not 2 <= length <= LONGEST or not channels:
        raise ValueError(
            f"{path} must have at least {LEAST} series of 2 to {LONGEST:,} steps,"
            f" {found}"
        )
    series = series.astype(np.float64)
    if not np.isfinite(series).all():
        bad = int((~np.isfinite(series).all(axis=(1, 2))).sum())
        raise ValueError(
            f"{path}: {bad:,} of {count:,} series have values that are missing or"
            " infinite: leave these series out"
        )
    names = arrays.get("channels", np.array([f"x{i + 1}" for i in range(channels)]))
    if names.shape != (channels,) or names.dtype.kind not in "US":
        raise ValueError(
            f"{path}: channels must be {channels} names, got {names.dtype}"
            f" {list(names.shape)}"
        )
    names = [str(each) for each in names.astype(str)]
    if len(set(names)) < channels:
        raise ValueError(f"{path}: channels has a name twice: give each its own")
    return series, names


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
