"""Objectives: what the two players minimise, and the clipping projection.

The critic D and the generator G play ([WGAN-GP], equation 2 and Algorithm 1)

    min over G, max over D:  E[D(x)] - E[D(x_tilde)],  x_tilde = G(z)

with D kept Lipschitz. The sign is that of [WGAN-GP]: real samples score higher. Some
code, Arjovsky's among it, has the opposite one.

How to read the numbers: the Wasserstein estimate is large at first and falls towards 0
as samples get better, so the critic's loss is negative and rises. Estimates of critics
with different weights, clip bounds or networks do not compare. D is free up to a
constant, so a value of D alone, and with it the generator's loss, means nothing.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from wgan_gp.losses.checks import (
    Critic,
    Penalty,
    as_batches,
    as_pair,
    check_penalties,
    check_penalty,
    check_same_shape,
    check_takes_condition,
    check_weight,
    condition_arguments,
)
from wgan_gp.losses.critics import check_first_sample, critic_values
from wgan_gp.losses.floats import at_least_float32
from wgan_gp.losses.penalties import gradient_penalty


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
    reals, fakes = as_batches(reals, fakes)
    check_same_shape(reals[0], fakes[0])
    conditions = condition_arguments(condition, len(reals))
    check_first_sample(critic, reals, conditions)
    on_reals = critic_values(critic, reals, conditions)
    on_fakes = critic_values(critic, fakes, condition_arguments(condition, len(fakes)))
    return jnp.mean(on_reals) - jnp.mean(on_fakes)


def critic_loss(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    penalty: Penalty | None = gradient_penalty,
    weight: float | jax.Array = 10.0,
    condition: Any = None,
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
        too, if there is one.
      weight: lambda; the paper uses 10.
      condition: what each real and its generated sample are judged under, a pytree of
        arrays `[B, ...]` such as labels; None for a critic of one argument. Slopes are
        those over x alone.

    Returns:
      The loss and a flat dict of scalars: `critic_loss`, `wasserstein` (without the
      penalty), `penalty` (its mean, without lambda); float32 at least.

    Raises:
      ValueError: shapes differ, the critic returns more than a scalar, or the penalty
        does not return one number per sample, or the weight is not one number >= 0.
      TypeError: the penalty is not a function.
    """
    reals, fakes = as_pair(reals, fakes)
    check_weight(weight)
    wasserstein = wasserstein_estimate(critic, reals, fakes, condition=condition)
    cost = jnp.zeros_like(wasserstein)
    if penalty is not None:
        check_penalty(penalty)
        options = {}
        if condition is not None:
            check_takes_condition(penalty)
            options = {"condition": condition}
        penalties = penalty(critic, reals, fakes, key, **options)
        check_penalties(penalties, len(reals))
        cost = jnp.mean(at_least_float32(penalties))
    loss = -wasserstein + weight * cost
    return loss, {"critic_loss": loss, "wasserstein": wasserstein, "penalty": cost}


def generator_loss(
    critic: Critic, fakes: jax.Array, *, condition: Any = None
) -> jax.Array:
    """-mean D(x_tilde) ([WGAN-GP], Algorithm 1, line 12).

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      fakes: x_tilde = G(z), `[B, ...]`.
      condition: what each sample is judged under, a pytree of arrays `[B, ...]`; None
        for a critic of one argument.

    Returns:
      A scalar, in float32 at least.

    Raises:
      ValueError: there is no sample, or the critic returns more than a scalar.
    """
    (fakes,) = as_batches(fakes)
    conditions = condition_arguments(condition, len(fakes))
    check_first_sample(critic, fakes, conditions)
    return -jnp.mean(critic_values(critic, fakes, conditions))


def clip_weights(params: Any, bound: float | jax.Array) -> Any:
    """Projects every parameter, biases too, onto [-c, c] ([WGAN], Algorithm 1, line 7).

    Args:
      params: a pytree. Floating arrays and Python floats are clipped; integers, random
        keys and what is no number stay as they are. Hand in parameters alone, without
        running averages: of an NNX module `nnx.state(model, nnx.Param)`.
      bound: c, one number; the paper uses 0.01. Apply it after each optimiser step, so
        that the bound holds whenever the critic is evaluated.

    Returns:
      A pytree of the same structure.

    Raises:
      ValueError: `bound` is not one positive number, or a parameter is complex.
    """
    if not hasattr(bound, "dtype") and not isinstance(bound, int | float):
        raise ValueError(f"the clip bound must be a number > 0, got {bound!r}")
    if jnp.ndim(bound) != 0:
        raise ValueError(
            f"the clip bound must be one number, got shape {jnp.shape(bound)}"
        )
    if not isinstance(bound, jax.core.Tracer) and not bound > 0:
        raise ValueError(
            f"the clip bound must be > 0, got {bound} (the paper uses 0.01)"
        )
    return jax.tree.map(partial(_clip, bound=bound), params)


def _clip(param: Any, *, bound: float | jax.Array) -> Any:
    dtype = getattr(param, "dtype", None)
    if dtype is None and not isinstance(param, float | complex):
        return param
    dtype = jnp.result_type(param) if dtype is None else dtype
    if jnp.issubdtype(dtype, jnp.complexfloating):
        raise ValueError(
            f"parameters must be real to be clipped, got {dtype}: keep real and"
            " imaginary parts as two arrays"
        )
    if not jnp.issubdtype(dtype, jnp.floating):
        return param
    c = jnp.asarray(bound, dtype)  # of the parameter's type, which stays as it is
    return optax.projections.projection_box(param, -c, c)
