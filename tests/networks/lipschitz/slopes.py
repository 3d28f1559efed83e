"""The slopes of a critic, sought where they may be too large."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tests.helpers import key

_EPS = np.finfo(np.float32).eps


def quotient(critic, first, second):
    """|D(x) - D(y)| / ||x - y||, less what rounding of the two values may add."""
    values = critic(first), critic(second)
    size = jnp.maximum(*map(jnp.abs, values))
    change = jnp.abs(values[0] - values[1]) - 4 * _EPS * size
    return change / jnp.linalg.norm(first - second)


def gradient_norm(critic, x):
    return jnp.linalg.norm(jax.grad(critic)(x))


def _climb(critic, first, second):
    """A pair that gradient ascent has made steeper, never closer than it was."""

    def step(_, pair):
        middle, half = (pair[0] + pair[1]) / 2, (pair[0] - pair[1]) / 2
        length = jnp.linalg.norm(half)
        toward = jax.grad(critic)(middle + half) + jax.grad(critic)(middle - half)
        half = half + 0.5 * length * toward / (jnp.linalg.norm(toward) + 1e-9)
        half = half * length / jnp.linalg.norm(half)
        return middle + half, middle - half

    return jax.lax.fori_loop(0, 10, step, (first, second))


@partial(jax.jit, static_argnames=("bind", "shape", "count"))
def steepest(bind, params, state, shape, count):
    """The largest slopes: of random pairs, of pairs after ascent, of gradients.

    Args:
      bind: `(params, state) -> critic`.
      params: of the critic.
      state: of the critic.
      shape: of a sample.
      count: random pairs; a third of them are near ones.

    Returns:
      The three largest slopes.
    """
    critic = bind(params, state)
    first, second = 2 * jax.random.normal(key(1), (2, count, *shape))
    scale = jnp.asarray([1.0, 0.1, 1e-3])[jnp.arange(count) % 3]
    second = first + scale.reshape(-1, *(1,) * len(shape)) * second
    pairs = jnp.max(jax.vmap(partial(quotient, critic))(first, second))
    few = first[:1000], second[:1000]
    climbed = jax.vmap(partial(quotient, critic))(
        *jax.vmap(partial(_climb, critic))(*few)
    )
    norms = jax.vmap(partial(gradient_norm, critic))(few[0])
    return pairs, jnp.max(climbed), jnp.max(norms)
