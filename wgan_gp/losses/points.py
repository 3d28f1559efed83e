"""Points: where a slope is measured.

[WGAN-GP] (section 4) measures on straight lines between pairs of a real and a generated
sample: an optimal critic has slope 1 on the lines of an optimal coupling
(Proposition 1), and enforcing the constraint everywhere is intractable. The pairs of a
batch are random, so most of their lines are not those of the coupling.

Every function takes one key per sample, or splits one key into as many. With a key per
sample the draws do not depend on how a batch is split over devices.

Points have the floating type of the samples, the wider one where the two sides differ;
integers and booleans count as float32. They are computed in float32 at least.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from wgan_gp.losses.checks import Points, as_pair, check_same_shape
from wgan_gp.losses.floats import as_floats, at_least_float32
from wgan_gp.losses.ranges import check_share

# Two points closer than this count as this far apart: a difference of float32
# critic values over a shorter distance is rounding noise.
MIN_DISTANCE = 1e-6


def interpolate(real: jax.Array, fake: jax.Array, epsilon: jax.Array) -> jax.Array:
    """A point on the straight line between a real and a generated sample.

    x_hat = epsilon x + (1 - epsilon) x_tilde ([WGAN-GP], Algorithm 1, line 6).

    Args:
      real: x, one sample `[...]` or a batch `[B, ...]`.
      fake: x_tilde, of the shape of `real`.
      epsilon: position on the line, one number per sample: `[]` for one sample,
        `[B]` for a batch.

    Returns:
      x_hat, of the shape of `real`.

    Raises:
      ValueError: the shapes do not fit, or the samples are not real numbers.
    """
    real, fake = as_floats(real, fake)
    check_same_shape(real, fake)
    epsilon = at_least_float32(epsilon)
    if epsilon.shape not in ((), real.shape[:1]):
        raise ValueError(
            f"epsilon must be one number per sample, of shape () or {real.shape[:1]},"
            f" got {epsilon.shape} for samples of shape {real.shape}"
        )
    epsilon = jnp.expand_dims(epsilon, tuple(range(epsilon.ndim, real.ndim)))
    # In half precision epsilon would have 8 or 11 bits, and often be 0 or 1.
    point = epsilon * at_least_float32(real) + (1 - epsilon) * at_least_float32(fake)
    return point.astype(real.dtype)


def interpolates(
    reals: jax.Array, fakes: jax.Array, key: jax.Array
) -> tuple[jax.Array]:
    """x_hat for each pair of a batch, epsilon ~ U[0, 1] drawn once per sample.

    Args:
      reals: `[B, ...]`.
      fakes: `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.

    Returns:
      A tuple with the points `[B, ...]`.
    """
    reals, fakes = as_pair(reals, fakes)
    epsilon = jax.vmap(jax.random.uniform)(sample_keys(key, reals.shape[0]))
    return (interpolate(reals, fakes, epsilon),)


def endpoints(reals: jax.Array, fakes: jax.Array, key: jax.Array) -> tuple[jax.Array]:
    """One end of each pair of a batch: the real or the generated sample, by a coin.

    Where both distributions cover the same region, their samples are where a critic
    is judged, and interpolates of unrelated pairs lie elsewhere.

    Args:
      reals: `[B, ...]`.
      fakes: `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.

    Returns:
      A tuple with the points `[B, ...]`.
    """
    reals, fakes = as_pair(reals, fakes)
    heads = jax.vmap(jax.random.bernoulli)(sample_keys(key, reals.shape[0]))
    return (jax.vmap(jnp.where)(heads, reals, fakes),)


def at_reals(reals: jax.Array, fakes: jax.Array, key: jax.Array) -> tuple[jax.Array]:
    """The real samples `[B, ...]` themselves, as a tuple of one; `key` is ignored."""
    del key
    return as_pair(reals, fakes)[:1]


def at_fakes(reals: jax.Array, fakes: jax.Array, key: jax.Array) -> tuple[jax.Array]:
    """The generated samples `[B, ...]`, as a tuple of one; `key` is ignored."""
    del key
    return as_pair(reals, fakes)[1:]


def around_reals(spread: float | jax.Array) -> Points:
    """Real samples with Gaussian noise, x + delta (DRAGAN, arXiv:1705.07215).

    Args:
      spread: root mean square length of delta, as a share of the distance
        ||x - x_tilde||_2 of the sample's own pair, > 0. It has no units.

    Returns:
      A function `(reals, fakes, key) -> (points[B, ...],)`.

    Raises:
      ValueError: the spread is not a finite number > 0.
    """
    check_share("spread", spread)

    def points(reals, fakes, key):
        reals, fakes = as_pair(reals, fakes)
        size = math.prod(reals.shape[1:])
        noise = gaussian_noise(key, reals)
        lengths = spread * pair_distances(reals, fakes) / math.sqrt(size)
        move = jax.vmap(lambda x, length, noise: at_least_float32(x) + length * noise)
        return (move(reals, lengths, noise).astype(reals.dtype),)

    return points


def gaussian_noise(key: jax.Array, like: jax.Array) -> jax.Array:
    """Standard normal noise `[B, ...]` of the shape of a batch, in float32 at least.

    Args:
      key: one key for the batch, or one per sample `[B]`.
      like: a batch of samples `[B, ...]`.
    """
    dtype = jnp.promote_types(like.dtype, jnp.float32)
    draw = partial(jax.random.normal, shape=like.shape[1:], dtype=dtype)
    return jax.vmap(draw)(sample_keys(key, like.shape[0]))


def uniform_box(low: float | jax.Array, high: float | jax.Array) -> Points:
    """Points spread evenly over a box, as a stand-in for "the whole sample space".

    Enforcing the constraint everywhere is what the method calls intractable
    ([WGAN-GP], section 4); this is here so that it can be seen.

    Args:
      low: lower corner, a number or an array that broadcasts to one sample.
      high: upper corner, likewise.

    Returns:
      A function `(reals, fakes, key) -> (points[B, ...],)` that takes only shapes
      and types from the samples.

    Raises:
      ValueError: `low` is not below `high` everywhere; traced ones are not checked.
    """
    first, last = (
        np.asarray(each) if isinstance(each, list | tuple) else each
        for each in (low, high)
    )
    traced = any(isinstance(each, jax.core.Tracer) for each in (low, high))
    if not traced and not np.all(np.asarray(low) < np.asarray(high)):
        raise ValueError(f"a box needs low < high, got {low} and {high}")

    def points(reals, fakes, key):
        reals, _ = as_pair(reals, fakes)
        dtype = jnp.promote_types(reals.dtype, jnp.float32)
        draw = partial(jax.random.uniform, shape=reals.shape[1:], dtype=dtype)
        uniform = jax.vmap(draw)(sample_keys(key, reals.shape[0]))
        box = jax.vmap(lambda u: first + (last - first) * u)(uniform)
        return (box.astype(reals.dtype),)

    return points


def pair_distances(reals: jax.Array, fakes: jax.Array) -> jax.Array:
    """||x - x_tilde||_2 of each pair `[B]`, in the units of the samples.

    Args:
      reals: `[B, ...]`.
      fakes: `[B, ...]`.

    Returns:
      The distances, at least `MIN_DISTANCE`, so that their derivative is finite.
    """

    def distance(real, fake):
        along = at_least_float32(real) - at_least_float32(fake)
        return optax.safe_norm(jnp.ravel(along), MIN_DISTANCE)

    return jax.vmap(distance)(*as_pair(reals, fakes))


def check_key(key: Any) -> bool:
    """Refuses what is no random key; returns whether it is of the older kind, uint32.

    Args:
      key: one or several.

    Raises:
      ValueError: it is no key.
    """
    dtype = getattr(key, "dtype", type(key).__name__)
    if dtype == jnp.uint32 and jnp.ndim(key) in (1, 2):
        return True
    if isinstance(key, jax.Array) and jnp.issubdtype(dtype, jax.dtypes.prng_key):
        return False
    raise ValueError(
        f"expected a JAX random key, got {dtype}: make one of a seed by"
        " jax.random.key(seed)"
    )


def sample_keys(key: jax.Array, count: int) -> jax.Array:
    """One key per sample.

    Args:
      key: one key `[]`, which is split, or one per sample `[count]`, which are
        returned. Keys of the older kind, uint32 `[2]` or `[count, 2]`, are accepted.
      count: B.

    Returns:
      Typed keys `[count]`.

    Raises:
      ValueError: `key` is no key, or there are more or fewer than `count`.
    """
    if check_key(key):
        key = jax.random.wrap_key_data(key)
    if key.ndim == 0:
        return jax.random.split(key, count)
    if key.shape != (count,):
        raise ValueError(f"expected one key or {count} of them, got shape {key.shape}")
    return key


def split_keys(key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Two independent sets of one key per sample, each `[count]`.

    Args:
      key: as in `sample_keys`.
      count: B.
    """
    keys = jax.vmap(partial(jax.random.split, num=2))(sample_keys(key, count))
    return keys[:, 0], keys[:, 1]
