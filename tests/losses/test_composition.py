"""Penalties that are put together from others, or reduce the slopes of a batch."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import direction, draw_pair, key, linear, quadratic
from wgan_gp import losses

SLOPE = partial(losses.slope_penalty, lambda slope: slope, losses.gradient_norm)
R1, R2 = (
    losses.slope_penalty(losses.zero_centred, losses.gradient_norm, points)
    for points in (losses.at_reals, losses.at_fakes)
)


def test_a_sum_is_the_sum_of_squares_at_both_samples():
    reals, fakes = draw_pair()
    found = losses.sum_penalties(R1, R2)(quadratic, reals, fakes, key())
    expected = np.sum(reals**2, axis=1) + np.sum(fakes**2, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_all_parts_of_a_sum_are_under_the_condition():
    pair, labels = draw_pair((1,)), jnp.arange(6.0)
    both = losses.sum_penalties(R1, R2)
    found = both(lambda x, y: y * x[0], *pair, key(), condition=labels)
    np.testing.assert_allclose(found, 2 * labels**2, rtol=1e-5, atol=1e-20)


def test_a_reduction_gives_one_slope_to_the_batch():
    pair = draw_pair()
    each = SLOPE(losses.endpoints)(quadratic, *pair, key())
    top = SLOPE(losses.endpoints, reduce=jnp.max)(quadratic, *pair, key())
    chex.assert_trees_all_equal(top, jnp.full(6, each.max()))


def test_the_gradient_of_the_largest_slope_is_that_of_its_sample():
    reals, fakes = draw_pair((1,))
    steepest = jnp.argmax(jnp.abs(reals))

    def largest(w):
        critic = lambda x: jnp.sum(w * x**2) / 2  # noqa: E731
        penalty = SLOPE(losses.at_reals, reduce=jnp.max)
        return jnp.mean(penalty(critic, reals, fakes, key()))

    np.testing.assert_allclose(
        jax.grad(largest)(2.0), jnp.abs(reals[steepest, 0]), rtol=1e-5
    )


@pytest.mark.parametrize("norm", [1.0, 3.0, np.inf])
@pytest.mark.parametrize(
    "penalty", [losses.gradient_penalty, losses.one_sided_gradient_penalty]
)
def test_gradient_penalties_take_a_norm_and_a_target(penalty, norm):
    weight = direction((3,), 2.5)
    dual = {1.0: np.inf, 3.0: 1.5, np.inf: 1}[norm]
    excess = np.linalg.norm(np.asarray(weight), dual) - 0.5
    found = penalty(linear(weight), *draw_pair(), key(), norm=norm, target=0.5)
    np.testing.assert_allclose(found, excess**2, rtol=1e-4)


def test_parts_of_a_sum_draw_independently():
    pair = draw_pair((1,))
    once, twice = (
        SLOPE(losses.interpolates),
        losses.sum_penalties(*[SLOPE(losses.interpolates)] * 2),
    )
    found = twice(quadratic, *pair, key())
    assert not np.allclose(found, 2 * once(quadratic, *pair, key()))
    assert len({round(float(x), 6) for x in found}) == 6


def test_no_penalty_has_no_sum():
    with pytest.raises(ValueError, match="at least one penalty"):
        losses.sum_penalties()


def test_parts_of_a_sum_are_told_a_condition_only_if_there_is_one():
    """As `critic_loss` tells a penalty."""

    def plain(critic, reals, fakes, key):
        return jnp.ones(len(reals))

    reals, fakes = draw_pair()
    found = losses.sum_penalties(plain, plain)(quadratic, reals, fakes, key())
    np.testing.assert_array_equal(found, np.full(len(reals), 2.0))
