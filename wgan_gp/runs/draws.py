"""Samples of a generator, drawn in batches of the training batch size.

A generator with batch normalisation uses the statistics of the current batch, so its
samples depend on the batch size. Every batch here has the size of training, and its key
depends on its number alone. Sample i is therefore the same however many are drawn, and
memory does not grow with their number.
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

# Dispatching a call costs more than computing a small batch, so small batches share a
# call, up to this many bytes of samples.
_BYTES = 2**16

Postprocess = Callable[[jax.Array], jax.Array]


class SampleBatch(NamedTuple):
    """Samples, and what the generator was told of each."""

    samples: np.ndarray  # [m, ...]
    labels: np.ndarray | None  # classes [m]; from `draw`, conditions [m, k] too
    # From `sampling.draw`, of series and images: numbers [m, k] in the data's units.
    given: np.ndarray | None = None


def identity(samples: jax.Array) -> jax.Array:
    """Returns the samples unchanged: the default of `postprocess`."""
    return samples


def draw(
    algorithm: train.Algorithm,
    params: Any,
    key: jax.Array,
    n: int,
    *,
    label: int | None = None,
    given: np.ndarray | None = None,
    postprocess: Postprocess = identity,
) -> Iterator[SampleBatch]:
    """Draws n samples, a few batches at a time.

    Args:
      algorithm: with the generator and the distribution of its latents.
      params: the generator's parameters.
      key: batch b is drawn with `fold_in(key, b)`.
      n: the number of samples; sample i does not depend on it.
      label: the number of a class: samples of other classes are dropped. Batches hold
        all classes as in training, because a batch of one class would have other
        statistics for batch normalisation.
      given: conditions `[m, k]` that the generator is told in their order, again and
        again, in place of those that would be drawn.
      postprocess: `samples -> samples`, `[m, ...]`. Called on the device, compiled with
        the generator.

    Yields:
      Batches `[m, ...]` whose lengths add up to n.
    """
    missing = n
    for drawn in _batches(algorithm, params, key, postprocess, given):
        if label is not None:
            drawn = _of_class(drawn, label)
        drawn = _first(drawn, missing)
        missing -= len(drawn.samples)
        yield drawn
        if not missing:
            return


def concatenate(parts: Iterable[SampleBatch], n: int) -> np.ndarray:
    """Concatenates batches whose lengths add up to n, to `[n, ...]`."""
    samples, done = None, 0
    for part in parts:
        if samples is None:  # allocated once, so that memory holds no second copy
            samples = np.empty((n, *part.samples.shape[1:]), part.samples.dtype)
        samples[done : done + len(part.samples)] = part.samples
        done += len(part.samples)
    assert samples is not None
    return samples


def batches_per_call(algorithm: train.Algorithm, shape: tuple[int, ...]) -> int:
    """How many batches one call draws.

    Args:
      algorithm: with the generator and its batch size.
      shape: of one sample.
    """
    return max(
        1, _BYTES // (4 * math.prod(shape) * train.generator_batch_size(algorithm))
    )


def sample_struct(
    algorithm: train.Algorithm, params: Any, postprocess: Postprocess = identity
) -> jax.ShapeDtypeStruct:
    """The shape and type of one sample.

    Args:
      algorithm: with the generator.
      params: the generator's parameters.
      postprocess: as in `draw`.
    """

    def batch(params: Any, key: jax.Array):
        return postprocess(train.generate(algorithm, params, key, 1))

    made = jax.eval_shape(batch, params, jax.random.key(0))
    return jax.ShapeDtypeStruct(made.shape[1:], made.dtype)


def class_numbers(told: np.ndarray) -> np.ndarray:
    """The classes `[m]` that a generator was told, as numbers or one-hot `[m, k]`."""
    return told if told.ndim == 1 else told.argmax(axis=1)


def _batches(
    algorithm: train.Algorithm,
    params: Any,
    key: jax.Array,
    postprocess: Postprocess,
    given: np.ndarray | None,
):
    count = batches_per_call(algorithm, sample_struct(algorithm, params).shape)
    size = train.generator_batch_size(algorithm)
    functions = algorithm.generator, algorithm.sample_latent, postprocess
    draw_several = partial(_several, functions, size, count)
    for first in itertools.count(0, count):
        told = None
        if given is not None:
            which = (first * size + np.arange(count * size)) % len(given)
            told = given[which].reshape(count, size, -1)
        drawn = draw_several(params, key, jnp.uint32(first), told)
        yield SampleBatch(*jax.device_get(drawn))


@partial(jax.jit, static_argnums=(0, 1, 2))
def _several(
    functions: tuple,
    size: int,
    count: int,
    params: Any,
    key: jax.Array,
    first: jax.Array,
    given: jax.Array | None,
):
    """The batches numbered `first` to `first + count - 1`, concatenated."""
    generator, sample_latent, postprocess = functions

    def one(number: jax.Array, told: jax.Array | None):
        latents = sample_latent(jax.random.fold_in(key, number), size)
        if told is not None:
            latents = latents[0], told
        labels = latents[1] if isinstance(latents, tuple) else None
        return postprocess(generator.apply(params, latents)), labels

    if count == 1:
        return one(first, None if given is None else given[0])
    drawn = jax.vmap(one)(first + jnp.arange(count, dtype=jnp.uint32), given)
    return jax.tree.map(lambda x: x.reshape(count * size, *x.shape[2:]), drawn)


def _first(drawn: SampleBatch, n: int) -> SampleBatch:
    labels = None if drawn.labels is None else drawn.labels[:n]
    return drawn._replace(samples=drawn.samples[:n], labels=labels)


def _of_class(drawn: SampleBatch, label: int) -> SampleBatch:
    assert drawn.labels is not None
    kept = class_numbers(drawn.labels) == label
    return SampleBatch(drawn.samples[kept], drawn.labels[kept])
