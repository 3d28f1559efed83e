"""What a critic says, and how steep it is, on data it was not trained on.

A critic that has learned its train set by heart separates it from generated samples
better than it separates held-out samples: the estimate on held-out data is then lower
([WGAN-GP], figure 5b). Gradient norms show whether a constraint holds. A mean near 1 is
what a two-sided penalty asks for. A clipped critic has norms of any size, so its
estimate is not a distance.
"""

from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp import losses


def critic_diagnostics(
    critic: losses.Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    penalty: losses.Penalty | None,
    condition: Any = None,
) -> dict[str, jax.Array]:
    """The estimate without the penalty, the penalty, and the slopes at interpolates.

    Args:
      critic: a function of one sample that returns a scalar, or of a sample and its
        condition.
      reals: held-out samples `[B, ...]`.
      fakes: generated samples `[B, ...]`.
      key: for the points at which slopes are measured.
      penalty: the penalty in use, or None.
      condition: what each sample is judged under, as in `losses.critic_loss`.

    Returns:
      Scalars: `wasserstein`, `penalty` (its mean, without lambda), and the mean,
      minimum and maximum over the batch of ||grad D|| at interpolates. In float32 at
      least.

    Raises:
      ValueError: as `losses.critic_loss`.
    """
    penalty_key, point_key = jax.random.split(key)
    _, metrics = losses.critic_loss(
        critic,
        reals,
        fakes,
        penalty_key,
        penalty=penalty,
        weight=0.0,
        condition=condition,
    )
    norm = losses.slope_penalty(lambda s: s, losses.gradient_norm, losses.interpolates)
    norms = norm(critic, reals, fakes, point_key, condition=condition)
    return {
        "wasserstein": metrics["wasserstein"],
        "penalty": metrics["penalty"],
        "gradient_norm_mean": jnp.mean(norms),
        "gradient_norm_min": jnp.min(norms),
        "gradient_norm_max": jnp.max(norms),
    }


def cosine_similarity(first: jax.Array, second: jax.Array) -> jax.Array:
    """Cosine of the angle between two vectors.

    Args:
      first: `[...]`.
      second: an array of the same shape.

    Returns:
      A scalar from -1 to 1; 0 if one of the vectors is 0.
    """

    def unit(x):
        length = stable_norm(x)
        return x / jnp.where(length > 0, length, 1.0)

    return jnp.sum(unit(first) * unit(second))


def stable_norm(x: jax.Array) -> jax.Array:
    """||x||_2 over all dimensions of x, also where squares underflow float32.

    The gradients of deep clipped critics vanish so far that their squares are 0.

    Args:
      x: `[...]`.

    Returns:
      A scalar.
    """
    largest = jnp.max(jnp.abs(x))
    scaled = x / jnp.where(largest > 0, largest, 1.0)
    return largest * jnp.linalg.norm(jnp.ravel(scaled))


def kernels(params: Any) -> list[jax.Array]:
    """The weight matrices of a critic, without biases and scales.

    Args:
      params: a pytree of Flax parameters, which names weights `kernel`.

    Returns:
      The weights, `[in, out]` of a dense layer and `[H, W, in, out]` of a convolution.
    """
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return [leaf for path, leaf in leaves if path[-1].key == "kernel"]
