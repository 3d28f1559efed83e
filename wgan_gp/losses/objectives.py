"""Objectives: what the two players minimise, and the clipping projection."""

from functools import partial
from typing import Any

import chex
import jax
import jax.numpy as jnp
import optax

from wgan_gp.losses.checks import Critic, Penalty, check_critic, check_same_shape
from wgan_gp.losses.penalties import gradient_penalty


def wasserstein_estimate(
    critic: Critic, reals: jax.Array, fakes: jax.Array
) -> jax.Array:
    """Mean D(x) - mean D(x_tilde): the critic's estimate of W1, without the penalty.

    Kantorovich-Rubinstein ([WGAN], equation 2), exact only for a 1-Lipschitz critic
    that attains the supremum; a penalised critic may exceed it.

    Args:
      critic: D, a function of one sample that returns a scalar.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B', ...]`.

    Returns:
      A scalar, in the units of the samples.
    """
    check_critic(critic, reals[0])
    return jnp.mean(jax.vmap(critic)(reals)) - jnp.mean(jax.vmap(critic)(fakes))


def critic_loss(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    penalty: Penalty | None = gradient_penalty,
    weight: float | jax.Array = 10.0,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """L = mean(D(x_tilde) - D(x) + lambda * penalty) ([WGAN-GP], Algorithm 1, line 7).

    Args:
      critic: D, a function of one sample that returns a scalar.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`; no gradient reaches the generator from here unless
        the caller differentiates with respect to it.
      key: one key for the batch, or one per sample `[B]`.
      penalty: `(critic, reals, fakes, key) -> [B]`, or None for a critic that is
        constrained in another way (`clip_weights`).
      weight: lambda; the paper uses 10.

    Returns:
      The loss and a flat dict of scalars: `critic_loss`, `wasserstein` (without the
      penalty), `penalty` (its mean, without lambda).

    Raises:
      ValueError: shapes differ, or the critic returns more than a scalar.
    """
    check_same_shape(reals, fakes)
    wasserstein = wasserstein_estimate(critic, reals, fakes)
    cost = jnp.zeros_like(wasserstein)
    if penalty is not None:
        penalties = penalty(critic, reals, fakes, key)
        chex.assert_shape(penalties, reals.shape[:1])
        cost = jnp.mean(penalties)
    loss = -wasserstein + weight * cost
    return loss, {"critic_loss": loss, "wasserstein": wasserstein, "penalty": cost}


def generator_loss(critic: Critic, fakes: jax.Array) -> jax.Array:
    """-mean D(x_tilde) ([WGAN-GP], Algorithm 1, line 12).

    Args:
      critic: D, a function of one sample that returns a scalar.
      fakes: x_tilde = G(z), `[B, ...]`.

    Returns:
      A scalar.
    """
    check_critic(critic, fakes[0])
    return -jnp.mean(jax.vmap(critic)(fakes))


def clip_weights(params: Any, bound: float | jax.Array) -> Any:
    """Projects every parameter, biases too, onto [-c, c] ([WGAN], Algorithm 1, line 7).

    Args:
      params: a pytree of arrays.
      bound: c; the paper uses 0.01. Apply it after each optimiser step, so that the
        bound holds whenever the critic is evaluated.

    Returns:
      A pytree of the same structure.

    Raises:
      ValueError: `bound` is a number that is not positive.
    """
    if isinstance(bound, int | float) and not bound > 0:
        raise ValueError(
            f"the clip bound must be > 0, got {bound} (the paper uses 0.01)"
        )
    project = partial(optax.projections.projection_box, lower=-bound, upper=bound)
    return jax.tree.map(project, params)
