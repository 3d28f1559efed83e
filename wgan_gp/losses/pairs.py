"""Pairs of points, between which a difference quotient is measured.

Each function draws two points per sample of a batch, and takes keys as the functions of
`losses.points` do.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from wgan_gp.losses.checks import Points, as_pair, check_one_point
from wgan_gp.losses.points import interpolate, interpolates, sample_keys, split_keys


def independent_pairs(
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    points: Points = interpolates,
    next_in_batch: Callable[[jax.Array], jax.Array] | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Two independent draws from the distribution of `points`.

    The second draw uses the next sample of the batch (the last one uses the
    first), so that the two share neither samples nor epsilon.

    Args:
      reals: `[B, ...]`, B >= 2.
      fakes: `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.
      points: where the two points are drawn from.
      next_in_batch: gives each sample `[B, ...]` its successor, where a batch is split
        over devices: `devices.next_in_batch`. By default the samples at hand are
        rotated by one.

    Returns:
      x1 and x2, each `[B, ...]`.

    Raises:
      ValueError: B is 1, where no independent second draw exists, or `points` returns
        more than one array.
    """
    reals, fakes = as_pair(reals, fakes)
    if next_in_batch is None:
        if len(reals) < 2:
            raise ValueError(
                "independent pairs need a batch of at least 2 samples, got 1:"
                ' take a larger batch, or pairing="segment" or "endpoint"'
            )
        next_in_batch = partial(jnp.roll, shift=-1, axis=0)
    first, second = split_keys(key, reals.shape[0])
    shifted = next_in_batch(reals), next_in_batch(fakes)
    x1 = check_one_point(points(reals, fakes, first), len(reals))
    return x1, check_one_point(points(*shifted, second), len(reals))


def segment_pairs(
    reals: jax.Array, fakes: jax.Array, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Two points on one line from real to generated, x1 the nearer to the real end.

    Args:
      reals: `[B, ...]`.
      fakes: `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.

    Returns:
      x1 and x2, each `[B, ...]`.
    """
    reals, fakes = as_pair(reals, fakes)
    draw = partial(jax.random.uniform, shape=(2,))
    epsilon = jax.vmap(draw)(sample_keys(key, reals.shape[0]))
    return (
        interpolate(reals, fakes, epsilon.max(axis=1)),
        interpolate(reals, fakes, epsilon.min(axis=1)),
    )


def endpoint_pairs(
    reals: jax.Array, fakes: jax.Array, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The real and the generated sample themselves; `key` is not used.

    The critic's values there are part of the loss anyway. A slope between unrelated
    samples says little about slopes at either of them.

    Args:
      reals: `[B, ...]`.
      fakes: `[B, ...]`.
      key: ignored; it is there so that all pairings are called alike.

    Returns:
      `reals` and `fakes`, each `[B, ...]`.
    """
    del key
    return as_pair(reals, fakes)


PAIRINGS = {
    "independent": independent_pairs,
    "segment": segment_pairs,
    "endpoint": endpoint_pairs,
}
