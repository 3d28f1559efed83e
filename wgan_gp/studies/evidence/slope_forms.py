"""Forms of the slope between a gradient's norm and a difference along it.

The directional penalty differs from a gradient penalty in three ways: its slope is a
mean over a segment of length 2h, so it is smoother and bounds a longer line; other
points count; and its derivative sees kinks move (claim 11). Each form here has some of
these and not the others; `slope_training` compares what they train.

On the segment x + t h g with -1 <= t <= 1, g being the gradient's direction at x,

    (D(x + h g) - D(x - h g)) / 2h = mean over t of <grad D(x + t h g), g>.

The two sides are equal, but where D has kinks their derivatives by parameters are not:
that of the right side by autodiff leaves the kinks out. "mean slope" is the right side.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from wgan_gp import losses
from wgan_gp.losses import Critic

SEGMENT = 4  # points on a segment for a mean, one in each of as many equal parts


class Draws(NamedTuple):
    """What a form may draw for one sample.

    Attributes:
      along: positions in [-1, 1], one in each of `SEGMENT` equal parts, shuffled.
      anywhere: a random direction, of length 1, `[D]`.
    """

    along: jax.Array
    anywhere: jax.Array


# (critic, x, draws, h) -> []
Slope = Callable[[Critic, jax.Array, Draws, jax.Array], jax.Array]


def _gradient(critic: Critic, x: jax.Array, draws: Draws, h: jax.Array) -> jax.Array:
    del draws, h
    return losses.gradient_norm(critic, x)


def _moved(critic: Critic, x: jax.Array, draws: Draws, h: jax.Array) -> jax.Array:
    return losses.gradient_norm(critic, x + h * draws.along[0] * _direction(critic, x))


def _mean_norm(critic: Critic, x: jax.Array, draws: Draws, h: jax.Array) -> jax.Array:
    points = x[None] + h * draws.along[:, None] * _direction(critic, x)[None]
    return jnp.mean(jax.vmap(partial(losses.gradient_norm, critic))(points))


def _mean_slope(critic: Critic, x: jax.Array, draws: Draws, h: jax.Array) -> jax.Array:
    g = _direction(critic, x)
    points = x[None] + h * draws.along[:, None] * g[None]
    return jnp.abs(jnp.mean(jax.vmap(jax.grad(critic))(points) @ g))


def _directional(critic: Critic, x: jax.Array, draws: Draws, h: jax.Array) -> jax.Array:
    del draws
    return losses.directional_quotient(critic, x, h)


def _gradient_value(
    critic: Critic, x: jax.Array, draws: Draws, h: jax.Array
) -> jax.Array:
    slope = _directional(critic, x, draws, h)
    return slope + jax.lax.stop_gradient(losses.gradient_norm(critic, x) - slope)


def _differentiated(
    critic: Critic, x: jax.Array, draws: Draws, h: jax.Array
) -> jax.Array:
    del draws
    gradient = jax.grad(critic)(x)
    offset = h * gradient / optax.safe_norm(gradient, losses.MIN_NORM)
    return losses.difference_quotient(critic, x + offset, x - offset)


def _anywhere(critic: Critic, x: jax.Array, draws: Draws, h: jax.Array) -> jax.Array:
    offset = h * draws.anywhere
    return losses.difference_quotient(critic, x + offset, x - offset)


def _direction(critic: Critic, x: jax.Array) -> jax.Array:
    gradient = jax.grad(critic)(x)
    unit = gradient / jnp.maximum(jnp.linalg.norm(gradient), losses.MIN_NORM)
    return jax.lax.stop_gradient(unit)


class Form(NamedTuple):
    """A form of the slope in a one-sided penalty.

    Attributes:
      slope: of one sample.
      sees_kinks: whether its derivative by parameters sees kinks move.
      step: h as a share of the cell's own.
      weight: lambda.
      batch: samples of each kind in an update.
    """

    slope: Slope
    sees_kinks: bool
    step: float = 1.0
    weight: float = 10.0
    batch: int = 256


FORMS = {
    "gradient norm": Form(_gradient, False),
    "gradient norm, λ = 3": Form(_gradient, False, weight=3.0),
    "gradient norm, moved": Form(_moved, False),
    "mean norm": Form(_mean_norm, False),
    "mean slope": Form(_mean_slope, False),
    "difference along ĝ": Form(_directional, True),
    "difference, value of norm": Form(_gradient_value, True),
    "difference, ĝ differentiated": Form(_differentiated, True),
    "difference, h / 100": Form(_directional, True, step=0.01),
    "difference, 2.5 h": Form(_directional, True, step=2.5),
    "difference, random direction": Form(_anywhere, True),
    "gradient norm, batch of 2,048": Form(_gradient, False, batch=2048),
    "difference, batch of 2,048": Form(_directional, True, batch=2048),
    "difference, h / 100, batch of 2,048": Form(
        _directional, True, step=0.01, batch=2048
    ),
}
# What others are compared with, one for each size of batch.
BASES = ("gradient norm", "gradient norm, batch of 2,048")
SMOOTH = (BASES[0], "mean slope", "difference along ĝ")  # forms of softplus critics


def form_penalty(slope: Slope, h: jax.Array) -> losses.Penalty:
    """The one-sided penalty of a form's slope, at real or generated samples.

    Args:
      slope: of a form.
      h: half the length of segments, in the units of the samples, `[]`.

    Returns:
      The penalty, as `losses.slope_penalty` returns it.
    """

    def points(reals, fakes, key):
        point_keys, draw_keys = losses.split_keys(key, len(reals))
        (x,) = losses.endpoints(reals, fakes, point_keys)
        return x, *jax.vmap(partial(_draw, x.shape[1]))(draw_keys)

    def drawn(critic: Critic, x: jax.Array, *draws: jax.Array) -> jax.Array:
        return slope(critic, x, Draws(*draws), h)

    return losses.slope_penalty(losses.one_sided, drawn, points)


def _draw(dimension: int, key: jax.Array) -> Draws:
    part_key, order_key, direction_key = jax.random.split(key, 3)
    parts = jnp.arange(SEGMENT) + jax.random.uniform(part_key, (SEGMENT,))
    along = jax.random.permutation(order_key, 2 * parts / SEGMENT - 1)
    normal = jax.random.normal(direction_key, (dimension,))
    return Draws(along, normal / jnp.linalg.norm(normal))
