"""A user's own arrays, from an .npz file."""

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from wgan_gp.data.sources import SPLITS, ImageSource, in_memory, part_of

_BROKEN = (OSError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)


def open_npz(path: Path, split: str, *, max_bytes: int) -> ImageSource:
    """One split of the arrays in a file.

    Keys: `images`, `[N, H, W]` or `[N, H, W, C]` with C = 1 or 3, uint8 or floats in
    [0, 1]; `labels`, integers `[N]`, may be missing. They are split by `part_of`,
    unless the keys are `train_images`, `train_labels`, `validation_images` and so on.

    Args:
      path: the file; it is never unpickled.
      split: one of `SPLITS`.
      max_bytes: the most that an array may take in memory; looked up in its header.

    Raises:
      ValueError: the file cannot be read, or its arrays are not as above.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            keys = {
                name.removesuffix(".npy")
                for name in archive.namelist()
                if name.endswith(".npy")
            }
            own_splits = any(f"{name}_images" in keys for name in SPLITS)
            prefix = f"{split}_" if own_splits else ""
            images, labels = (
                _read(archive, key, path, max_bytes) if key in keys else None
                for key in (f"{prefix}images", f"{prefix}labels")
            )
    except _BROKEN as error:
        raise ValueError(f"{path} is not a readable .npz file: {error}") from error
    if images is None:
        raise ValueError(
            f"{path} has no array {prefix}images: it has {sorted(keys) or 'none'}"
        )

    images = _as_uint8(images, path)
    labels = None if labels is None else _as_labels(labels, len(images), path)
    classes = None if labels is None else int(labels.max()) + 1
    if not own_splits:
        try:
            part = part_of(len(images), split)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        images, labels = images[part], None if labels is None else labels[part]
    return in_memory(f"npz:{path}", split, images, labels, classes)


def _read(archive: zipfile.ZipFile, key: str, path: Path, max_bytes: int) -> np.ndarray:
    """One array, once its header says that it is safe to read."""
    name = f"{key}.npy"
    with archive.open(name) as file:
        shape, dtype = _header(file, f"{path}: {key}")
    if dtype.hasobject:
        raise ValueError(f"{path}: {key} holds Python objects, expected numbers")
    size = max(math.prod(shape) * dtype.itemsize, archive.getinfo(name).file_size)
    if size > max_bytes:
        raise ValueError(
            f"{path}: {key} takes {size} bytes, more than the {max_bytes} allowed: make"
            " it smaller, or raise max_bytes"
        )
    with archive.open(name) as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            raise ValueError(f"{path}: {key} is corrupt: {error}") from error


def _header(file, what: str) -> tuple[tuple[int, ...], np.dtype]:
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(file)
        if version not in readers:
            raise ValueError(f"version {version} of the format")
        shape, _, dtype = readers[version](file)
    except ValueError as error:
        text = " ".join(str(error).split())
        raise ValueError(f"{what} is not an array of NumPy's: {text}") from error
    return shape, dtype


def _as_uint8(images: np.ndarray, path: Path) -> np.ndarray:
    """Images as uint8 `[N, H, W, C]`."""
    grey = images[..., None] if images.ndim == 3 else images
    if grey.ndim != 4 or grey.shape[-1] not in (1, 3) or 0 in grey.shape:
        raise ValueError(
            f"{path}: images must be [N, H, W] or [N, H, W, C] with C = 1 or 3, got"
            f" {list(images.shape)}"
        )
    if grey.dtype == np.uint8:
        return grey
    if not np.issubdtype(grey.dtype, np.floating):
        raise ValueError(
            f"{path}: images must be uint8, or floats in [0, 1], got {images.dtype}"
        )
    # Written so that NaN fails too.
    low, high = grey.min(), grey.max()
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"{path}: images that are floats must lie in [0, 1], got [{low:g},"
            f" {high:g}]: scale them, or save them as uint8"
        )
    return np.rint(grey * grey.dtype.type(255)).astype(np.uint8)


def _as_labels(labels: np.ndarray, count: int, path: Path) -> np.ndarray:
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{path}: labels must be integers [{count}], one an image, got"
            f" {labels.dtype} {list(labels.shape)}"
        )
    if labels.min() < 0 or labels.max() >= 2**31:
        raise ValueError(
            f"{path}: labels must be at least 0 and below 2^31, got {labels.min()} to"
            f" {labels.max()}"
        )
    return labels
