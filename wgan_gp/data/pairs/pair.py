"""A pair of distributions whose W1 and whose optimal critic are known."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jax.tree_util import Partial


@struct.dataclass
class Pair:
    """Two distributions of known W1, as functions that can be stacked and vmapped over.

    Reals and fakes that are drawn with one key are partners in an optimal coupling: the
    mean distance between them is W1.

    Attributes:
      sample_real: `(key, n) -> [n, *shape]`.
      sample_fake: `(key, n) -> [n, *shape]`.
      potential: `x -> []`, u of one sample. D = -u attains the maximum of
        E D(real) - E D(fake) over 1-Lipschitz critics.
      optimal_gradient: `x -> ([*shape], [])`, the gradient of -u at one sample, and the
        sample's distance from where mass comes together (a centre, a sphere), at which
        the gradient is undefined. Where two funnels meet it is undefined too, and that
        distance is not measured.
      shape: of a sample.
      norm: p of the norm l_p that distances are measured in.
    """

    sample_real: Partial
    sample_fake: Partial
    potential: Partial
    optimal_gradient: Partial
    shape: tuple[int, ...] = struct.field(pytree_node=False)
    norm: float = struct.field(pytree_node=False, default=2.0)


def bind_pair(
    parameters: Any,
    *,
    real: Callable[..., jax.Array],
    fake: Callable[..., jax.Array],
    potential: Callable[..., jax.Array],
    gradient: Callable[..., tuple[jax.Array, jax.Array]],
    shape: tuple[int, ...],
    norm: float = 2.0,
) -> Pair:
    """A pair of functions that share their parameters.

    Args:
      parameters: a tree of arrays, the first argument of each function.
      real: `(parameters, key, n) -> [n, *shape]`. Functions are those of a module, so
        that pairs of one size can be stacked.
      fake: as `real`.
      potential: `(parameters, x) -> []`.
      gradient: `(parameters, x) -> ([*shape], [])`, as `Pair.optimal_gradient`.
      shape: of a sample.
      norm: p of the norm.

    Returns:
      The pair.
    """
    return Pair(
        sample_real=Partial(real, parameters),
        sample_fake=Partial(fake, parameters),
        potential=Partial(potential, parameters),
        optimal_gradient=Partial(gradient, parameters),
        shape=shape,
        norm=norm,
    )


def from_origin(shape: tuple[int, ...], norm: float = 2.0):
    """The gradient of -||x||, of the critic that knows only where the origin is.

    Args:
      shape: of a sample.
      norm: p of the norm.

    Returns:
      A function `x -> [*shape]` of one sample.
    """

    def gradient(x: jax.Array) -> jax.Array:
        return -jax.grad(p_norm)(x.ravel(), p=norm).reshape(shape)

    return gradient


def p_norm(offset: jax.Array, p: float) -> jax.Array:
    """||offset||_p, whose gradient at 0 is 0.

    Args:
      offset: `[D]`.
      p: at least 1.
    """
    if p == 1:  # JAX's derivative of |0| is 1
        return jnp.sum(offset * jax.lax.stop_gradient(jnp.sign(offset)))
    # The derivative of a root at 0 is infinite, and one `where` would make it NaN. The
    # first `where` keeps 0 from the root, so that a centre has the gradient 0.
    if p == 2:
        power = jnp.sum(jnp.square(offset))
        return jnp.where(power > 0, jnp.sqrt(jnp.where(power > 0, power, 1.0)), 0.0)
    # Of shares of the largest entry, whose powers do not overflow. Its size cancels.
    largest = jax.lax.stop_gradient(jnp.max(jnp.abs(offset)))
    unit = jnp.where(largest > 0, largest, 1.0)
    power = jnp.sum((jnp.abs(offset) / unit) ** p)
    root = jnp.where(largest > 0, power, 1.0) ** (1 / p)
    return jnp.where(largest > 0, unit * root, 0.0)
