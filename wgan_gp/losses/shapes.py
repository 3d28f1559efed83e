"""Shapes: what a slope costs, computed in float32 at least.

The two-sided shape asks for slope 1, the one-sided one for slope 1 at most. They agree
where the critic is too steep. Where it is flat the one-sided shape has no gradient, and
the two-sided one pulls the slope up in whatever direction the gradient has. The
zero-centred shape asks for no slope in particular: it makes every slope expensive.

    >>> slopes = jnp.array([0.0, 1.0, 3.0])
    >>> two_sided(slopes).tolist(), one_sided(slopes).tolist()
    ([1.0, 0.0, 4.0], [0.0, 0.0, 4.0])
    >>> zero_centred(slopes).tolist()
    [0.0, 1.0, 9.0]

A target K other than 1 asks for critics of slope K. Such a critic's estimate is K times
the Wasserstein-1 distance.

    >>> two_sided(slopes, target=2.0).tolist()
    [4.0, 1.0, 1.0]
"""

import math

import jax
import jax.numpy as jnp

from wgan_gp.losses.floats import at_least_float32
from wgan_gp.losses.ranges import check_positive


def two_sided(slope: jax.Array, *, target: float | jax.Array = 1.0) -> jax.Array:
    """(s - K)^2, elementwise ([WGAN-GP], equation 3, where K = 1).

    Args:
      slope: s, of any shape.
      target: K > 0, the slope that costs nothing.

    Returns:
      The cost, of the shape of `slope`.

    Raises:
      ValueError: the target is not a finite number > 0.
    """
    check_positive("target", target)
    return jnp.square(at_least_float32(slope) - target)


def one_sided(
    slope: jax.Array, *, power: int = 2, target: float | jax.Array = 1.0
) -> jax.Array:
    """max(0, s - K)^power, elementwise.

    Args:
      slope: s, of any shape.
      power: 1 is the form first proposed, 2 the squared one that [WGAN-GP]
        (section 4) and [WGAN-LP] (equation 8) compare with.
      target: K > 0, the largest slope that costs nothing; 1 in both papers.

    Raises:
      ValueError: `power` is neither 1 nor 2, or the target not a finite number > 0.
    """
    if power not in (1, 2):
        raise ValueError(f"power must be 1 or 2, got {power}")
    check_positive("target", target)
    excess = jnp.maximum(at_least_float32(slope) - target, 0)
    return excess if power == 1 else jnp.square(excess)


def zero_centred(slope: jax.Array, *, exponent: float = 2.0) -> jax.Array:
    """|s|^exponent, elementwise: 2 for R1 and R2 (arXiv:1801.04406), 6 for WGAN-div.

    No slope is free, so that a critic pays for its estimate: at the optimum slopes
    depend on the weight and on the distance of the distributions, and the estimate is
    no distance.

    Args:
      slope: s, of any shape.
      exponent: >= 1, so that the derivative at slope 0 is finite.

    Raises:
      ValueError: the exponent is not a finite number >= 1.
    """
    if not 1 <= exponent < math.inf:
        raise ValueError(f"exponent must be a finite number >= 1, got {exponent!r}")
    slope = jnp.abs(at_least_float32(slope))
    return jnp.square(slope) if exponent == 2 else slope**exponent


# By the names that configurations use.
SHAPES = {
    "two_sided": two_sided,
    "one_sided": one_sided,
    "zero_centred": zero_centred,
}
