"""Arrays of images that networks look at: what they must be, and a batch at a time."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np


def check_images(
    images: np.ndarray, *, least_side: int, low: float, high: float
) -> np.ndarray:
    """Images as uint8 or float32, if their shape and range are right.

    Args:
      images: `[n, H, W, 1]` or `[n, H, W, 3]`, uint8 or floats.
      least_side: the least height and width.
      low: the least pixel of floats.
      high: the greatest.

    Raises:
      ValueError: the images are none, of another shape or type, too small, or floats
        outside of [low, high].
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or not images.size:
        raise ValueError(
            f"images must be [n, H, W, 1] or [n, H, W, 3], got {images.shape}"
        )
    if min(images.shape[1:3]) < least_side:
        raise ValueError(
            f"images must be at least {least_side} x {least_side}, got"
            f" {images.shape[1:3]}"
        )
    if images.dtype == np.uint8:
        return images
    if not jax.dtypes.issubdtype(images.dtype, np.floating):
        raise ValueError(f"images must be uint8 or floats, got {images.dtype}")
    images = images.astype(np.float32)
    rounding = 1e-3
    inside = images.min() >= low - rounding and images.max() <= high + rounding
    if not inside:  # NaN too
        raise ValueError(
            f"floating-point images must lie in [{low}, {high}], got values from"
            f" {images.min():.3g} to {images.max():.3g}"
        )
    return images


def in_batches(
    run: Callable[[np.ndarray], Any], images: np.ndarray, size: int
) -> tuple[np.ndarray, ...]:
    """What a function gives of images, called with one number of them each time.

    The last batch is filled up, so that a compiled function is compiled once.

    Args:
      run: `[size, ...] -> (array, array, ...)`, each `[size, ...]`.
      images: `[n, ...]`, at least one.
      size: the most images of a batch.

    Returns:
      The arrays of all images, `[n, ...]` each.
    """
    size, outputs = min(size, len(images)), []
    around = [(0, 0)] * (images.ndim - 1)
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        missing = [(0, size - len(batch)), *around]
        outputs.append(jax.device_get(run(np.pad(batch, missing))))
    return tuple(np.concatenate(each)[: len(images)] for each in zip(*outputs))
