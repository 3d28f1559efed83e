"""The difference penalty: slopes between two points, which need no differentiation."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.losses.checks import Critic, Points, Shape, as_pair
from wgan_gp.losses.floats import at_least_float32
from wgan_gp.losses.pairs import PAIRINGS, endpoint_pairs, independent_pairs
from wgan_gp.losses.penalties import slope_penalty
from wgan_gp.losses.points import interpolates
from wgan_gp.losses.shapes import two_sided
from wgan_gp.losses.slopes import (
    difference_quotient,
    quotient,
    signed_difference_quotient,
)


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

    Needs no second-order differentiation. The default is the literal form, of which
    there is no paper: x1 and x2 are two independent draws from the distribution of
    interpolates, two-sided. It does not train well; `docs/difference_penalty.md` shows
    what does.

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
    for name, function in PAIRINGS.items():
        pairing = name if pairing is function else pairing
    if callable(pairing):
        if points is not interpolates:
            raise ValueError(
                "points applies to pairing='independent' only: a pairing that is a"
                " function draws its own"
            )
        return pairing
    if not isinstance(pairing, str) or pairing not in PAIRINGS:
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
