"""Pairs whose mass moves along smooth fields of directions.

W1 has a closed form. In each, every generated sample moves straight down a potential of
slope 1, so that the potential is optimal.

- `translation`: y ~ N(0, I) moves by a unit vector e. -u(x) = <x, e>, and W1 = 1.
- `gaussians`: y ~ N(0, I) shrinks to a quarter along k = D / 2 directions, which makes
  a Gaussian of another covariance. With P the projection on them, u(x) = ||P x|| and
  W1 = 3/4 E chi_k. (The W1 of two Gaussians has no closed form in general.)
- `shell`: a radial map. ||y|| ~ U(0, 2 sqrt(D)), in a uniform direction, comes 8 times
  as near to the sphere of radius sqrt(D), from inside or from outside. u(x) is the
  distance from the sphere, and W1 = 7/16 sqrt(D).
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data.pairs.pair import Pair, bind_pair, p_norm

_SHRINK = 1 / 4  # of a Gaussian, along the directions that shrink
_NEARER = 1 / 8  # of the distance from the shell that is left


def translation(dimension: int, seed: int) -> Pair:
    """A Gaussian, and the same moved by a unit vector.

    Args:
      dimension: D.
      seed: of the vector.
    """
    (direction,) = _directions(dimension, 1, seed)
    return bind_pair(
        direction,
        real=_moved,
        fake=_gaussian,
        potential=_fall_along,
        gradient=_gradient_along,
        shape=(dimension,),
    )


def _moved(direction: jax.Array, key: jax.Array, n: int) -> jax.Array:
    return _gaussian(direction, key, n) + direction[None]


def _fall_along(direction: jax.Array, x: jax.Array) -> jax.Array:
    return -jnp.vdot(x, direction, precision=jax.lax.Precision.HIGHEST)


def _gradient_along(direction: jax.Array, x: jax.Array):
    return direction, jnp.full((), jnp.inf, x.dtype)


def gaussians(dimension: int, seed: int) -> Pair:
    """A standard Gaussian, and one that is narrower in half of the dimensions.

    Args:
      dimension: D, at least 2.
      seed: of the directions in which it is narrower.
    """
    spans = _directions(dimension, dimension // 2, seed)
    return bind_pair(
        spans,
        real=_shrunk,
        fake=_gaussian,
        potential=_extent,
        gradient=_gradient_within,
        shape=(dimension,),
    )


def _shrunk(spans: jax.Array, key: jax.Array, n: int) -> jax.Array:
    y = _gaussian(spans, key, n)
    return y - (1 - _SHRINK) * _project(spans, y)


def _extent(spans: jax.Array, x: jax.Array) -> jax.Array:
    return p_norm(_project(spans, x), 2)


def _gradient_within(spans: jax.Array, x: jax.Array):
    return -jax.grad(_extent, argnums=1)(spans, x), _extent(spans, x)


def _project(spans: jax.Array, x: jax.Array) -> jax.Array:
    """The part of x `[..., D]` that lies within the spans `[k, D]`."""
    precise = jax.lax.Precision.HIGHEST
    along = jnp.matmul(x, spans.T, precision=precise)
    return jnp.matmul(along, spans, precision=precise)


def shell(dimension: int) -> Pair:
    """Samples in all distances from the origin, and the same nearer to a sphere.

    Args:
      dimension: D.
    """
    radius = jnp.full((dimension,), math.sqrt(dimension))
    return bind_pair(
        radius,
        real=_in_shell,
        fake=_in_ball,
        potential=_from_shell,
        gradient=_gradient_to_shell,
        shape=(dimension,),
    )


def _in_ball(radius: jax.Array, key: jax.Array, n: int) -> jax.Array:
    direction, length = _polar(radius, key, n)
    return length * direction


def _in_shell(radius: jax.Array, key: jax.Array, n: int) -> jax.Array:
    direction, length = _polar(radius, key, n)
    return (radius[0] + _NEARER * (length - radius[0])) * direction


def _polar(radius: jax.Array, key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
    """Directions `[n, D]` and distances `[n, 1]` of generated samples."""
    direction_key, length_key = jax.random.split(key)
    y = _gaussian(radius, direction_key, n)
    length = jax.random.uniform(length_key, (n, 1)) * 2 * radius[0]
    return y / jnp.linalg.norm(y, axis=1, keepdims=True), length


def _from_shell(radius: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.abs(p_norm(x, 2) - radius[0])


def _gradient_to_shell(radius: jax.Array, x: jax.Array):
    nearest = jnp.minimum(p_norm(x, 2), _from_shell(radius, x))
    return -jax.grad(_from_shell, argnums=1)(radius, x), nearest


def _gaussian(like: jax.Array, key: jax.Array, n: int) -> jax.Array:
    """Draws `[n, D]`, of as many dimensions as the rows of an array `[..., D]`."""
    return jax.random.normal(key, (n, like.shape[-1]))


def _directions(dimension: int, count: int, seed: int) -> jax.Array:
    """Orthonormal directions `[count, dimension]`, drawn with a seed."""
    draws = np.random.RandomState(seed).standard_normal((dimension, count))
    return jnp.asarray(np.linalg.qr(draws)[0].T, jnp.float32)
