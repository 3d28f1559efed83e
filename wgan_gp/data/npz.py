"""Reads a user's own arrays from an .npz file, the format of `numpy.savez`.

An .npz file is a zip archive of arrays, each under a key. Two layouts are read:

    images, labels or given                       split by `sources.split_indices`
    train_images, train_labels, test_images, ...  split by the user

`images` are `[N, H, W]` or `[N, H, W, C]` with C = 1 or 3, uint8 or floats in [0, 1];
floats are rounded to the nearest of 256 levels. `labels` are numbers or text, `[N]` or
`[N, 1]`, and may be missing. `given` are numbers `[N, k]` or `[N]` that a generator is
to be told of each picture, with `given_names` `[k]` if there are any; they are read
where they are asked for. Other keys are ignored.

Files may be corrupt or made to harm, so each array's header is read first. It has to
declare plain numbers and a size below a limit; nothing is ever unpickled. Arrays are
read into memory whole: sets that do not fit there belong into a folder.
"""

import zipfile
from pathlib import Path

import numpy as np

from wgan_gp.data.given_arrays import array_names, given_numbers
from wgan_gp.data.labels import check_labels, number_labels
from wgan_gp.data.numpy_files import READ_ERRORS, read_array
from wgan_gp.data.sources import (
    SPLITS,
    ImageSet,
    ImageSource,
    source_from_arrays,
    split_indices,
)
from wgan_gp.system.failures import one_line

# Weights of red, green and blue in grey (ITU-R 601-2), in 65536ths: Pillow's own, so
# that a picture has the same grey from an array and from a file.
_LUMA_WEIGHTS = np.array([19595, 38470, 7471], np.uint32)


def open_npz(
    path: Path, *, channels: int | None, max_bytes: int, given: bool = False
) -> ImageSet:
    """Opens the arrays of a file, with the keys that this module's docstring lists.

    All splits must have one height and width; channels may differ, and are converted.

    Args:
      path: the file.
      channels: 1 for grey, 3 for colour; None takes 1 if all are grey, otherwise 3.
      max_bytes: the most that one array may take in memory, by its header.
      given: whether `given` is read, if it is there.

    Returns:
      The set, in memory. Its `open(split)` raises ValueError for a split that the file
      lacks.

    Raises:
      ValueError: the file cannot be read, or its arrays are not as described.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}: check data.name")
    nouns = ("images", "labels", *(("given",) if given else ()))
    arrays, keys = _read_arrays(path, max_bytes, nouns)
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
    numbers, classes = _number_labels(labels, path)
    conditions = _conditions(arrays, images, path)
    has_split_keys = "images" not in images
    if not has_split_keys:
        _check_count(len(images["images"]), path)

    def open_split(split: str) -> ImageSource:
        key = f"{split}_images" if has_split_keys else "images"
        if key not in images:
            raise ValueError(f"{path} has no array {key}: it has {sorted(keys)}")
        part = slice(None) if has_split_keys else split_indices(len(images[key]), split)
        pictures = _convert_channels(images[key][part], channels)
        chosen, known = None, None
        if key in numbers:
            chosen, known = numbers[key][part], classes
        count = None if known is None else len(known)
        source = source_from_arrays(
            f"npz:{path}", split, pictures, chosen, count, known
        )
        told = conditions.get(key, {})
        return source._replace(given={each: told[each][part] for each in told})

    splits = tuple(x for x in SPLITS if f"{x}_images" in images)
    return ImageSet(
        f"npz:{path}", open_split, notes=tuple(notes), splits=splits or SPLITS
    )


def _read_arrays(
    path: Path, max_bytes: int, nouns: tuple[str, ...]
) -> tuple[dict[str, np.ndarray], set[str]]:
    """Reads the arrays of images and labels, and perhaps what is given.

    If the file has `train_images` or the like, `images` and `labels` are ignored.

    Returns:
      The arrays by key, and all keys of the file, for errors to list.

    Raises:
      ValueError: the file is no readable archive, or has no images.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            keys = {
                name.removesuffix(".npy")
                for name in archive.namelist()
                if name.endswith(".npy")
            }
            prefixes = [f"{x}_" for x in SPLITS if f"{x}_images" in keys] or [""]
            wanted = [f"{x}{noun}" for x in prefixes for noun in nouns]
            wanted += ["given_names"] * ("given" in nouns)
            arrays = {
                x: read_array(archive, x, path, max_bytes) for x in wanted if x in keys
            }
    except READ_ERRORS as error:
        text = one_line(error, 200)
        raise ValueError(f"{path} is not a readable .npz file: {text}") from error
    if prefixes == [""] and "images" not in keys:
        raise ValueError(f"{path} has no array images: it has {sorted(keys) or 'none'}")
    return arrays, keys


def _check_same_size(images: dict[str, np.ndarray], path: Path) -> None:
    """Refuses splits whose pictures differ in height or width."""
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
    """Returns 1 if all splits are grey, otherwise 3, and a note if they differ."""
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


def _number_labels(
    labels: dict[str, np.ndarray], path: Path
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Numbers the labels of all splits; errors start with the path."""
    try:
        return number_labels(labels) if labels else ({}, ())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _conditions(
    arrays: dict[str, np.ndarray], images: dict[str, np.ndarray], path: Path
) -> dict[str, dict[str, np.ndarray]]:
    """The numbers that are given for the images of each key, by their names."""
    found, names = {}, None
    for key, pictures in images.items():
        given = f"{key.removesuffix('images')}given"
        if given not in arrays:
            continue
        numbers = given_numbers(arrays[given], path)
        names = names or array_names(
            arrays, "given_names", "given", numbers.shape[1], path
        )
        if numbers.shape != (len(pictures), len(names)):
            raise ValueError(
                f"{path}: {given} must be [{len(pictures)}, {len(names)}], a row an"
                f" image, got {list(arrays[given].shape)}"
            )
        found[key] = dict(zip(names, numbers.T))
    return found


def _check_count(count: int, path: Path) -> None:
    """Refuses fewer images than splitting needs; errors start with the path."""
    try:
        split_indices(count, "train")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _convert_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Converts images `[N, H, W, C]` to grey or colour, with Pillow's rounding."""
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    grey = np.empty((*images.shape[:-1], 1), np.uint8)
    for index, image in enumerate(images):  # one by one, as uint32 takes 4 x the memory
        grey[index, ..., 0] = (image @ _LUMA_WEIGHTS + 2**15) >> 16
    return grey


def _as_uint8(images: np.ndarray, what: str) -> np.ndarray:
    """Converts images to uint8 `[N, H, W, C]`; `what` starts the errors.

    Raises:
      ValueError: shape, type or range are not as this module's docstring says.
    """
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
    # `not (...)` rather than `low < 0 or high > 1`, so that NaN fails, too.
    low, high = grey.min(), grey.max()
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"{what} that are floats must lie in [0, 1], got [{low:g},"
            f" {high:g}]: scale them, or save them as uint8"
        )
    return np.rint(grey * grey.dtype.type(255)).astype(np.uint8)
