"""Samples of a generator, in batches of one size.

A generator with batch normalisation normalises by the batch at hand, so what it makes
of a latent depends on the size of the batch. Here every batch has the size that the
generator was trained with, and a key that depends on its number alone: sample i is the
same however many are drawn, and memory does not grow with their number.
"""

import itertools
import math
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import train

# A dispatch costs more than a small batch: batches up to this size share one.
_BYTES = 2**16


class Drawn(NamedTuple):
    """Samples, and their labels where the generator takes labels."""

    samples: np.ndarray  # [m, ...]
    labels: np.ndarray | None  # [m]


def draw(
    algorithm: train.Algorithm,
    params: Any,
    key: jax.Array,
    n: int,
    *,
    label: int | None = None,
) -> Iterator[Drawn]:
    """Draws n samples, a few batches at a time.

    Args:
      algorithm: whose generator and latents are used.
      params: of the generator.
      key: batch b is drawn with `fold_in(key, b)`.
      n: how many samples; sample i does not depend on it.
      label: keeps the samples of this class and drops the others. They come from
        batches of all classes, as in training: a batch of one class would be
        normalised by other statistics.

    Yields:
      Parts `[m, ...]` whose lengths add up to n.
    """
    missing = n
    for drawn in _batches(algorithm, params, key):
        if label is not None:
            drawn = _of_class(drawn, label)
        drawn = Drawn(*(x if x is None else x[:missing] for x in drawn))
        missing -= len(drawn.samples)
        yield drawn
        if not missing:
            return


def draw_all(
    algorithm: train.Algorithm,
    params: Any,
    key: jax.Array,
    n: int,
    *,
    label: int | None = None,
) -> Drawn:
    """The samples of `draw` in one array `[n, ...]`, and their labels `[n]`."""
    parts = list(draw(algorithm, params, key, n, label=label))
    samples, labels = zip(*parts)
    return Drawn(
        np.concatenate(samples), None if labels[0] is None else np.concatenate(labels)
    )


def batch_size(algorithm: train.Algorithm) -> int:
    """Samples in a batch: those of a generator step."""
    return algorithm.generator_batch_size or algorithm.critic.batch_size


def together(algorithm: train.Algorithm, shape: tuple[int, ...]) -> int:
    """How many batches of samples of a shape are drawn by one call."""
    return max(1, _BYTES // (4 * math.prod(shape) * batch_size(algorithm)))


def sample_shape(algorithm: train.Algorithm, params: Any) -> tuple[int, ...]:
    """The shape of one sample."""
    one = partial(train.generate, algorithm, n=1)
    return jax.eval_shape(lambda p, key: one(p, key), params, jax.random.key(0)).shape[1:]


def _batches(algorithm: train.Algorithm, params: Any, key: jax.Array):
    count = together(algorithm, sample_shape(algorithm, params))
    parts = algorithm.generator, algorithm.sample_latent, batch_size(algorithm)
    for first in itertools.count(0, count):
        drawn = jax.device_get(_several(*parts, count, params, key, jnp.uint32(first)))
        yield Drawn(*drawn)


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _several(generator, sample_latent, size: int, count: int, params, key, first):
    """Batches number `first` to `first + count - 1`, one behind the other."""

    def one(number):
        latents = sample_latent(jax.random.fold_in(key, number), size)
        labels = latents[1] if isinstance(latents, tuple) else None
        return generator.apply(params, latents), labels

    numbers = first + jnp.arange(count, dtype=jnp.uint32)
    drawn = jax.vmap(one)(numbers) if count > 1 else one(first)
    join = lambda x: x.reshape(count * size, *x.shape[2:])  # noqa: E731
    return jax.tree.map(join, drawn) if count > 1 else drawn


def _of_class(drawn: Drawn, label: int) -> Drawn:
    kept = drawn.labels == label
    return Drawn(drawn.samples[kept], drawn.labels[kept])
