from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.helpers import (
    SAMPLE_SHAPES,
    direction,
    draw_pair,
    key,
    linear,
    tanh_critic,
    tanh_params,
)
from wgan_gp import losses, train
from wgan_gp.constraints import penalise
from wgan_gp.networks import MLPCritic, from_flax

STEPS = pytest.mark.parametrize("step", [0.01, 0.1, 3.0])
SLOPES = partial(losses.directional_penalty, shape=lambda slope: slope)


def gradient_norms(critic, points, pair):
    """The slopes that a gradient penalty sees at the same points."""
    norms = losses.slope_penalty(lambda slope: slope, losses.gradient_norm, points)
    return norms(critic, *pair, key())


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
@STEPS
def test_slopes_of_a_linear_critic_are_its_weights_norm(shape, step):
    critic = linear(direction(shape, 2.5), bias=5.0)
    slopes = SLOPES(critic, *draw_pair(shape), key(), step=step)
    np.testing.assert_allclose(slopes, 2.5, rtol=1e-3)


@pytest.mark.parametrize("points", [losses.endpoints, losses.interpolates])
@STEPS
def test_slopes_of_a_quadratic_critic_are_its_gradients_norms(points, step):
    pair, b = draw_pair(), direction((3,), 2.0)
    critic = lambda x: 0.7 * jnp.sum((x - 3) ** 2) + jnp.sum(b * x)  # noqa: E731
    slopes = SLOPES(critic, *pair, key(), step=step, points=points)
    np.testing.assert_allclose(slopes, gradient_norms(critic, points, pair), rtol=2e-3)


@pytest.mark.long
def test_a_short_step_gives_the_slopes_and_gradients_of_a_gradient_penalty():
    """Turning the direction g changes a slope along g only to second order."""
    with jax.enable_x64(True):
        pair, params = draw_pair(), tanh_params()

        def mean(penalty, p):
            return jnp.mean(penalty(partial(tanh_critic, p), *pair, key()))

        short = partial(losses.directional_penalty, step=1e-4)
        gradient = losses.one_sided_gradient_penalty
        expected = jax.value_and_grad(partial(mean, gradient))(params)
        found = jax.value_and_grad(partial(mean, short))(params)
        chex.assert_trees_all_close(found, expected, rtol=1e-5, atol=1e-7)


def test_gradients_are_those_with_the_direction_held_fixed():
    (reals, fakes), params = draw_pair(count=4), tanh_params(scale=2.0)
    gradients = jax.vmap(jax.grad(partial(tanh_critic, params)))(reals)
    h = 0.1 * jnp.linalg.norm(reals - fakes, axis=1)
    offsets = (h / jnp.linalg.norm(gradients, axis=1))[:, None] * gradients

    def held(p):
        critic = jax.vmap(partial(tanh_critic, p))
        rises = critic(reals + offsets) - critic(reals - offsets)
        return jnp.mean((jnp.abs(rises) / (2 * h) - 1) ** 2)

    def penalty(p):
        return jnp.mean(
            losses.directional_penalty(
                partial(tanh_critic, p),
                *(reals, fakes, key()),
                points=losses.at_reals,
                shape=losses.two_sided,
                step=0.1,
            )
        )

    found, expected = (jax.jit(jax.grad(f))(params) for f in (penalty, held))
    chex.assert_trees_all_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_kink_within_the_step_counts_by_its_share():
    """D = relu(x - 1) at x = 1.1, h = 0.2: one quarter of [0.9, 1.3] is flat."""
    critic = lambda x: jax.nn.relu(x[0] - 1)  # noqa: E731
    ones = jnp.full((2, 1), 1.1)
    slopes = SLOPES(critic, ones, ones + 2, key(), step=0.1, points=losses.at_reals)
    np.testing.assert_allclose(slopes, 0.75, rtol=1e-4)


