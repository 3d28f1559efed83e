"""Image sets as data sets to learn: on the device where they fit, streamed if not."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.images import fits, open_images, resident_images
from wgan_gp.data.ranges import SCALES, Scale
from wgan_gp.data.sources import Example, ImageSource, load_arrays


def load_images(
    name: str,
    *,
    scale: str = "symmetric",
    conditional: bool = False,
    resident_bytes: int = 2**31,
    held_out_bytes: int = 2**28,
    **options: Any,
) -> Dataset:
    """An image set, its train split to learn from and its validation split held out.

    Args:
      name: as in `images.open_images`.
      scale: a key of `ranges.SCALES`.
      conditional: whether training samples come with labels, `([n, H, W, C], [n])`.
      resident_bytes: the most that the train split may take on the device; a larger
        one is streamed, and `sample` then takes raw batches of `stream`.
      held_out_bytes: the most of the validation split that is kept, from its start.
      **options: more of `images.open_images`.

    Returns:
      The data set; its held-out samples are without repetition.

    Raises:
      ValueError: as `images.open_images`, or there are no labels.
    """
    train = open_images(name, "train", **options)
    held_out = open_images(name, "validation", **options)
    if conditional and train.classes is None:
        raise ValueError(f"{name} has no labels: conditional must be False")
    scaled = SCALES[scale]
    if fits(train, resident_bytes):
        sample = resident_images(
            train, scaled, labelled=conditional, max_bytes=resident_bytes
        )
        stream = None
    else:
        sample = jax.tree_util.Partial(_prepare, scale=scaled, labelled=conditional)
        stream = partial(_open_stream, train)
    held_images = _first_images(held_out, held_out_bytes)
    return Dataset(
        name,
        train.shape,
        sample,
        held_out=_held_out(name, held_images, scaled),
        held_out_count=len(held_images),
        count=train.count,
        classes=train.classes if conditional else None,
        stream=stream,
    )


def labelled_arrays(name: str, split: str, **options: Any) -> Example:
    """A whole split of a labelled image set, in memory.

    Raises:
      ValueError: as `images.open_images`, or there are no labels.
    """
    source = open_images(name, split, **options)
    if source.classes is None:
        raise ValueError(f"{name} has no labels")
    return load_arrays(source)


def _prepare(key: jax.Array, raw: Any, *, scale: Scale, labelled: bool) -> Any:
    """A streamed batch as the networks see it."""
    images = scale(key, raw.image)
    return (images, raw.label) if labelled else images


def _open_stream(source: ImageSource, batch_size: int, seed: int) -> Any:
    """This host's part of the batches."""
    from wgan_gp.data.streaming import stream  # Grain, where it is needed

    host, hosts = jax.process_index(), jax.process_count()
    return stream(source, batch_size, seed, shard_index=host, shard_count=hosts)


def _first_images(source: ImageSource, max_bytes: int) -> np.ndarray:
    """As much of a split, from its start, as takes `max_bytes`; `[n, H, W, C]`."""
    count = max(1, min(source.count, max_bytes // math.prod(source.shape)))
    return load_arrays(source, count).image


def _held_out(name: str, images: np.ndarray, scale: Scale):
    """A sampler without repetition."""

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
