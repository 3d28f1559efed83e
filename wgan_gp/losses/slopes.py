"""Slopes: how steep a critic is at a point, or between two.

A gradient's norm is exact at one point, and training through it needs second
derivatives. A difference quotient needs none, but it is a mean over a line: it can miss
that the critic is steep in between.

The critic sees a sample in the sample's own floating type; slopes are computed from
its values and gradients in float32 at least.

    >>> steep = lambda x: 3 * x[0] + 4 * x[1]
    >>> float(gradient_norm(steep, jnp.zeros(2)))
    5.0
    >>> float(difference_quotient(steep, jnp.array([2.0, 0.0]), jnp.zeros(2)))
    3.0
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from wgan_gp.losses.checks import Critic, check_same_shape
from wgan_gp.losses.critics import check_critic, explain_state_errors
from wgan_gp.losses.floats import as_floats, at_least_float32
from wgan_gp.losses.points import MIN_DISTANCE

# Below this a gradient's norm reads as this constant, with derivative zero: the
# derivative of a plain norm at zero is NaN, and dead critics do get there.
MIN_NORM = 1e-12


def gradient_norm(critic: Critic, x: jax.Array, *, norm: float = 2.0) -> jax.Array:
    """||grad_x D(x)||_2 at one sample, over all of the sample's dimensions.

    Where distances between samples are measured in the norm l_p, a critic's slope is
    its gradient in the dual norm l_q, 1/p + 1/q = 1 (Banach WGAN, Adler and Lunz 2018,
    arXiv:1806.06621). Estimates are then Wasserstein-1 distances of that norm.

    Args:
      critic: D, a function of one sample that returns a scalar.
      x: one sample `[...]`.
      norm: p in [1, inf], the norm of the samples: 1 gives the largest entry of the
        gradient, 2 its Euclidean norm, and inf the sum of the entries' sizes.

    Returns:
      The norm, a scalar. At a zero gradient it is at most `MIN_NORM`, its derivative 0.

    Raises:
      ValueError: the critic does not return a scalar, or p is not in [1, inf].
    """
    dual = dual_order(norm)
    (x,) = as_floats(x)
    check_critic(critic, x)
    with explain_state_errors():
        gradient = jax.grad(critic)(x)
    gradient = jnp.ravel(at_least_float32(gradient))
    if dual == 2:
        return optax.safe_norm(gradient, MIN_NORM)
    if dual == 1:
        # Not the sum of `abs`, whose derivative at 0 JAX takes as 1.
        return jnp.sum(gradient * jax.lax.stop_gradient(jnp.sign(gradient)))
    # Scaled by its largest entry, since powers of small entries vanish in float32.
    largest = jax.lax.stop_gradient(jnp.maximum(jnp.abs(gradient).max(), MIN_NORM))
    return largest * optax.safe_norm(gradient / largest, MIN_NORM, dual)


def dual_order(norm: Any) -> float:
    """The order q of the dual of the norm l_p, 1/p + 1/q = 1.

    Args:
      norm: p, a number in [1, inf].

    Raises:
      ValueError: it is none.
    """
    traced = isinstance(norm, jax.core.Tracer)
    if hasattr(norm, "dtype") and not np.ndim(norm) and not traced:
        norm = norm.item()  # a NumPy or JAX scalar
    if isinstance(norm, bool) or not isinstance(norm, int | float) or not norm >= 1:
        raise ValueError(
            "norm must be a number >= 1, or inf, such as 2 for the Euclidean one; got"
            f" {norm!r:.60}"
        )
    if norm == 1:
        return math.inf
    return 1.0 if math.isinf(norm) else norm / (norm - 1)


def signed_difference_quotient(
    critic: Critic, x1: jax.Array, x2: jax.Array
) -> jax.Array:
    """(D(x1) - D(x2)) / ||x1 - x2||, positive where the critic prefers x1.

    Args:
      critic: D, a function of one sample that returns a scalar.
      x1: one sample `[...]`.
      x2: another, of the same shape.

    Returns:
      The quotient, a scalar. Points closer than `MIN_DISTANCE` count as that far
      apart, so that equal points have slope 0 and no gradient is NaN.

    Raises:
      ValueError: the shapes differ, or the critic does not return a scalar.
    """
    x1, x2 = as_floats(x1, x2)
    check_same_shape(x1, x2)
    check_critic(critic, x1)
    with explain_state_errors():
        rise = at_least_float32(critic(x1)) - at_least_float32(critic(x2))
    return quotient(rise, x1, x2)


def quotient(rise: jax.Array, x1: jax.Array, x2: jax.Array) -> jax.Array:
    """A difference quotient of which the rise D(x1) - D(x2) is known already.

    Args:
      rise: of the critic from x2 to x1, a scalar.
      x1: one sample `[...]`.
      x2: another, of the same shape.

    Returns:
      The quotient, a scalar; as in `signed_difference_quotient`.
    """
    along = at_least_float32(x1) - at_least_float32(x2)
    return rise / optax.safe_norm(jnp.ravel(along), MIN_DISTANCE)


def difference_quotient(critic: Critic, x1: jax.Array, x2: jax.Array) -> jax.Array:
    """|D(x1) - D(x2)| / ||x1 - x2||: a slope that needs no differentiation.

    By the mean value theorem it is at most the largest gradient norm between the
    two points. Where D(x1) = D(x2) its derivative is finite. Arguments and errors as in
    `signed_difference_quotient`.
    """
    return jnp.abs(signed_difference_quotient(critic, x1, x2))
