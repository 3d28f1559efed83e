"""The directional penalty: a difference quotient along the critic's own gradient.

    shape(|D(x + h g) - D(x - h g)| / 2h),  g = grad D(x) / ||grad D(x)||_2 held fixed

The gradient tells in which direction the critic is steepest, and the quotient how steep
it is there, on a segment of length 2h. Training differentiates the two values alone, so
it takes first derivatives only. In critics with kinks, such as ReLU networks, the
derivative of a gradient's norm does not see that kinks move; that of a quotient does.

For linear and quadratic critics the slope is the gradient's norm at x, for any h.

The points must lie between the samples too. At the samples alone the critic finds what
minimises the loss: it is flat around each of them, and as steep as it likes on the way
from one to the other. A gradient penalty there is blind to the kinks that make this.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from wgan_gp.losses.checks import (
    Critic,
    Points,
    Shape,
    as_pair,
    check_one_point,
    check_points,
)
from wgan_gp.losses.critics import check_critic, explain_state_errors
from wgan_gp.losses.floats import as_floats, at_least_float32
from wgan_gp.losses.penalties import slope_penalty
from wgan_gp.losses.points import interpolates, pair_distances
from wgan_gp.losses.ranges import check_share
from wgan_gp.losses.shapes import one_sided
from wgan_gp.losses.slopes import MIN_NORM, difference_quotient

# h as a share of the distance between a real sample and its generated one. Longer steps
# are worse in two dimensions, shorter ones in 16: docs/difference_penalty.md.
STEP = 0.03

# A share of each pair's distance, or (reals, fakes) -> h [B].
Step = float | jax.Array | Callable[[jax.Array, jax.Array], jax.Array]


def directional_penalty(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    condition: Any = None,
    points: Points = interpolates,
    shape: Shape = one_sided,
    step: Step = STEP,
) -> jax.Array:
    """shape(|D(x + h g) - D(x - h g)| / 2h) for each sample, g = grad D / ||grad D||.

    Needs no second-order differentiation: g is held fixed.

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.
      condition: as in `gradient_penalty`.
      points: where the slope is measured, `[B, ...]`. Those at the samples alone, such
        as `endpoints`, fail where real and generated samples lie far apart.
      shape: cost of a slope: `one_sided`, `two_sided`, or a function of one's own.
      step: h as a share of the distance ||x - x_tilde||_2 of the sample's own pair,
        > 0, which has no units. Or a function `(reals, fakes) -> h [B]` that returns
        h in the units of the samples.

    Returns:
      The penalty of each sample `[B]`, not yet multiplied by lambda.

    Raises:
      ValueError: shapes differ, the critic returns more than a scalar, the step is not
        a finite number > 0, or the points are not one array `[B, ...]`.
    """
    penalty = slope_penalty(shape, directional_quotient, with_steps(points, step))
    return penalty(critic, reals, fakes, key, condition=condition)


def directional_quotient(critic: Critic, x: jax.Array, step: jax.Array) -> jax.Array:
    """|D(x + h g) - D(x - h g)| / 2h, g the direction of D's gradient, held fixed.

    Args:
      critic: D, a function of one sample that returns a scalar.
      x: one sample `[...]`.
      step: h, a scalar in the units of the sample.

    Returns:
      The slope, a scalar. At a zero gradient it is 0, with derivative 0.

    Raises:
      ValueError: the critic does not return a scalar.
    """
    (x,) = as_floats(x)
    check_critic(critic, x)
    with explain_state_errors():
        gradient = jax.grad(critic)(x)
    return central_quotient(critic, x, at_least_float32(step) * unit(gradient))


def central_quotient(critic: Critic, x: jax.Array, offset: jax.Array) -> jax.Array:
    """|D(x + r) - D(x - r)| / 2 ||r||.

    Args:
      critic: D, a function of one sample that returns a scalar.
      x: one sample `[...]`.
      offset: r, of the shape of `x`.
    """
    middle = at_least_float32(x)
    ends = (middle + offset).astype(x.dtype), (middle - offset).astype(x.dtype)
    return difference_quotient(critic, *ends)


def unit(x: jax.Array) -> jax.Array:
    """The direction x / ||x||_2 of an array, not differentiated; 0 at 0."""
    x = at_least_float32(x)
    return jax.lax.stop_gradient(x / optax.safe_norm(jnp.ravel(x), MIN_NORM))


def with_steps(points: Points, step: Step) -> Points:
    """Points that carry a step each, for a slope such as `directional_quotient`.

    Args:
      points: `(reals, fakes, key) -> (x[B, ...],)`.
      step: as in `directional_penalty`.

    Returns:
      `(reals, fakes, key) -> (x[B, ...], h[B])`. A step depends on its own pair alone,
      and not on how a batch is split over devices.

    Raises:
      ValueError: the step is neither a function nor a finite number > 0.
    """
    if not callable(step):
        check_share("step", step)

    def stepped(reals, fakes, key):
        reals, fakes = as_pair(reals, fakes)
        x = check_one_point(points(reals, fakes, key), len(reals))
        if callable(step):
            (steps,) = check_points((step(reals, fakes),), len(reals))
            return x, steps
        return x, step * pair_distances(reals, fakes)

    return stepped
