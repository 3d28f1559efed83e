"""Adversarial Lipschitz penalty (ALP, Terjek 2020, arXiv:1907.05681).

    shape(|D(x) - D(x + r)| / ||r||_2)

The offset r is meant to be the one of its length that violates the constraint most. It
is found by one step of power iteration from a random direction, as in virtual
adversarial training, and held fixed: training takes first derivatives only.
"""

from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.losses.checks import (
    Critic,
    Points,
    Shape,
    as_pair,
    check_one_point,
)
from wgan_gp.losses.critics import check_critic, explain_state_errors
from wgan_gp.losses.directional import unit
from wgan_gp.losses.floats import as_floats, at_least_float32
from wgan_gp.losses.penalties import slope_penalty
from wgan_gp.losses.points import (
    gaussian_noise,
    interpolates,
    pair_distances,
    split_keys,
)
from wgan_gp.losses.ranges import check_share
from wgan_gp.losses.shapes import one_sided
from wgan_gp.losses.slopes import difference_quotient

# The paper's epsilon, up to 10, and its xi, 10, as shares of the distance of two images
# of CIFAR-10 in [-1, 1]: about 40, since sqrt(2 * 3072) * 0.5 is 39.
REACH = PROBE = 0.25
# The paper's smallest epsilon, 0.1, as a share of its largest.
SHORTEST = 0.01


def adversarial_penalty(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
    *,
    condition: Any = None,
    points: Points = interpolates,
    shape: Shape = one_sided,
    step: float | jax.Array = REACH,
    probe: float | jax.Array = PROBE,
) -> jax.Array:
    """shape(|D(x) - D(x + r)| / ||r||_2) for each sample, r an adversarial offset.

    Args:
      critic: D, a function of one sample that returns a scalar, or of a sample and its
        condition.
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`.
      key: one key for the batch, or one per sample `[B]`.
      condition: as in `gradient_penalty`.
      points: where offsets start, `[B, ...]`; the paper's are `endpoints`, which bound
        nothing between samples that are further apart than the step.
      shape: cost of a slope: `one_sided`, `two_sided`, or a function of one's own.
      step: the largest epsilon, the length of r, as a share of the distance
        ||x - x_tilde||_2 of the sample's own pair, > 0. Each sample's epsilon is drawn
        evenly between `SHORTEST` of it and all of it.
      probe: xi, the length of the random offset that power iteration starts with, as a
        share of the same distance, > 0.

    Returns:
      The penalty of each sample `[B]`, not yet multiplied by lambda.

    Raises:
      ValueError: shapes differ, the critic returns more than a scalar, a share is not a
        finite number > 0, or the points are not one array `[B, ...]`.
    """
    where = with_probes(points, step, probe)
    penalty = slope_penalty(shape, adversarial_quotient, where)
    return penalty(critic, reals, fakes, key, condition=condition)


def adversarial_quotient(
    critic: Critic, x: jax.Array, probe: jax.Array, step: jax.Array
) -> jax.Array:
    """|D(x) - D(x + r)| / ||r||_2, r found by one step of power iteration from a probe.

    r points where |D(x) - D(x + probe)| grows fastest with the probe.

    Args:
      critic: D, a function of one sample that returns a scalar.
      x: one sample `[...]`.
      probe: xi d, an offset of the shape of `x`.
      step: epsilon, the length of r, a scalar.

    Returns:
      The slope, a scalar. At a zero gradient it is 0, with derivative 0.

    Raises:
      ValueError: the critic does not return a scalar.
    """
    (x,) = as_floats(x)
    check_critic(critic, x)
    start = at_least_float32(x)
    with explain_state_errors():
        probed = (start + probe).astype(x.dtype)
        value, gradient = jax.value_and_grad(critic)(probed)
        falls = at_least_float32(value) < at_least_float32(critic(x))
    offset = jnp.where(falls, -step, step) * unit(gradient)
    return difference_quotient(critic, (start + offset).astype(x.dtype), x)


def with_probes(
    points: Points, step: float | jax.Array, probe: float | jax.Array
) -> Points:
    """Points that carry a probe and a step each, for `adversarial_quotient`.

    Args:
      points: `(reals, fakes, key) -> (x[B, ...],)`.
      step: as in `adversarial_penalty`.
      probe: likewise.

    Returns:
      `(reals, fakes, key) -> (x[B, ...], probe[B, ...], step[B])`.
    """
    check_share("step", step)
    check_share("probe", probe)

    def probed(reals, fakes, key):
        reals, fakes = as_pair(reals, fakes)
        first, others = split_keys(key, len(reals))
        x = check_one_point(points(reals, fakes, first), len(reals))
        second, third = split_keys(others, len(reals))
        lengths = pair_distances(reals, fakes)
        directions = jax.vmap(unit)(gaussian_noise(second, reals))
        probes = jax.vmap(jnp.multiply)(probe * lengths, directions)
        share = jax.vmap(jax.random.uniform)(third)
        return x, probes, step * lengths * (SHORTEST + (1 - SHORTEST) * share)

    return probed
