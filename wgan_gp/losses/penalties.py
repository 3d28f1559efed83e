"""Penalties: shape(slope(points)), one number per sample.

A penalty adds `weight * mean(shape(slope(D, points)))` to the critic's loss. It holds
the Lipschitz constraint only where its points are, and only in the mean: a critic that
satisfies it may be steeper than 1 elsewhere. A penalty with a gradient in it takes
second derivatives in training, so activations need useful ones: ReLU, leaky ReLU, tanh
and softplus train, ELU did not ([WGAN-GP], appendix D).

A penalty of one's own, zero-centred at the samples (R1 and R2 in the literature):

    >>> import jax
    >>> from wgan_gp import losses
    >>> zero_centred = losses.slope_penalty(
    ...     lambda slope: slope**2, losses.gradient_norm, losses.endpoints
    ... )
    >>> reals, fakes = jax.numpy.ones((2, 3)), jax.numpy.zeros((2, 3))
    >>> zero_centred(lambda x: 2 * x[0], reals, fakes, jax.random.key(0)).tolist()
    [4.0, 4.0]
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
from wgan_gp.losses.pairs import PAIRINGS, endpoint_pairs, independent_pairs
from wgan_gp.losses.points import interpolates
from wgan_gp.losses.shapes import one_sided, two_sided
from wgan_gp.losses.slopes import (
    difference_quotient,
    gradient_norm,
    quotient,
    signed_difference_quotient,
)


def slope_penalty(
    shape: Shape, slope: Callable[..., jax.Array], points: Points
) -> Penalty:
    """Composes a penalty: `shape(slope(critic, *points))` for each sample.

    Args:
      shape: cost of a slope, such as `two_sided`.
      slope: `(critic, *points) -> scalar` at one sample, such as `gradient_norm`.
      points: `(reals, fakes, key) -> (x[B, ...], ...)`, such as `interpolates`.

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

        def cost(where, conditions):
            bound = (lambda x: critic(x, *conditions)) if conditions else critic
            return shape(at_least_float32(slope(bound, *where)))

        return at_least_float32(jax.vmap(cost)(where, conditions))

    return penalty


def gradient_penalty(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    condition: Any = None,
    target: float | jax.Array = 1.0,
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
      points: where the slope is measured.

    Returns:
      The penalty of each sample `[B]`, not yet multiplied by lambda.

    Raises:
      ValueError: shapes differ, or the critic returns more than a scalar.
    """
    shape = partial(two_sided, target=target)
    penalty = slope_penalty(shape, gradient_norm, points)
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
      points: where the slope is measured.

    Returns:
      The penalty of each sample `[B]`, not yet multiplied by lambda.
    """
    shape = partial(one_sided, power=power, target=target)
    penalty = slope_penalty(shape, gradient_norm, points)
    return penalty(critic, reals, fakes, key, condition=condition)


def difference_penalty(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    condition: Any = None,
    values: tuple[jax.Array, jax.Array] | None = None,
    pairing: str | Points = "independent",
    shape: Shape = two_sided,
    signed: bool = False,
    points: Points = interpolates,
) -> jax.Array:
    """(|D(x1) - D(x2)| / ||x1 - x2|| - 1)^2 for each pair of points.

    Needs no second-order differentiation. The default is the form as proposed: x1
    and x2 are two independent draws from the distribution of interpolates, two-
    sided. It does not train well; `docs/difference_penalty.md` shows what does.

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.
      condition: as in `gradient_penalty`. Both points of a pair are judged under one
        condition, else the quotient would count how D depends on it. Of independent
        pairs that is the first point's: the second is drawn under another, but D(., y)
        must be Lipschitz in all of the sample space.
      values: D(x) and D(x_tilde), each `[B]`, where they are known: `critic_loss` hands
        on those that it has. Endpoint pairs then cost no evaluation of the critic, and
        the whole gradient as much as without a penalty. Other pairs do not use them.
      pairing: "independent"; "segment", two points on one line; "endpoint", the real
        and the generated sample; or a function `(reals, fakes, key) -> (x1, x2)`, each
        `[B, ...]`. Where a batch is split over devices, "independent" pairs the
        samples of each device; `independent_pairs` says how to pair across devices.
      shape: cost of a slope: `two_sided`, `one_sided`, or a function of one's own.
      signed: whether the slope keeps its sign, so that a critic which prefers the
        generated end is penalised too. Needs a pairing with a direction.
      points: where independent pairs are drawn from.

    Returns:
      The penalty of each pair `[B]`, not yet multiplied by lambda.

    Raises:
      ValueError: unknown pairing, `signed` or `points` with a pairing that they do
        not apply to, shapes that differ, a critic that returns more than a scalar.
    """
    pairs = _pairs(pairing, signed, points)
    if values is not None and pairs is endpoint_pairs:
        slopes = _endpoint_slopes(*as_pair(reals, fakes), *values)
        return at_least_float32(shape(slopes if signed else jnp.abs(slopes)))
    slope = signed_difference_quotient if signed else difference_quotient
    penalty = slope_penalty(shape, slope, pairs)
    return penalty(critic, reals, fakes, key, condition=condition)


def _endpoint_slopes(reals, fakes, on_reals, on_fakes) -> jax.Array:
    """(D(x) - D(x_tilde)) / ||x - x_tilde|| of each pair `[B]`, of known values."""
    rises = at_least_float32(on_reals) - at_least_float32(on_fakes)
    return jax.vmap(quotient)(rises, reals, fakes)


def _pairs(pairing: str | Points, signed: bool, points: Points) -> Points:
    """The function that draws pairs.

    Raises:
      ValueError: `pairing` is unknown, or `signed` or `points` do not apply to it.
    """
    if callable(pairing):
        return pairing
    if pairing not in PAIRINGS:
        raise ValueError(f"pairing must be one of {sorted(PAIRINGS)}, got {pairing!r}")
    if signed and pairing == "independent":
        raise ValueError(
            "independent pairs have no direction: with signed=True use"
            ' pairing="segment" or "endpoint"'
        )
    if pairing == "independent":
        return partial(independent_pairs, points=points)
    if points is not interpolates:
        raise ValueError(f"points applies to independent pairs only, not to {pairing}")
    return PAIRINGS[pairing]
