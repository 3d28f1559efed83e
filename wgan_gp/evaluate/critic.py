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
