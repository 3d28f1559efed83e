"""The game: the critic's loss with its penalty, and the generator's loss.

The critic D and the generator G play ([WGAN-GP], equation 2 and Algorithm 1)

    min over G, max over D:  E[D(x)] - E[D(x_tilde)],  x_tilde = G(z)

with D kept Lipschitz. The sign is that of [WGAN-GP]: real samples score higher. Some
code, Arjovsky's among it, has the opposite one.

How to read the numbers: the Wasserstein estimate is large at first and falls towards 0
as samples get better, so the critic's loss is negative and rises. Estimates of critics
with different weights, clip bounds or networks do not compare. D is free up to a
constant, so a value of D alone, and with it the generator's loss, means nothing.
"""

from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.losses.checks import (
    Critic,
    Penalty,
    as_batches,
    as_pair,
    check_penalties,
    check_penalty,
    check_same_shape,
    condition_arguments,
    penalty_options,
)
from wgan_gp.losses.critics import check_first_sample, critic_values
from wgan_gp.losses.floats import at_least_float32
from wgan_gp.losses.objectives import WASSERSTEIN, Objective
from wgan_gp.losses.penalties import gradient_penalty
from wgan_gp.losses.ranges import check_weight


def wasserstein_estimate(
    critic: Critic, reals: jax.Array, fakes: jax.Array, *, condition: Any = None
) -> jax.Array:
    """Mean D(x) - mean D(x_tilde): the critic's estimate of W1, without the penalty.

    Kantorovich-Rubinstein ([WGAN], equation 2), exact only for a 1-Lipschitz critic
    that attains the supremum; a penalised critic may exceed it.

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B', ...]`. B' may differ from B if there is no condition.
      condition: what the samples of both sides are judged under, a pytree of arrays
        `[B, ...]`, where B' = B; None for a critic of one argument.

    Returns:
      A scalar in the units of the samples, in float32 at least.

    Raises:
      ValueError: the samples' shapes differ, or the critic does not return a scalar
        for one sample.
    """
    on_reals, on_fakes = _values(critic, reals, fakes, condition)
    return jnp.mean(on_reals) - jnp.mean(on_fakes)


def _values(critic, reals, fakes, condition) -> tuple[jax.Array, jax.Array]:
    """D(x) `[B]` and D(x_tilde) `[B']`; arguments as in `wasserstein_estimate`."""
    reals, fakes = as_batches(reals, fakes)
    check_same_shape(reals[0], fakes[0])
    conditions = condition_arguments(condition, len(reals))
    check_first_sample(critic, reals, conditions)
    on_reals = critic_values(critic, reals, conditions)
    conditions = condition_arguments(condition, len(fakes))
    return on_reals, critic_values(critic, fakes, conditions)


def critic_loss(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    penalty: Penalty | None = gradient_penalty,
    weight: float | jax.Array = 10.0,
    condition: Any = None,
    objective: Objective = WASSERSTEIN,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """L = mean(D(x_tilde) - D(x) + lambda * penalty) ([WGAN-GP], Algorithm 1, line 7).

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`; no gradient reaches the generator from here unless
        the caller differentiates with respect to it.
      key: one key for the batch, or one per sample `[B]`.
      penalty: `(critic, reals, fakes, key) -> [B]`, or None for a critic that is
        constrained in another way (`clip_weights`). It is called with `condition=`,
        too, if there is one, and with `values=`, the critic's values of `reals` and of
        `fakes` `[B]`, if it has an argument of that name.
      weight: lambda; the paper uses 10.
      condition: what each real and its generated sample are judged under, a pytree of
        arrays `[B, ...]` such as labels; None for a critic of one argument. Slopes are
        those over x alone.
      objective: the game's; L above is that of `objectives.WASSERSTEIN`.

    Returns:
      The loss and a flat dict of scalars: `critic_loss`, `wasserstein` (mean D(x) -
      mean D(x_tilde), without the penalty), `penalty` (its mean, without lambda);
      float32 at least.

    Raises:
      ValueError: shapes differ, the critic returns more than a scalar, or the penalty
        does not return one number per sample, or the weight is not one number >= 0.
      TypeError: the penalty is not a function.
    """
    reals, fakes = as_pair(reals, fakes)
    check_weight(weight)
    values = on_reals, on_fakes = _values(critic, reals, fakes, condition)
    loss = objective.critic(*values)
    cost = jnp.zeros_like(loss)
    if penalty is not None:
        check_penalty(penalty)
        options = penalty_options(penalty, condition, values)
        penalties = penalty(critic, reals, fakes, key, **options)
        check_penalties(penalties, len(reals))
        cost = jnp.mean(at_least_float32(penalties))
    loss += weight * cost
    wasserstein = jnp.mean(on_reals) - jnp.mean(on_fakes)
    return loss, {"critic_loss": loss, "wasserstein": wasserstein, "penalty": cost}


def generator_loss(
    critic: Critic,
    fakes: jax.Array,
    *,
    condition: Any = None,
    objective: Objective = WASSERSTEIN,
    reals: jax.Array | None = None,
) -> jax.Array:
    """-mean D(x_tilde) ([WGAN-GP], Algorithm 1, line 12).

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      fakes: x_tilde = G(z), `[B, ...]`.
      condition: what each sample is judged under, a pytree of arrays `[B, ...]`; None
        for a critic of one argument.
      objective: the game's; the formula above is that of `objectives.WASSERSTEIN`.
      reals: x, `[B, ...]`, for an objective that compares generated samples with real
        ones; others do not look at them.

    Returns:
      A scalar, in float32 at least.

    Raises:
      ValueError: there is no sample, the critic returns more than a scalar, or the
        objective needs real samples.
    """
    if objective.compares:
        if reals is None:
            raise ValueError(
                "this objective compares generated samples with real ones: hand as"
                " many of them to generator_loss as reals="
            )
        reals, fakes = as_pair(reals, fakes)
        on_reals, on_fakes = _values(critic, reals, fakes, condition)
        return objective.generator(on_fakes, on_reals)
    (fakes,) = as_batches(fakes)
    conditions = condition_arguments(condition, len(fakes))
    check_first_sample(critic, fakes, conditions)
    return objective.generator(critic_values(critic, fakes, conditions), None)
