"""Text as a set of sequences: lines of characters, each a one-hot vector.

As in the reference implementation of Gulrajani et al. 2017 (arXiv:1704.00028): lines
are cut to a length and filled up with a backtick, and the characters that occur most
are the vocabulary; all others are one character, "unk". Lines are kept as whole
numbers; a sampler makes the one-hot vectors of a batch.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.system.values import show

PAD, UNKNOWN = "`", "\ufffd"  # fill up a line; stand for a rare character
LEAST_LINES = 100


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


def read_text(
    path: Path,
    *,
    length: int = 32,
    most_characters: int = 2048,
    most_lines: int = 10**7,
) -> Text:
    """Reads a text file.

    Args:
      path: of the file, UTF-8. Empty lines are left out.
      length: T, to which lines are cut and filled up.
      most_characters: the most characters of the vocabulary.
      most_lines: lines after so many are not read.

    Raises:
      ValueError: there is no such file, it is not UTF-8, or it has too few lines.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    lines = []
    try:
        with path.open(encoding="utf-8", newline=None) as file:
            for line in file:
                if text := line.strip().replace(PAD, "'"):
                    lines.append(text[:length])
                    if len(lines) == most_lines:
                        break
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text (byte {error.start:,}): convert it, as by iconv"
        ) from None
    if len(lines) < LEAST_LINES:
        raise ValueError(
            f"{path} has {len(lines)} lines that are not empty, at least {LEAST_LINES}"
            " are needed"
        )
    return _encoded(lines, length, most_characters, path)


def _encoded(lines: list[str], length: int, most: int, path: Path) -> Text:
    counts = Counter[str]()
    for line in lines:
        counts.update(line)
    # The commonest first, and by character where they are as common.
    ordered = sorted(counts, key=lambda each: (-counts[each], each))
    characters = UNKNOWN + PAD + "".join(ordered[: most - 2])
    number = {character: i for i, character in enumerate(characters)}
    codes = np.full((len(lines), length), number[PAD], np.uint16)
    for row, line in zip(codes, lines):
        row[: len(line)] = [number.get(character, 0) for character in line]
    notes = []
    rare = ordered[most - 2 :]
    if rare:
        share = 100 * sum(counts[each] for each in rare) / counts.total()
        notes.append(
            f"{path}: {len(rare):,} rare characters, {share:.2g} % of the text, are one"
        )
    repeated = len(lines) - len(np.unique(codes, axis=0))
    if repeated:
        notes.append(f"{path}: {repeated:,} of {len(lines):,} lines are there before")
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


def one_hot_lines(codes: np.ndarray, characters: int):
    """A sampler of one-hot lines, uniformly and with replacement.

    Args:
      codes: `[N, T]`, copied to the device once.
      characters: V.

    Returns:
      A sampler `(key, n) -> [n, T, V]`, float32.
    """
    return jax.tree_util.Partial(_draw, jnp.asarray(codes), characters=characters)


def _draw(codes: jax.Array, key: jax.Array, n: int, *, characters: int) -> jax.Array:
    chosen = jax.random.randint(key, (n,), 0, len(codes))
    return jax.nn.one_hot(codes[chosen], characters)
