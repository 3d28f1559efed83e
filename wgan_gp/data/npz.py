"""A user's own arrays, from an .npz file."""

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from wgan_gp.data.labels import check_labels, number_labels
from wgan_gp.data.sources import SPLITS, ImageSet, ImageSource, in_memory, part_of
from wgan_gp.system.failures import one_line

# Grey of red, green and blue (ITU-R 601-2), in 65536ths: what Pillow takes.
_LUMA = np.array([19595, 38470, 7471], np.uint32)
_BROKEN = (OSError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)


def open_npz(path: Path, *, channels: int | None, max_bytes: int) -> ImageSet:
    """The arrays in a file.

    Keys: `images`, `[N, H, W]` or `[N, H, W, C]` with C = 1 or 3, uint8 or floats in
    [0, 1]; `labels`, whole numbers or text, `[N]` or `[N, 1]`, may be missing. They are
    split by `part_of`, unless the keys are `train_images`, `train_labels`,
    `validation_images` and so on; those must have one size.

    Args:
      path: the file; it is never unpickled.
      channels: 1 for grey, 3 for colour; None for 1 if all are grey, and otherwise 3.
      max_bytes: the most that an array may take in memory; looked up in its header.

    Raises:
      ValueError: the file cannot be read, or its arrays are not as above.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    arrays, keys = _read_all(path, max_bytes)
    images = {
        key: _as_uint8(array, f"{path}: {key}")
        for key, array in arrays.items()
        if key.endswith("images")
    }
    labels = {
        key: check_labels(arrays[label], len(images[key]), f"{path}: {label}")
        for key in images
        if (label := f"{key.removesuffix('images')}labels") in arrays
    }
    _check_same_size(images, path)
    notes = []
    if channels is None:
        channels, notes = _choose_channels(images, path)
    numbers, classes = _number(labels, path)
    own_splits = "images" not in images
    if not own_splits:
        _check_count(len(images["images"]), path)

    def open_split(split: str) -> ImageSource:
        key = f"{split}_images" if own_splits else "images"
        if key not in images:
            raise ValueError(f"{path} has no array {key}: it has {sorted(keys)}")
        part = slice(None) if own_splits else part_of(len(images[key]), split)
        pictures = _in_channels(images[key][part], channels)
        if key not in numbers:
            return in_memory(f"npz:{path}", split, pictures, None, None)
        chosen = numbers[key][part]
        return in_memory(f"npz:{path}", split, pictures, chosen, len(classes), classes)

    return ImageSet(f"npz:{path}", open_split, notes=tuple(notes))


def _read_all(path: Path, max_bytes: int) -> tuple[dict[str, np.ndarray], set[str]]:
    """The arrays that count, by their keys, and all keys there are."""
    try:
        with zipfile.ZipFile(path) as archive:
            keys = {
                name.removesuffix(".npy")
                for name in archive.namelist()
                if name.endswith(".npy")
            }
            prefixes = [f"{x}_" for x in SPLITS if f"{x}_images" in keys] or [""]
            wanted = (f"{x}{noun}" for x in prefixes for noun in ("images", "labels"))
            arrays = {
                x: _read(archive, x, path, max_bytes) for x in wanted if x in keys
            }
    except _BROKEN as error:
        raise ValueError(f"{path} is not a readable .npz file: {error}") from error
    if prefixes == [""] and "images" not in keys:
        raise ValueError(f"{path} has no array images: it has {sorted(keys) or 'none'}")
    return arrays, keys


def _check_same_size(images: dict[str, np.ndarray], path: Path) -> None:
    first, *others = images
    for key in others:
        sizes = [images[each].shape[1:3] for each in (key, first)]
        if sizes[0] != sizes[1]:
            (height, width), (h, w) = sizes
            raise ValueError(
                f"{path}: {key} are {height} x {width}, and {first} {h} x {w}: all"
                " splits must have one size"
            )


def _choose_channels(
    images: dict[str, np.ndarray], path: Path
) -> tuple[int, list[str]]:
    """1 if all splits are grey, and otherwise 3; and a line if they differ."""
    by_channels: dict[int, list[str]] = {1: [], 3: []}
    for key, array in images.items():
        by_channels[array.shape[-1]].append(key)
    grey, colour = (", ".join(by_channels[each]) for each in (1, 3))
    if not (grey and colour):
        return (1 if grey else 3), []
    line = (
        f"{path}: {colour} are in colour and {grey} grey: all are read in colour;"
        " data.channels = 1 makes all grey"
    )
    return 3, [line]


def _number(
    labels: dict[str, np.ndarray], path: Path
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    try:
        return number_labels(labels) if labels else ({}, ())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _check_count(count: int, path: Path) -> None:
    try:
        part_of(count, "train")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _in_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Images `[N, H, W, C]` in grey or in colour."""
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    grey = np.empty((*images.shape[:-1], 1), np.uint8)
    for index, image in enumerate(images):  # one by one, to take little memory
        grey[index, ..., 0] = (image @ _LUMA + 2**15) >> 16
    return grey


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
        text = one_line(error)
        raise ValueError(f"{what} is not an array of NumPy's: {text}") from error
    return shape, dtype


def _as_uint8(images: np.ndarray, what: str) -> np.ndarray:
    """Images as uint8 `[N, H, W, C]`."""
    grey = images[..., None] if images.ndim == 3 else images
    if grey.ndim != 4 or grey.shape[-1] not in (1, 3) or 0 in grey.shape:
        raise ValueError(
            f"{what} must be [N, H, W] or [N, H, W, C] with C = 1 or 3, got"
            f" {list(images.shape)}"
        )
    if grey.dtype == np.uint8:
        return grey
    if not np.issubdtype(grey.dtype, np.floating):
        raise ValueError(
            f"{what} must be uint8, or floats in [0, 1], got {images.dtype}"
        )
    # Written so that NaN fails too.
    low, high = grey.min(), grey.max()
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"{what} that are floats must lie in [0, 1], got [{low:g},"
            f" {high:g}]: scale them, or save them as uint8"
        )
    return np.rint(grey * grey.dtype.type(255)).astype(np.uint8)
