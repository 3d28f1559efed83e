"""What a critic says, and how steep it is, on data it was not trained on."""

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
) -> dict[str, jax.Array]:
    """The estimate without the penalty, the penalty, and the slopes at interpolates.

    Args:
      critic: a function of one sample that returns a scalar.
      reals: held-out samples `[B, ...]`.
      fakes: generated samples `[B, ...]`.
      key: for the points at which slopes are measured.
      penalty: the penalty in use, or None.

    Returns:
      Scalars: `wasserstein`, `penalty` (its mean, without lambda), and the mean,
      minimum and maximum over the batch of ||grad D|| at interpolates.
    """
    penalty_key, point_key = jax.random.split(key)
    _, metrics = losses.critic_loss(
        critic, reals, fakes, penalty_key, penalty=penalty, weight=0.0
    )
    (points,) = losses.interpolates(reals, fakes, point_key)
    norms = jax.vmap(lambda x: losses.gradient_norm(critic, x))(points)
    return {
        "wasserstein": metrics["wasserstein"],
        "penalty": metrics["penalty"],
        "gradient_norm_mean": jnp.mean(norms),
        "gradient_norm_min": jnp.min(norms),
        "gradient_norm_max": jnp.max(norms),
    }


def cosine_similarity(first: jax.Array, second: jax.Array) -> jax.Array:
    """Cosine of the angle between two vectors `[...]`; 0 if one of them is 0."""

    def unit(x):
        length = stable_norm(x)
        return x / jnp.where(length > 0, length, 1.0)

    return jnp.sum(unit(first) * unit(second))


def stable_norm(x: jax.Array) -> jax.Array:
    """||x||_2 over all of `[...]`, also where squares are too small for float32."""
    largest = jnp.max(jnp.abs(x))
    scaled = x / jnp.where(largest > 0, largest, 1.0)
    return largest * jnp.linalg.norm(jnp.ravel(scaled))
