"""Pairs whose mass moves along smooth fields of directions.

W1 has a closed form. In each, every generated sample moves straight down a potential of
slope 1, so that the potential is optimal.

- `translation`: y ~ N(0, I) moves by a unit vector e. -u(x) = <x, e>, and W1 = 1.
- `gaussians`: y ~ N(0, I) shrinks to a quarter along k = D / 2 directions, which makes
  a Gaussian of another covariance. With P the projection on them, u(x) = ||P x|| and
  W1 = 3/4 E chi_k. In one direction, W1 between two Gaussians is that of two numbers;
  in several it has no closed form unless they shrink alike, as here.
- `shell`: a radial map. ||y|| ~ U(0, 2 sqrt(D)), in a uniform direction, comes 8 times
  as near to the sphere of radius sqrt(D), from inside or from outside. u(x) is the
  distance from the sphere, and W1 = 7/16 sqrt(D).
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from wgan_gp.data.pairs.pair import Pair, p_norm

_SHRINK = 1 / 4  # of a Gaussian, along the directions that shrink
_NEARER = 1 / 8  # of the distance from the shell that is left


def translation(dimension: int, seed: int) -> Pair:
    """A Gaussian, and the same moved by a unit vector.

    Args:
      dimension: D.
      seed: of the vector.
    """
    (direction,) = _directions(dimension, 1, seed)

    def gradient(direction: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        return direction, jnp.full((), jnp.inf, x.dtype)

    return Pair(
        sample_real=Partial(
            lambda e, key, n: _gaussian(dimension, key, n) + e[None], direction
        ),
        sample_fake=Partial(partial(_gaussian, dimension)),
        potential=Partial(lambda e, x: -x @ e, direction),
        optimal_gradient=Partial(gradient, direction),
        shape=(dimension,),
    )


def gaussians(dimension: int, seed: int) -> Pair:
    """A standard Gaussian, and one that is narrower in half of the dimensions.

    Args:
      dimension: D.
      seed: of the directions in which it is narrower.
    """
    spans = _directions(dimension, max(dimension // 2, 1), seed)

    def shrunk(spans: jax.Array, x: jax.Array) -> jax.Array:
        return x @ spans.T @ spans

    def real(spans: jax.Array, key: jax.Array, n: int) -> jax.Array:
        y = _gaussian(dimension, key, n)
        return y - (1 - _SHRINK) * shrunk(spans, y)

    def potential(spans: jax.Array, x: jax.Array) -> jax.Array:
        return p_norm(shrunk(spans, x), 2)

    def gradient(spans: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        return -jax.grad(potential, argnums=1)(spans, x), potential(spans, x)

    return Pair(
        sample_real=Partial(real, spans),
        sample_fake=Partial(partial(_gaussian, dimension)),
        potential=Partial(potential, spans),
        optimal_gradient=Partial(gradient, spans),
        shape=(dimension,),
    )


def shell(dimension: int, _: int) -> Pair:
    """A ball, and a thick shell in it.

    Args:
      dimension: D.
    """
    radius = jnp.asarray(math.sqrt(dimension))

    def fake(radius: jax.Array, key: jax.Array, n: int) -> jax.Array:
        direction_key, length_key = jax.random.split(key)
        y = _gaussian(dimension, direction_key, n)
        length = jax.random.uniform(length_key, (n, 1)) * 2 * radius
        return length * y / jnp.linalg.norm(y, axis=1, keepdims=True)

    def real(radius: jax.Array, key: jax.Array, n: int) -> jax.Array:
        y = fake(radius, key, n)
        length = jnp.linalg.norm(y, axis=1, keepdims=True)
        return (radius / length * (1 - _NEARER) + _NEARER) * y

    def potential(radius: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.abs(p_norm(x, 2) - radius)

    def gradient(radius: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        length = p_norm(x, 2)
        distance = jnp.minimum(length, jnp.abs(length - radius))
        return -jax.grad(potential, argnums=1)(radius, x), distance

    return Pair(
        sample_real=Partial(real, radius),
        sample_fake=Partial(fake, radius),
        potential=Partial(potential, radius),
        optimal_gradient=Partial(gradient, radius),
        shape=(dimension,),
    )


def _gaussian(dimension: int, key: jax.Array, n: int) -> jax.Array:
    return jax.random.normal(key, (n, dimension))


def _directions(dimension: int, count: int, seed: int) -> jax.Array:
    """Orthonormal directions `[count, dimension]`, drawn with a seed."""
    draws = np.random.RandomState(seed).standard_normal((dimension, count))
    return jnp.asarray(np.linalg.qr(draws)[0].T, jnp.float32)