def test_the_derivative_sees_a_kink_that_moves():
    """Of D = w relu(x - b) the derivative in b is what a gradient penalty misses."""
    ones = jnp.full((2, 1), 1.1)

    def mean(penalty, b):
        critic = lambda x: 4 * jax.nn.relu(x[0] - b)  # noqa: E731
        return jnp.mean(penalty(critic, ones, ones + 2, key(), points=losses.at_reals))

    assert jax.grad(partial(mean, losses.one_sided_gradient_penalty))(1.0) == 0
    # (4 (1.3 - b) / 0.4 - 1)^2, whose derivative at b = 1 is 2 (3 - 1) (-10).
    steps = partial(losses.directional_penalty, step=0.1)
    derivative = jax.grad(partial(mean, steps))(1.0)
    np.testing.assert_allclose(derivative, -40.0, rtol=1e-3)


def test_steps_are_shares_of_the_pairs_distance_or_a_function_of_it():
    reals, fakes = draw_pair()
    distances = np.linalg.norm(reals - fakes, axis=1)
    _, shares = losses.with_steps(losses.endpoints, 0.25)(reals, fakes, key())
    np.testing.assert_allclose(shares, 0.25 * distances, rtol=1e-5)
    absolute = lambda reals, fakes: jnp.full(len(reals), 0.3)  # noqa: E731
    _, steps = losses.with_steps(losses.endpoints, absolute)(reals, fakes, key())
    chex.assert_trees_all_equal(steps, jnp.full(6, 0.3))


def test_the_penalty_has_no_units():
    """Samples in other units, and a critic of the same slopes: the same penalties."""
    reals, fakes = draw_pair()
    critic = partial(tanh_critic, tanh_params())
    plain = SLOPES(critic, reals, fakes, key())
    scaled = SLOPES(lambda x: 8 * critic(x / 8), 8 * reals, 8 * fakes, key())
    chex.assert_trees_all_close(scaled, plain, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_samples_in_half_precision_are_compared_where_they_are_rounded_to(dtype):
    pair = [x.astype(dtype) for x in draw_pair()]
    critic = lambda x: 2.5 * jnp.sum(x.astype(jnp.float32)) / jnp.sqrt(3)  # noqa: E731
    slopes = SLOPES(critic, *pair, key())
    chex.assert_type(slopes, jnp.float32)
    np.testing.assert_allclose(slopes, 2.5, rtol=2e-2)


@pytest.mark.parametrize("step", [0, -1.0, jnp.inf, jnp.nan, "0.1", None])
def test_steps_that_are_no_share_are_refused(step):
    with pytest.raises(ValueError, match="step must be a finite number > 0"):
        losses.directional_penalty(linear(1.0), *draw_pair(), key(), step=step)


def test_a_step_function_returns_one_step_per_sample():
    with pytest.raises(ValueError, match="one row per sample"):
        losses.directional_penalty(
            linear(1.0), *draw_pair(), key(), step=lambda reals, fakes: 0.1
        )


def test_steps_need_points_of_one_array():
    with pytest.raises(ValueError, match="one array are needed, got 2"):
        losses.directional_penalty(
            linear(1.0), *draw_pair(), key(), points=losses.endpoint_pairs
        )


@pytest.mark.parametrize(
    "penalty", [losses.directional_penalty, losses.adversarial_penalty]
)
@pytest.mark.parametrize(
    ("points", "least", "greatest"),
    [({}, 4.6, 5.2), ({"points": losses.endpoints}, 10.0, np.inf)],
)
def test_at_the_samples_alone_it_bounds_nothing_in_between(
    penalty, points, least, greatest
):
    """Two small clusters at distance d = 4: the optimum is d + d^2 / 2 lambda = 4.8."""

    def cluster(at, key, n):
        return jnp.array([[at, 0.0]]) + 0.05 * jax.random.normal(key, (n, 2))

    algorithm = train.CriticAlgorithm(
        from_flax(MLPCritic(hidden=(32, 32)), (2,)),
        partial(cluster, 2.0),
        partial(optax.adam, b1=0.0, b2=0.9),
        penalise(partial(penalty, **points)),
        batch_size=64,
    )
    rates = train.Hyperparameters(critic_learning_rate=1e-3, strength=10.0)
    training = train.make_critic_train(algorithm, partial(cluster, -2.0), 400)
    _, curves = jax.jit(training)(key(), rates)
    assert least < curves["wasserstein"][-20:].mean() < greatest
