"""Image sets as data sets to learn: the step from files to a sampler.

`load_images` opens a set, learns from its train split and holds out its validation
split. There are two ways for pictures to reach the training step:

- resident: the train split takes at most `resident_bytes`. It is copied to the device
  once, as bytes, and `Dataset.sample(key, n)` draws from it with replacement;
- streamed: it takes more. `Dataset.stream` reads shuffled batches on the host, and
  `Dataset.sample(key, batch)` only scales such a batch.

Both give float32 `[n, H, W, C]` in the range that `scale` names. The choice depends on
the set's size and the settings alone, so a resumed run makes the same one.

The validation split is always in memory, or its first `held_out_bytes`. The test split
is not read: `wgan_gp.score` does that on request.
"""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data import CANNOT_DRAW, DATASETS, Dataset, open_named
from wgan_gp.data.image_notes import all_left_out, class_shares, collect_notes
from wgan_gp.data.images import fits, open_all_splits, resident_images
from wgan_gp.data.ranges import SCALES, Scale
from wgan_gp.data.sources import (
    ImageSource,
    load_arrays,
    load_into_memory,
)
from wgan_gp.system.fields import Rule, among, at_least, setting
from wgan_gp.system.values import WIDEST, show, whole


def _check_name(path: str, name: str) -> None:
    """Refuses names that no file or data set can have; `path` is the field's name."""
    if len(name) > 500 or not name.isprintable():
        raise ValueError(
            f"{path} must be at most 500 characters that can be printed, got"
            f" {show(name)}"
        )


def _check_size(path: str, size: tuple) -> None:
    """Refuses a size that is not two sides of at least 1 pixel."""
    if len(size) != 2:
        raise ValueError(f"{path} must be (height, width), got {show(size)}")
    for side in size:
        whole(path, side, 1, WIDEST)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageData:
    """The section `data` of a configuration for images.

    The sentences are what `--help` prints of each field. `resident_bytes` counts uint8
    pixels, `count * H * W * C`, of the train split.
    """

    kind: str
    name: str = setting(
        "mnist5k",
        "Image set: mnist5k, digits8x8, a name of TFDS's, npz:FILE or folder:FOLDER.",
        Rule(_check_name),
    )
    scale: str = setting(
        "symmetric",
        "Range of pixels: [0, 1], [-1, 1], or [-1, 1] with uniform noise.",
        among(SCALES),
    )
    size: tuple[int, int] | None = setting(
        None,
        "(height, width) that pictures are cropped and scale_pixels to.",
        Rule(_check_size, words=">= 1"),
    )
    channels: int | None = setting(
        None,
        "1 reads pictures in grey, 3 in colour; open is what the set has.",
        among((1, 3)),
    )
    data_dir: str | None = setting(
        None, "Folder of TFDS's sets; open is TFDS's own default."
    )
    skip_corrupt: bool = setting(
        False, "Whether pictures that do not decode are left out."
    )
    resident_bytes: int = setting(
        2**31,
        "Larger image sets are streamed rather than kept on the device.",
        at_least(0),
    )

    @property
    def source_options(self) -> dict[str, Any]:
        """The fields that `images.open_images` takes, as its keyword arguments."""
        names = ("size", "channels", "data_dir", "skip_corrupt")
        return {name: getattr(self, name) for name in names}


def open_image_set(
    settings: ImageData,
    *,
    conditional: bool,
    check: Callable[[ImageSource], None],
) -> Dataset:
    """Opens the image set that the settings name.

    `kinds.KINDS` lists this function, and `build` calls it. A name in `DATASETS` comes
    before those of `images.open_images`. Such a set makes its own pixels, in the range
    of `data.scale`.

    Args:
      settings: the section `data`.
      conditional: the same as in `load_images`.
      check: the same as in `load_images`.

    Returns:
      The data set.

    Raises:
      ValueError: the same as `load_images`.
    """
    if settings.name in DATASETS:
        return _open_named(settings, conditional)
    return load_images(
        settings.name,
        scale=settings.scale,
        resident_bytes=settings.resident_bytes,
        conditional=conditional,
        check=check,
        **settings.source_options,
    )


