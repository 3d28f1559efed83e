from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import (
    SAMPLE_SHAPES,
    direction,
    draw_pair,
    key,
    linear,
    quadratic,
    tanh_critic,
    tanh_params,
)
from wgan_gp import losses

SLOPES = partial(losses.adversarial_penalty, shape=lambda slope: slope)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_slopes_of_a_linear_critic_are_its_weights_norm(shape):
    critic = linear(direction(shape, 2.5), bias=5.0)
    slopes = jax.jit(partial(SLOPES, critic))(*draw_pair(shape), key())
    np.testing.assert_allclose(slopes, 2.5, rtol=2e-3)


def test_slopes_of_a_quadratic_critic_are_those_of_one_power_step():
    """The offset is epsilon g, g the direction of x + xi d, the gradient there."""
    reals, fakes = draw_pair()
    x, probes, steps = losses.with_probes(losses.at_reals, 0.5, 0.3)(
        reals, fakes, key()
    )
    there = np.asarray(x + probes, np.float64)
    g = there / np.linalg.norm(there, axis=1, keepdims=True)
    sign = np.where(np.sum(there**2, 1) < np.sum(np.asarray(x) ** 2, 1), -1, 1)
    offsets = (sign * np.asarray(steps))[:, None] * g
    values = [0.5 * np.sum(y**2, axis=1) for y in (x, x + offsets)]
    expected = np.abs(values[1] - values[0]) / steps
    found = SLOPES(
        quadratic, reals, fakes, key(), points=losses.at_reals, step=0.5, probe=0.3
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert len(set(sign)) == 2


def test_offsets_are_shares_of_the_pairs_distance():
    reals, fakes = draw_pair(count=1000)
    distances = np.linalg.norm(reals - fakes, axis=1)
    _, probes, steps = losses.with_probes(losses.endpoints, 0.5, 0.3)(
        reals, fakes, key()
    )
    lengths = np.linalg.norm(probes, axis=1)
    np.testing.assert_allclose(lengths, 0.3 * distances, rtol=1e-5)
    shares = np.asarray(steps) / distances
    assert 0.5 * losses.SHORTEST <= shares.min() < 0.01
    assert 0.49 < shares.max() <= 0.5
    np.testing.assert_allclose(shares.mean(), 0.2525, rtol=0.05)


def test_a_slope_is_at_least_that_of_a_random_direction():
    reals, fakes = draw_pair(count=400)
    critic = partial(tanh_critic, tanh_params(scale=0.5))

    def random_quotient(critic, x, probe, step):
        end = x + step * probe / jnp.linalg.norm(probe)
        return losses.difference_quotient(critic, end, x)

    where = losses.with_probes(losses.endpoints, losses.REACH, losses.PROBE)
    random = losses.slope_penalty(lambda slope: slope, random_quotient, where)
    found, others = (
        jax.jit(partial(each, critic))(reals, fakes, key()) for each in (SLOPES, random)
    )
    assert found.mean() > 1.5 * others.mean()


def test_no_derivative_goes_through_the_search_for_the_offset():
    """Of D = w x^2 / 2 at x: w times a slope that does not depend on w."""
    reals, fakes = draw_pair((1,))

    def mean(w):
        critic = lambda x: w * jnp.sum(x**2) / 2  # noqa: E731
        return jnp.mean(SLOPES(critic, reals, fakes, key()))

    value, derivative = jax.jit(jax.value_and_grad(mean))(2.0)
    np.testing.assert_allclose(derivative, value / 2, rtol=1e-4)


@pytest.mark.parametrize("share", [0, -1.0, jnp.inf, jnp.nan, "0.1"])
@pytest.mark.parametrize("name", ["step", "probe"])
def test_lengths_that_are_no_share_are_refused(name, share):
    with pytest.raises(ValueError, match=f"{name} must be a finite number > 0"):
        losses.adversarial_penalty(linear(1.0), *draw_pair(), key(), **{name: share})


def test_the_penalty_has_no_units():
    reals, fakes = draw_pair()
    critic = partial(tanh_critic, tanh_params())
    plain = SLOPES(critic, reals, fakes, key())
    scaled = SLOPES(lambda x: 8 * critic(x / 8), 8 * reals, 8 * fakes, key())
    chex.assert_trees_all_close(scaled, plain, rtol=1e-3)
