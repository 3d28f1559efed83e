"""Samples of a generator, in batches of one size.

A generator with batch normalisation normalises by the batch at hand, so what it makes
of a latent depends on the size of the batch. Here every batch has the size that the
generator was trained with, and a key that depends on its number alone: sample i is the
same however many are drawn, and memory does not grow with their number.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import train

# A dispatch costs more than a small batch: batches up to this size share one.
_BYTES = 2**16

Postprocess = Callable[[jax.Array], jax.Array]


class SampleBatch(NamedTuple):
    """Samples, and their labels where the generator takes labels."""

    samples: np.ndarray  # [m, ...]
    labels: np.ndarray | None  # [m]


def identity(samples: jax.Array) -> jax.Array:
    """The samples."""
    return samples


def draw(
    algorithm: train.Algorithm,
    params: Any,
    key: jax.Array,
    n: int,
    *,
    label: int | None = None,
    postprocess: Postprocess = identity,
) -> Iterator[SampleBatch]:
    """Draws n samples, a few batches at a time.

    Args:
      algorithm: whose generator and latents are used.
      params: of the generator.
      key: batch b is drawn with `fold_in(key, b)`.
      n: how many samples; sample i does not depend on it.
      label: keeps the samples of this class and drops the others. They come from
        batches of all classes, as in training: a batch of one class would be
        normalised by other statistics.
      postprocess: what is done to samples `[m, ...]` on the device.

    Yields:
      Parts `[m, ...]` whose lengths add up to n.
    """
    missing = n
    for drawn in _batches(algorithm, params, key, postprocess):
        if label is not None:
            drawn = _of_class(drawn, label)
        drawn = _first(drawn, missing)
        missing -= len(drawn.samples)
        yield drawn
        if not missing:
            return


def concatenate(parts: Iterable[SampleBatch], n: int) -> np.ndarray:
    """The samples of parts whose lengths add up to n, `[n, ...]`."""
    samples, done = None, 0
    for part in parts:
        if samples is None:  # once, so that there is never a second copy of all
            samples = np.empty((n, *part.samples.shape[1:]), part.samples.dtype)
        samples[done : done + len(part.samples)] = part.samples
        done += len(part.samples)
    assert samples is not None
    return samples


def batches_per_call(algorithm: train.Algorithm, shape: tuple[int, ...]) -> int:
    """How many batches of samples of a shape are drawn by one call."""
    return max(
        1, _BYTES // (4 * math.prod(shape) * train.generator_batch_size(algorithm))
    )


def sample_struct(
    algorithm: train.Algorithm, params: Any, postprocess: Postprocess = identity
) -> jax.ShapeDtypeStruct:
    """The shape and type of one sample."""

    def batch(params: Any, key: jax.Array):
        return postprocess(train.generate(algorithm, params, key, 1))

    made = jax.eval_shape(batch, params, jax.random.key(0))
    return jax.ShapeDtypeStruct(made.shape[1:], made.dtype)


def _batches(
    algorithm: train.Algorithm, params: Any, key: jax.Array, postprocess: Postprocess
):
    count = batches_per_call(algorithm, sample_struct(algorithm, params).shape)
    draw_several = partial(
        _several,
        (algorithm.generator, algorithm.sample_latent, postprocess),
        train.generator_batch_size(algorithm),
        count,
    )
    for first in itertools.count(0, count):
        yield SampleBatch(*jax.device_get(draw_several(params, key, jnp.uint32(first))))


@partial(jax.jit, static_argnums=(0, 1, 2))
def _several(
    functions: tuple,
    size: int,
    count: int,
    params: Any,
    key: jax.Array,
    first: jax.Array,
):
    """Batches number `first` to `first + count - 1`, one behind the other."""
    generator, sample_latent, postprocess = functions

    def one(number: jax.Array):
        latents = sample_latent(jax.random.fold_in(key, number), size)
        labels = latents[1] if isinstance(latents, tuple) else None
        return postprocess(generator.apply(params, latents)), labels

    if count == 1:
        return one(first)
    drawn = jax.vmap(one)(first + jnp.arange(count, dtype=jnp.uint32))
    return jax.tree.map(lambda x: x.reshape(count * size, *x.shape[2:]), drawn)


def _first(drawn: SampleBatch, n: int) -> SampleBatch:
    labels = None if drawn.labels is None else drawn.labels[:n]
    return SampleBatch(drawn.samples[:n], labels)


def _of_class(drawn: SampleBatch, label: int) -> SampleBatch:
    assert drawn.labels is not None
    kept = drawn.labels == label
    return SampleBatch(drawn.samples[kept], drawn.labels[kept])
