"""Converts labels as users have them to classes numbered from 0.

Networks take classes as int32 from 0 without gaps. Users have numbers with gaps, whole
floats (from MATLAB or pandas), booleans, text or bytes, sometimes in a column `[N, 1]`.
`check_labels` brings one array to int64 or text, and `number_labels` numbers the
classes of all splits together, so that a class has one number everywhere.

Missing labels are refused, whether written as -1 or NaN: there is no class for them.
"""

from collections.abc import Mapping

import numpy as np


def number_labels(
    labels: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Numbers the classes that occur, in sorted order, the same way in every split.

    Args:
      labels: the labels of each split, `[n]`, from `check_labels`. There is at least
        one split, and all are numbers or all are text.

    Returns:
      The numbers of each split, int32 `[n]`, and the name of each class: its label, as
      text.

    Raises:
      ValueError: some splits have numbers and some have text.

    Example:
      >>> number_labels({"train": np.array([7, 3, 7]), "test": np.array([9])})[1]
      ('3', '7', '9')
    """
    kinds = {
        "text" if each.dtype.kind == "U" else "numbers" for each in labels.values()
    }
    if len(kinds) > 1:
        raise ValueError(
            "labels are text in some splits and numbers in others: use one in all"
        )
    classes = np.unique(np.concatenate(list(labels.values())))
    numbers = {
        split: np.searchsorted(classes, each).astype(np.int32)
        for split, each in labels.items()
    }
    return numbers, tuple(map(str, classes.tolist()))


def check_labels(labels: np.ndarray, count: int, what: str) -> np.ndarray:
    """Converts labels to int64 or text `[n]`.

    Args:
      labels: integers, whole floats, booleans, text or UTF-8 bytes, `[n]` or `[n, 1]`.
        Booleans become the text "False" and "True".
      count: n, the number of images.
      what: the labels' file and key, with which an error starts.

    Returns:
      The labels; numbers are at least 0 and below 2^31.

    Raises:
      ValueError: the labels have another shape, type or range.
    """
    flat = labels[:, 0] if labels.shape == (count, 1) else labels
    if flat.dtype.kind == "S":
        flat = as_text(flat, what)
    elif flat.dtype.kind == "b":
        flat = flat.astype(str)
    elif flat.dtype.kind == "f" and np.all(np.isfinite(flat) & (flat == np.rint(flat))):
        flat = np.clip(flat.astype(np.float64), -1, 2**31).astype(np.int64)
    if flat.shape != (count,) or flat.dtype.kind not in "iuU":
        one_hot = labels.ndim == 2 and labels.shape[1] > 1
        raise ValueError(
            f"{what} must be integers [{count}], one a sample, or text: got"
            f" {labels.dtype} {list(labels.shape)}"
            + (", of one-hot rows take argmax(axis=1)" if one_hot else "")
        )
    if flat.dtype.kind == "U":
        return flat
    if flat.min() < 0 or flat.max() >= 2**31:
        raise ValueError(
            f"{what} must be at least 0 and below 2^31, got {labels.min()} to"
            f" {labels.max()}: leave samples without a label out"
        )
    return flat.astype(np.int64)


def as_text(labels: np.ndarray, what: str) -> np.ndarray:
    """Decodes bytes `[n]` as UTF-8, or refuses them; `what` starts the error."""
    try:
        return np.char.decode(labels, "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{what} are bytes that are not UTF-8: {error}") from None
