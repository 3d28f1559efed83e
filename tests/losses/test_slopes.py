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

QUOTIENTS = (losses.difference_quotient, losses.signed_difference_quotient)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
@pytest.mark.parametrize("norm", [0.25, 1.0, 3.0])
def test_gradient_norm_of_a_linear_critic_is_its_weights_norm(shape, norm):
    critic = linear(direction(shape, norm), bias=5.0)
    slope = losses.gradient_norm(critic, jnp.ones(shape))
    chex.assert_trees_all_close(slope, norm, rtol=1e-6)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_gradient_norm_of_a_quadratic_critic_is_the_points_norm(shape):
    x = jax.random.normal(key(), shape)
    expected = np.linalg.norm(np.ravel(x))
    slope = losses.gradient_norm(quadratic, x)
    chex.assert_trees_all_close(slope, expected, rtol=1e-6)


DUALS = pytest.mark.parametrize(
    ("norm", "dual"),
    [(1, np.inf), (1.01, 101.0), (1.5, 3.0), (3, 1.5), (100, 100 / 99), (np.inf, 1)],
)


@DUALS
@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 1e6])
def test_gradient_norm_is_that_dual_to_the_samples_norm(norm, dual, size):
    weight = jnp.array([3.0, -4.0, 0.0, 1.0])
    slope = losses.gradient_norm(linear(size * weight), jnp.ones(4), norm=norm)
    expected = size * np.linalg.norm(np.asarray(weight, np.float64), dual)
    np.testing.assert_allclose(slope, expected, rtol=1e-5)


@DUALS
def test_no_difference_quotient_in_a_norm_exceeds_the_dual_norm(norm, dual):
    """And the quotient along the dual direction attains it: Hoelder's inequality."""
    weight = np.array([3.0, -4.0, 0.0, 1.0])
    steps = np.random.default_rng(0).normal(size=(1000, 4))
    quotients = np.abs(steps @ weight) / np.linalg.norm(steps, norm, axis=1)
    slope = losses.gradient_norm(linear(jnp.asarray(weight)), jnp.ones(4), norm=norm)
    assert quotients.max() <= slope * (1 + 1e-5)
    if 1 < norm < np.inf:
        best = np.sign(weight) * np.abs(weight) ** (dual - 1)
        attained = best @ weight / np.linalg.norm(best, norm)
        np.testing.assert_allclose(slope, attained, rtol=1e-5)


@DUALS
@pytest.mark.parametrize("weight", [[0.0, 0.0, 0.0], [2.0, 0.0, -1.0]])
def test_dual_norms_have_finite_derivatives_at_zeros(norm, dual, weight):
    slope = lambda w: losses.gradient_norm(linear(w), jnp.ones(3), norm=norm)  # noqa: E731
    value, gradient = jax.value_and_grad(slope)(jnp.array(weight))
    chex.assert_tree_all_finite(gradient)
    assert gradient[1] == 0
    if weight[0]:  # the derivative of the norm, by hand
        size = np.abs(weight) / np.linalg.norm(weight, min(dual, 400))
        expected = np.sign(weight) * size ** (dual - 1 if np.isfinite(dual) else 400)
        np.testing.assert_allclose(gradient, expected, atol=1e-5)
    else:
        assert 0 <= value <= losses.MIN_NORM


@pytest.mark.parametrize("norm", [0.5, 0, -1, np.nan, "2", True])
def test_norms_below_one_are_rejected(norm):
    with pytest.raises(ValueError, match="norm must be a number >= 1, or inf"):
        losses.gradient_norm(quadratic, jnp.ones(3), norm=norm)


@pytest.mark.parametrize("norm", [np.int64(2), np.float32(2), jnp.float32(2)])
def test_norms_may_be_scalars_of_arrays(norm):
    slope = losses.gradient_norm(linear(jnp.array([3.0, 4.0])), jnp.ones(2), norm=norm)
    assert slope == pytest.approx(5)


def test_gradient_norm_of_a_constant_critic_is_tiny_with_derivative_zero():
    slope, derivative = jax.value_and_grad(
        lambda c: losses.gradient_norm(lambda x: c * jnp.sum(x), jnp.ones(3))
    )(0.0)
    chex.assert_trees_all_close(slope, losses.MIN_NORM)
    assert derivative == 0


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_difference_quotient_of_a_linear_critic(shape):
    (x1, *_), (x2, *_) = draw_pair(shape)
    weight = direction(shape, 3.0)
    along = np.asarray(x1 - x2, np.float64)
    expected = np.sum(np.asarray(weight) * along) / np.linalg.norm(along.ravel())
    signed = losses.signed_difference_quotient(linear(weight, bias=5.0), x1, x2)
    size = losses.difference_quotient(linear(weight, bias=5.0), x1, x2)
    chex.assert_trees_all_close(signed, expected, rtol=1e-5)
    chex.assert_trees_all_close(size, abs(expected), rtol=1e-5)


def test_the_signed_quotient_is_positive_where_the_first_point_is_preferred():
    low, high = jnp.zeros(2), jnp.array([3.0, 4.0])
    critic = linear(jnp.array([0.6, 0.8]))
    chex.assert_trees_all_close(
        losses.signed_difference_quotient(critic, high, low), 1.0
    )
    chex.assert_trees_all_close(
        losses.signed_difference_quotient(critic, low, high), -1.0
    )


@pytest.mark.parametrize("quotient", QUOTIENTS)
def test_equal_points_have_slope_zero_and_finite_gradients(quotient):
    x = jnp.ones(3)
    params = tanh_params()
    slope, grads = jax.value_and_grad(
        lambda p, a, b: quotient(lambda y: tanh_critic(p, y), a, b), argnums=(0, 1, 2)
    )(params, x, x)
    assert slope == 0
    chex.assert_tree_all_finite(grads)


def test_points_closer_than_the_minimum_count_as_that_far_apart():
    x1 = jnp.array([losses.MIN_DISTANCE / 4])
    slope = losses.difference_quotient(linear(jnp.ones(1)), x1, jnp.zeros(1))
    chex.assert_trees_all_close(slope, 0.25, rtol=1e-5)


def test_a_difference_quotient_is_at_most_the_steepest_gradient_between():
    critic = lambda x: tanh_critic(tanh_params(), x)  # noqa: E731
    for x1, x2 in zip(*draw_pair()):
        line = jnp.linspace(x1, x2, 200)
        steepest = jax.vmap(lambda x: losses.gradient_norm(critic, x))(line).max()
        assert losses.difference_quotient(critic, x1, x2) <= 1.001 * steepest


def test_quotients_reject_points_of_different_shapes():
    for quotient in QUOTIENTS:
        with pytest.raises(ValueError, match="one shape"):
            quotient(quadratic, jnp.ones(3), jnp.ones(1))


@pytest.mark.parametrize(
    "critic", [lambda x: x[:1], lambda x: x[:2], lambda x: (x[0], x[1])]
)
def test_critics_that_return_more_than_a_scalar_are_rejected(critic):
    x = jnp.ones(3)
    with pytest.raises(ValueError, match="scalar"):
        losses.gradient_norm(critic, x)
    for quotient in QUOTIENTS:
        with pytest.raises(ValueError, match="scalar"):
            quotient(critic, x, 2 * x)
