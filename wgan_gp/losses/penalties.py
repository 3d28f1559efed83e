"""Penalties: shape(slope(points)), one number per sample.

A penalty adds `weight * mean(shape(slope(D, points)))` to the critic's loss. It holds
the Lipschitz constraint only where its points are, and only in the mean: a critic that
satisfies it may be steeper than 1 elsewhere. A penalty with a gradient in it takes
second derivatives in training, so activations need useful ones: ReLU, leaky ReLU, tanh
and softplus train, ELU did not ([WGAN-GP], appendix D).

A penalty of one's own, the sum of R1 and R2 (arXiv:1801.04406), without gamma / 2:

    >>> import jax
    >>> from wgan_gp import losses
    >>> r1, r2 = (
    ...     losses.slope_penalty(losses.zero_centred, losses.gradient_norm, points)
    ...     for points in (losses.at_reals, losses.at_fakes)
    ... )
    >>> reals, fakes = jax.numpy.ones((2, 3)), jax.numpy.zeros((2, 3))
    >>> both = losses.sum_penalties(r1, r2)
    >>> both(lambda x: 2 * x[0], reals, fakes, jax.random.key(0)).tolist()
    [8.0, 8.0]
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.losses.checks import (
    Critic,
    Penalty,
    Points,
    Shape,
    as_pair,
    check_arguments,
    check_points,
    condition_arguments,
)
from wgan_gp.losses.floats import at_least_float32
from wgan_gp.losses.points import interpolates, sample_keys
from wgan_gp.losses.shapes import one_sided, two_sided
from wgan_gp.losses.slopes import gradient_norm


def slope_penalty(
    shape: Shape,
    slope: Callable[..., jax.Array],
    points: Points,
    *,
    reduce: Callable[[jax.Array], jax.Array] | None = None,
) -> Penalty:
    """Composes a penalty: `shape(slope(critic, *points))` for each sample.

    Args:
      shape: cost of a slope, such as `two_sided`.
      slope: `(critic, *points) -> scalar` at one sample, such as `gradient_norm`.
      points: `(reals, fakes, key) -> (x[B, ...], ...)`, such as `interpolates`.
      reduce: `slopes [B] -> []`, such as `jnp.max`, where one slope stands for the
        batch; each sample is then given its cost. None takes each sample's own slope.

    Returns:
      `penalty(critic, reals, fakes, key, *, condition=None) -> [B]`, in float32 at
      least. With a condition, a pytree of arrays `[B, ...]`, the slope is that of
      `lambda x: critic(x, y)`: all of a sample's points are judged under its own
      condition y, which is neither interpolated nor differentiated. The penalty raises
      ValueError if the samples' shapes differ or the critic does not return a scalar
      for one sample.
    """

    def penalty(critic, reals, fakes, key, *, condition=None):
        reals, fakes = as_pair(reals, fakes)
        conditions = condition_arguments(condition, len(reals))
        check_arguments(critic, conditions)
        where = check_points(points(reals, fakes, key), len(reals))

        def steepness(where, conditions):
            bound = (lambda x: critic(x, *conditions)) if conditions else critic
            return at_least_float32(slope(bound, *where))

        slopes = jax.vmap(steepness)(where, conditions)
        if reduce is not None:
            slopes = jnp.broadcast_to(reduce(slopes), slopes.shape)
        return at_least_float32(jax.vmap(shape)(slopes))

    return penalty


def sum_penalties(*penalties: Penalty) -> Penalty:
    """The penalty that is the sum of others, sample by sample.

    Args:
      *penalties: each `(critic, reals, fakes, key) -> [B]`, called with `condition=` as
        well if the sum is. Each has keys of its own, so that the penalties' draws are
        independent.

    Returns:
      A penalty that is called as they are.

    Raises:
      ValueError: there is none.
    """
    if not penalties:
        raise ValueError("sum_penalties needs at least one penalty")

    def penalty(critic, reals, fakes, key, *, condition=None):
        reals, fakes = as_pair(reals, fakes)
        split = jax.vmap(partial(jax.random.split, num=len(penalties)))
        keys = split(sample_keys(key, len(reals)))
        told = {} if condition is None else {"condition": condition}
        costs = [
            each(critic, reals, fakes, keys[:, i], **told)
            for i, each in enumerate(penalties)
        ]
        return sum(costs[1:], costs[0])

    return penalty


def gradient_penalty(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    condition: Any = None,
    target: float | jax.Array = 1.0,
    norm: float = 2.0,
    points: Points = interpolates,
) -> jax.Array:
    """(||grad D(x_hat)||_2 - K)^2 for each sample ([WGAN-GP], equation 3).

    The norm is over all dimensions of a sample, and each sample has its own epsilon.

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`. Keys per sample make the
        draws independent of how a batch is split over devices.
      condition: what each sample is judged under, a pytree of arrays `[B, ...]`; None
        for a critic of one argument.
      target: K > 0, 1 in the paper; estimates are then K times W1.
      norm: p of the samples' norm, as in `gradient_norm`.
      points: where the slope is measured.

    Returns:
      The penalty of each sample `[B]`, not yet multiplied by lambda.

    Raises:
      ValueError: shapes differ, or the critic returns more than a scalar.
    """
    shape = partial(two_sided, target=target)
    slope = partial(gradient_norm, norm=norm)
    penalty = slope_penalty(shape, slope, points)
    return penalty(critic, reals, fakes, key, condition=condition)


def one_sided_gradient_penalty(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    condition: Any = None,
    power: int = 2,
    target: float | jax.Array = 1.0,
    norm: float = 2.0,
    points: Points = interpolates,
) -> jax.Array:
    """max(0, ||grad D(x_hat)||_2 - K)^power for each sample ([WGAN-LP], equation 8).

    Slopes below K = 1 cost nothing, as an optimal critic has them where nothing is
    transported. The other arguments, the result and errors are as in
    `gradient_penalty`.

    Args:
      critic: D.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.
      condition: what each sample is judged under, or None.
      power: 1 or 2, as in `one_sided`.
      target: K > 0, 1 in the paper; estimates are then K times W1.
      norm: p of the samples' norm, as in `gradient_norm`.
      points: where the slope is measured.

    Returns:
      The penalty of each sample `[B]`, not yet multiplied by lambda.
    """
    shape = partial(one_sided, power=power, target=target)
    slope = partial(gradient_norm, norm=norm)
    penalty = slope_penalty(shape, slope, points)
    return penalty(critic, reals, fakes, key, condition=condition)
