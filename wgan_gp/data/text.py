"""Text as a set of sequences: lines of characters, each a one-hot vector.

As in the reference implementation of Gulrajani et al. 2017 (arXiv:1704.00028): lines
are cut to a length and filled up with a backtick, and the characters that occur most
are the vocabulary; all others are one character, "unk". Lines are kept as whole
numbers; a sampler makes the one-hot vectors of a batch.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data.conditions import joined
from wgan_gp.data.sources import LeftOutFile
from wgan_gp.system.files import unchanged
from wgan_gp.system.values import show

PAD, UNKNOWN = "`", "\ufffd"  # fill up a line; stand for a rare character
LEAST_LINES = 100
SUFFIX = ".txt"  # of the files of a folder that are read


class LabelledLines(NamedTuple):
    """Lines of several files, whose classes are the files.

    Attributes:
      lines: of all files, one file after the other.
      labels: the class of each, `[N]`, int32.
      names: of the classes, sorted.
      left_out: files of the folder that were not read.
      notes: what a user should know, one line each.
    """

    lines: list[str]
    labels: np.ndarray
    names: tuple[str, ...]
    left_out: tuple[LeftOutFile, ...]
    notes: tuple[str, ...] = ()


class Text(NamedTuple):
    """Lines of a file as whole numbers.

    Attributes:
      codes: the character of each position, `[N, T]`, indices of `characters`.
      characters: the vocabulary. The first is `UNKNOWN`.
      notes: what a user should know, one line each.
    """

    codes: np.ndarray
    characters: str
    notes: tuple[str, ...] = ()


def read_lines(path: Path, most: int = 10**7) -> tuple[list[str], tuple[str, ...]]:
    """The lines of a UTF-8 text file that are not empty, without space around them.

    Args:
      path: of the file.
      most: lines after so many are not read.

    Returns:
      The lines; and a note if there are more than `most`.


    Raises:
      ValueError: there is no such file, it is not UTF-8, or it changed while it was
        read.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    lines: list[str] = []
    try:
        with unchanged(path), path.open(encoding="utf-8-sig", newline=None) as file:
            for line in file:
                if text := line.strip():
                    if len(lines) == most:
                        note = f"{path}: the first {most:,} lines are read, of more"
                        return lines, (note,)
                    lines.append(text)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text (byte {error.start:,}): convert it, as by iconv"
        ) from None
    return lines, ()


def read_folder(folder: Path) -> LabelledLines:
    """The lines of each .txt file of a folder, whose name without .txt is its class.

    Subfolders are not searched, and hidden files are ignored.

    Args:
      folder: with at least one such file.

    Raises:
      ValueError: there is none, one has no lines, or as `read_lines`.
    """
    entries = sorted(x for x in folder.iterdir() if not x.name.startswith("."))
    files = [each for each in entries if each.suffix == SUFFIX and each.is_file()]
    if not files:
        raise ValueError(
            f"{folder} has no files named *{SUFFIX}: save the lines of each class in a"
            " file of its own"
        )
    lines: list[str] = []
    counts, notes = [], []
    for file in files:
        found, more = read_lines(file)
        notes += more
        if not found:
            raise ValueError(f"{file} has no lines: fill it, or remove it")
        lines += found
        counts.append(len(found))
    labels = np.repeat(np.arange(len(files), dtype=np.int32), counts)
    left_out = tuple(
        LeftOutFile(str(each), f"not named *{SUFFIX}", each.suffix)
        for each in entries
        if each not in files
    )
    names = tuple(each.stem for each in files)
    return LabelledLines(lines, labels, names, left_out, tuple(notes))


