"""Numbers of an .npz file that come with samples: their checks, names and moments.

`given` `[N, k]` says what is known of each series or picture, and `given_names` `[k]`
what its columns are.
"""

from pathlib import Path

import numpy as np

from wgan_gp.data.columns import NUMBER, Column
from wgan_gp.data.labels import as_text
from wgan_gp.system.values import show


def given_numbers(given: np.ndarray, path: Path) -> np.ndarray:
    """Conditions that are numbers, `[n, k]`, float64.

    Args:
      given: the array `given` of a file, `[n, k]` or `[n]`.
      path: of the file, for messages.

    Raises:
      ValueError: it has another shape or type, or values that are not finite.
    """
    numbers = given[:, None] if given.ndim == 1 else given
    if numbers.ndim != 2 or 0 in numbers.shape or numbers.dtype.kind not in "fiub":
        raise ValueError(
            f"{path}: given must be numbers [N, k], got {given.dtype}"
            f" {list(given.shape)}"
        )
    numbers = numbers.astype(np.float64)
    if not (finite := np.isfinite(numbers)).all():
        row, column = np.argwhere(~finite)[0] + 1
        raise ValueError(
            f"{path}, row {row}: given has no finite number in column {column}: leave"
            " the row out"
        )
    return numbers


def array_names(
    arrays: dict[str, np.ndarray], key: str, usual: str, count: int, path: Path
) -> list[str]:
    """Names of an array of the file, or `usual` with numbers from 1.

    Args:
      arrays: of the file.
      key: of the names, `[count]`.
      usual: the beginning of the names where the file has none.
      count: how many there must be.
      path: of the file, for messages.

    Raises:
      ValueError: they are no names, of another number, or one is there twice; or they
        are bytes that are not UTF-8.
    """
    names = arrays.get(key, np.array([f"{usual}{i + 1}" for i in range(count)]))
    if names.shape != (count,) or names.dtype.kind not in "US":
        raise ValueError(
            f"{path}: {key} must be {count} names, got {names.dtype}"
            f" {list(names.shape)}"
        )
    if names.dtype.kind == "S":
        names = as_text(names, f"{path}: {key}")
    names = names.tolist()
    if len(set(names)) < count:
        raise ValueError(f"{path}: {key} has a name twice: give each its own")
    return names


def standardised(
    names: list[str], values: np.ndarray, train: np.ndarray, what: str, path: Path | str
) -> tuple[Column, ...]:
    """Columns of numbers, by the moments of the training samples.

    Args:
      names: of the C columns.
      values: `[N, ..., C]`, float64.
      train: indices `[n]` of the training samples.
      what: the columns are, for messages, as "channel".
      path: of the file, or the name of the set, for messages.

    Raises:
      ValueError: a column is constant.
    """
    scale = float(np.abs(values).max()) or 1.0  # squares of huge values are not finite
    learned, axes = values[train] / scale, tuple(range(values.ndim - 1))
    means, stds = scale * learned.mean(axis=axes), scale * learned.std(axis=axes)
    # By its ends: rounding gives a constant as 0.1 a deviation that is not 0.
    for name, std, spread in zip(names, stds, np.ptp(learned, axis=axes)):
        if not (std > 0 and spread > 0):
            raise ValueError(f"{path}: {what} {show(name)} is constant: leave it out")
    return tuple(
        Column(name, NUMBER, mean, std)
        for name, mean, std in zip(names, means.tolist(), stds.tolist())
    )
