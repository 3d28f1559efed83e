"""Samplers of the splits of an image set: resident or streamed, and held out."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data import CANNOT_DRAW, Dataset
from wgan_gp.data.images import fits, resident_images
from wgan_gp.data.ranges import Scale
from wgan_gp.data.sources import Example, ImageSource, load_arrays, load_into_memory


def load_splits(
    train: ImageSource,
    held_out: ImageSource,
    *,
    scale: Scale,
    labelled: bool,
    labels_held_out: bool,
    resident_bytes: int,
    held_out_bytes: int,
) -> tuple[Dataset, ImageSource]:
    """The set of two splits, and the train split as it was read.

    Args:
      train: to learn from.
      held_out: to evaluate on.
      scale: of the pixels.
      labelled: whether training samples come with labels.
      labels_held_out: whether held-out samples do.
      resident_bytes: the most that the train split may take on the device; a larger one
        is streamed.
      held_out_bytes: how much of the held-out split to read, at random; one that is in
        memory is kept whole.

    Raises:
      ValueError: a picture is corrupt and not to be skipped.
    """
    if fits(train, resident_bytes):
        stream, train = None, load_into_memory(train)
        sample = resident_images(
            train, scale, labelled=labelled, max_bytes=resident_bytes
        )
    else:
        sample = jax.tree_util.Partial(_scale_batch, scale=scale, labelled=labelled)
        stream = partial(_open_stream, train)
    held = _some_examples(held_out, held_out_bytes)
    if not labels_held_out:
        held = held._replace(label=None)
    dataset = Dataset(
        train.name,
        train.shape,
        sample,
        held_out=_held_out_sampler(train.name, held, scale),
        held_out_count=len(held.image),
        count=train.count,
        stream=stream,
    )
    return dataset, train


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


def _some_examples(source: ImageSource, max_bytes: int) -> Example:
    """Reads as many pictures of a split as `max_bytes` hold."""
    if source.arrays is not None:
        return source.arrays
    return load_arrays(source, max(1, max_bytes // math.prod(source.shape)))


def _held_out_sampler(name: str, held: Example, scale: Scale):
    """Returns a sampler that draws held-out pictures without repetition.

    The pictures stay in host memory, because evaluation draws them once in a run and
    training has the device's memory. With labels it returns `([n, H, W, C], [n])`.
    """
    images, labels = held

    def sample(key: jax.Array, n: int) -> Any:
        if n > len(images):
            raise ValueError(
                f"{name} holds out {len(images)} images, got"
                f" eval_samples * eval_repeats = {n}: lower them"
            )
        order_key, noise_key = jax.random.split(key)
        index = jax.random.permutation(order_key, len(images))[:n]
        scaled = scale(noise_key, _rows(images, index))
        return scaled if labels is None else (scaled, _rows(labels, index))

    return sample


def _rows(array: np.ndarray, index: jax.Array) -> jax.Array:
    """Rows of an array in host memory; under a trace, which asks for a shape, zeros."""
    if isinstance(index, jax.core.Tracer):
        return jnp.zeros((*index.shape, *array.shape[1:]), array.dtype)
    return jnp.asarray(array[np.asarray(index)])