def encode(lines: Sequence[str], length: int, most_characters: int, name: str) -> Text:
    """Lines as whole numbers, with the vocabulary that they have.

    Args:
      lines: that are not empty. A backtick, which fills up lines, becomes an
        apostrophe.
      length: T, to which lines are cut and filled up.
      most_characters: the most characters of the vocabulary.
      name: of the text, for messages.

    Raises:
      ValueError: there are too few lines.
    """
    if len(lines) < LEAST_LINES:
        raise ValueError(
            f"{name} has {len(lines)} lines that are not empty, at least {LEAST_LINES}"
            " are needed"
        )
    lengths = [len(line) for line in lines]
    lines = [line.replace(PAD, "'")[:length] for line in lines]
    counts = Counter[str]()
    for line in lines:
        counts.update(line)
    # The commonest first, and by character where they are as common.
    ordered = sorted(counts, key=lambda each: (-counts[each], each))
    characters = UNKNOWN + PAD + "".join(ordered[: most_characters - 2])
    number = {character: i for i, character in enumerate(characters)}
    codes = np.full((len(lines), length), number[PAD], np.uint16)
    for row, line in zip(codes, lines):
        row[: len(line)] = [number.get(character, 0) for character in line]
    notes = []
    beyond = sum(max(0, each - length) for each in lengths)
    if beyond:
        notes.append(
            f"{name}: {100 * beyond / sum(lengths):.3g} % of the characters lie beyond"
            f" position {length} of their lines (data.length), and are left out"
        )
    rare = ordered[most_characters - 2 :]
    if rare:
        share = 100 * sum(counts[each] for each in rare) / counts.total()
        notes.append(
            f"{name}: {len(rare):,} rare characters, {share:.2g} % of the text, are one"
        )
    repeated = len(lines) - len(np.unique(codes, axis=0))
    if repeated:
        notes.append(f"{name}: {repeated:,} of {len(lines):,} lines repeat others")
    return Text(codes, characters, tuple(notes))


def decode(vectors: np.ndarray, characters: str) -> list[str]:
    """The lines that vectors stand for: at each position the likeliest character.

    Args:
      vectors: `[n, T, V]`, one-hot or a softmax.
      characters: the vocabulary, V characters.
    """
    if vectors.shape[-1] != len(characters):
        raise ValueError(
            f"vectors have {vectors.shape[-1]} characters, the vocabulary"
            f" {show(characters)[:40]} has {len(characters)}"
        )
    codes = np.argmax(vectors, axis=-1)
    return ["".join(characters[code] for code in row) for row in codes]


def one_hot_lines(
    codes: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    characters: int,
    classes: int = 0,
    smoothing: float = 0.0,
):
    """A sampler of lines as vectors, uniformly and with replacement.

    Args:
      codes: `[N, T]`, copied to the device once.
      labels: the class of each line, `[N]`, if its channels are wanted.
      characters: V.
      classes: how many there are, K; 0 without labels.
      smoothing: as in `one_hot`.

    Returns:
      A sampler `(key, n) -> [n, T, V + K]`, float32: the class is one-hot too, the same
      at each position.
    """
    arrays = (codes,) if labels is None else (codes, labels)
    draw = partial(_draw, characters=characters, classes=classes, smoothing=smoothing)
    return jax.tree_util.Partial(draw, tuple(map(jnp.asarray, arrays)))


def _draw(
    arrays: tuple[jax.Array, ...], key: jax.Array, n: int, **options: Any
) -> jax.Array:
    chosen = jax.random.randint(key, (n,), 0, len(arrays[0]))
    return one_hot(*(each[chosen] for each in arrays), **options)


def one_hot(
    codes: Any,
    labels: Any = None,
    *,
    characters: int,
    classes: int = 0,
    smoothing: float = 0.0,
) -> jax.Array:
    """Lines as vectors.

    With smoothing s a character is (1 - s) times its one-hot vector and s times the
    even distribution. A critic tells one-hot vectors from a softmax by their sharpness
    alone. A generator that is driven to their corners has next to no gradient there,
    since a softmax is flat at its ends; smoothed characters lie where it is not. The
    likeliest character stays the same.

    Args:
      codes: `[n, T]`.
      labels: as in `one_hot_lines`, `[n]`.
      characters: as there.
      classes: as there.
      smoothing: s, from 0 to below 1.

    Returns:
      `[n, T, V + K]`, float32.
    """
    lines = (1 - smoothing) * jax.nn.one_hot(codes, characters)
    lines = lines + smoothing / characters
    return lines if labels is None else joined(lines, jax.nn.one_hot(labels, classes))