def _open_named(settings: ImageData, conditional: bool) -> Dataset:
    """A set of `DATASETS`, which the fields for files have no effect on."""
    fields = {each.name: each for each in dataclasses.fields(settings)}
    for name in (*settings.source_options, "resident_bytes"):
        if getattr(settings, name) != fields[name].default:
            raise ValueError(
                f"data.{name} = {show(getattr(settings, name))} has no effect on a set"
                " of data.DATASETS, which makes its own pixels: leave it out"
            )
    dataset = open_named(settings.name, "images", conditional=conditional)
    if dataset.stream is not None and dataset.held_out is None:
        raise ValueError(
            f"{settings.name} is streamed and holds nothing out: give it held_out, a"
            " sampler of images to evaluate on"
        )
    return dataset


def load_images(
    name: str,
    *,
    scale: str = "symmetric",
    conditional: bool = False,
    resident_bytes: int = 2**31,
    held_out_bytes: int = 2**28,
    check: Callable[[ImageSource], None] = lambda train: None,
    **options: Any,
) -> Dataset:
    """Opens an image set: its train split to learn from, its validation split held out.

    Args:
      name: the same as in `images.open_images`.
      scale: a key of `ranges.SCALES`, the range of pixel values that networks see.
      conditional: whether training samples come with labels, `([n, H, W, C], [n])`.
      resident_bytes: the most that the train split may take on the device. A larger
        one is streamed, and `sample` then takes raw batches of `stream`.
      held_out_bytes: how much of the validation split to keep, from its start.
      check: gets the train split before its pixels are read. It raises ValueError if
        the networks cannot take such pictures.
      **options: other arguments of `images.open_images`.

    Returns:
      The data set. Its held-out sampler draws without repetition.

    Raises:
      ValueError: the same as `images.open_images`; or labels are asked for and some or
        all pictures have none.
    """
    images = open_all_splits(name, **options)
    train, held_out = images.open("train"), images.open("validation")
    check(train)
    if conditional and train.classes is None:
        raise ValueError(f"{name} has no labels: conditional must be False")
    scale_pixels, stream = SCALES[scale], None
    if fits(train, resident_bytes):
        train = load_into_memory(train)
        sample = resident_images(
            train, scale_pixels, labelled=conditional, max_bytes=resident_bytes
        )
    else:
        sample = jax.tree_util.Partial(
            _scale_batch, scale=scale_pixels, labelled=conditional
        )
        stream = partial(_open_stream, train)
    held_images = _first_images(held_out, held_out_bytes)
    shares = class_shares(train) if conditional else None
    left_out = all_left_out(images, train, held_out)
    return Dataset(
        name,
        train.shape,
        sample,
        held_out=_held_out_sampler(name, held_images, scale_pixels),
        held_out_count=len(held_images),
        count=train.count,
        classes=train.classes if conditional else None,
        class_names=train.class_names if conditional else None,
        class_shares=shares,
        left_out=tuple(map(str, left_out)),
        notes=collect_notes(images, left_out, train, shares),
        stream=stream,
    )


def _scale_batch(key: jax.Array, raw: Any, *, scale: Scale, labelled: bool) -> Any:
    """Scales a streamed batch; this is the sampler of a streamed set.

    Raises:
      ValueError: it is asked to draw samples itself.
    """
    if isinstance(raw, int):
        raise ValueError(CANNOT_DRAW)
    images = scale(key, raw.image)
    return (images, raw.label) if labelled else images


def _open_stream(source: ImageSource, batch_size: int, seed: int) -> Any:
    """Opens this host's part of the batches. Grain is imported only when needed."""
    from wgan_gp.data.streaming import stream

    host, hosts = jax.process_index(), jax.process_count()
    return stream(source, batch_size, seed, shard_index=host, shard_count=hosts)


def _first_images(source: ImageSource, max_bytes: int) -> np.ndarray:
    """Reads as many pictures from a split's start as `max_bytes` hold."""
    count = max(1, min(source.count, max_bytes // math.prod(source.shape)))
    return load_arrays(source, count).image


def _held_out_sampler(name: str, images: np.ndarray, scale: Scale):
    """Returns a sampler that draws held-out pictures without repetition.

    The pictures stay in host memory, because evaluation draws them once in a run and
    training has the device's memory.
    """

    def sample(key: jax.Array, n: int) -> jax.Array:
        if n > len(images):
            raise ValueError(
                f"{name} holds out {len(images)} images, got"
                f" eval_samples * eval_repeats = {n}: lower them"
            )
        order_key, noise_key = jax.random.split(key)
        index = jax.random.permutation(order_key, len(images))[:n]
        return scale(noise_key, jnp.asarray(images)[index])

    return sample
