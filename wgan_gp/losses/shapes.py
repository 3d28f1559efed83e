"""Shapes: what a slope costs, computed in float32 at least.

The two-sided shape asks for slope 1, the one-sided one for slope 1 at most. They agree
where the critic is too steep. Where it is flat the one-sided shape has no gradient, and
the two-sided one pulls the slope up in whatever direction the gradient has.

    >>> slopes = jnp.array([0.0, 1.0, 3.0])
    >>> two_sided(slopes).tolist(), one_sided(slopes).tolist()
    ([1.0, 0.0, 4.0], [0.0, 0.0, 4.0])
"""

import jax
import jax.numpy as jnp

from wgan_gp.losses.floats import at_least_float32


def two_sided(slope: jax.Array) -> jax.Array:
    """(s - 1)^2, elementwise ([WGAN-GP], equation 3).

    Args:
      slope: s, of any shape.

    Returns:
      The cost, of the shape of `slope`.
    """
    return jnp.square(at_least_float32(slope) - 1)


def one_sided(slope: jax.Array, *, power: int = 2) -> jax.Array:
    """max(0, s - 1)^power, elementwise.

    Args:
      slope: s, of any shape.
      power: 1 is the form first proposed, 2 the squared one that [WGAN-GP]
        (section 4) and [WGAN-LP] (equation 8) compare with.

    Raises:
      ValueError: `power` is neither 1 nor 2.
    """
    if power not in (1, 2):
        raise ValueError(f"power must be 1 or 2, got {power}")
    excess = jnp.maximum(at_least_float32(slope) - 1, 0)
    return excess if power == 1 else jnp.square(excess)


SHAPES = {"two_sided": two_sided, "one_sided": one_sided}
