"""Labels as they come, to classes numbered from 0."""

from collections.abc import Mapping

import numpy as np


def number_labels(
    labels: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Numbers the labels that occur, in their order, the same way in every split.

    Args:
      labels: of each split, `[n]`, from `check_labels`; all numbers, or all text.

    Returns:
      The numbers of each split, int32 `[n]` without gaps, and the classes' names: what
      their labels were.

    Raises:
      ValueError: some are numbers and some are text.
    """
    kinds = {
        "text" if each.dtype.kind == "U" else "numbers" for each in labels.values()
    }
    if len(kinds) > 1:
        raise ValueError("labels are text in some splits and numbers in others")
    classes = np.unique(np.concatenate(list(labels.values())))
    numbers = {
        split: np.searchsorted(classes, each).astype(np.int32)
        for split, each in labels.items()
    }
    return numbers, tuple(map(str, classes.tolist()))


def check_labels(labels: np.ndarray, count: int, what: str) -> np.ndarray:
    """Labels as int64 or text `[n]`.

    Args:
      labels: integers, whole floats, booleans or text, `[n]` or `[n, 1]`.
      count: n, the number of images.
      what: whose they are, to begin a refusal with.

    Raises:
      ValueError: they are of another shape, kind or range.
    """
    flat = labels[:, 0] if labels.shape == (count, 1) else labels
    if flat.dtype.kind == "S":
        flat = _as_text(flat, what)
    elif flat.dtype.kind == "b":
        flat = flat.astype(str)
    elif flat.dtype.kind == "f" and np.all(np.isfinite(flat) & (flat == np.rint(flat))):
        flat = np.clip(flat.astype(np.float64), -1, 2**31).astype(np.int64)
    if flat.shape != (count,) or flat.dtype.kind not in "iuU":
        one_hot = labels.ndim == 2 and labels.shape[1] > 1
        raise ValueError(
            f"{what} must be integers [{count}], one an image, or text: got"
            f" {labels.dtype} {list(labels.shape)}"
            + (", of one-hot rows take argmax(axis=1)" if one_hot else "")
        )
    if flat.dtype.kind == "U":
        return flat
    if flat.min() < 0 or flat.max() >= 2**31:
        raise ValueError(
            f"{what} must be at least 0 and below 2^31, got {labels.min()} to"
            f" {labels.max()}: leave images without a label out"
        )
    return flat.astype(np.int64)


def _as_text(labels: np.ndarray, what: str) -> np.ndarray:
    try:
        return np.char.decode(labels, "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{what} are bytes that are not UTF-8: {error}") from None
