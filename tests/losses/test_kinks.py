"""What autodiff leaves out of a penalty's gradient, in closed form in one dimension.

The critic is D(x) = a x + w relu(x - b): slope a left of its kink b, a + w right of it.
Samples are standard normal, of density p. The population's gradient penalty

    P(b) = shape(a) Prob(x < b) + shape(a + w) Prob(x > b)

has the derivative -p(b) (shape(a + w) - shape(a)) by b. For a = 0 and the one-sided
shape this is -p(b) (w - 1)^2 where w > 1.
"""

import math

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp import losses

KINK = 0.3
# Cells of the quadrature. Kinks and the ends of their bands are boundaries of cells, so
# that midpoints are exact to second order where an integrand jumps, too.
CELL = 1e-4
DENSITY = math.exp(-(KINK**2) / 2) / math.sqrt(2 * math.pi)
DENSITY_SLOPE = -KINK * DENSITY

each_shape = pytest.mark.parametrize("shape", [losses.one_sided, losses.two_sided])
each_critic = pytest.mark.parametrize(
    ("a", "w"), [(0.0, 1.6), (0.5, 1.2), (1.5, -0.8), (0.2, 3.0)]
)


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def quadrature():
    """Nodes `[n, 1]` near the kink, the only ones whose cost it can change; weights."""
    nodes = KINK + CELL * (np.arange(-5000, 5000) + 0.5)[:, None]
    return nodes, CELL * np.exp(-(nodes[:, 0] ** 2) / 2) / math.sqrt(2 * math.pi)


def population(penalty, a, w):
    """The population's penalty, up to a constant, as a function of the kink."""
    nodes, weights = quadrature()

    def at(b):
        def critic(x):
            return a * x[0] + w * jax.nn.relu(x[0] - b)

        costs = penalty(critic, nodes, nodes, key(), points=lambda *_: (nodes,))
        return jnp.dot(weights, costs)

    return at


def gradient_penalty(shape):
    def penalty(*args, points):
        return losses.slope_penalty(shape, losses.gradient_norm, points)(*args)

    return penalty


def directional_penalty(shape, h):
    def penalty(*args, points):
        def step(reals, fakes):
            return jnp.full(len(reals), h)

        options = {"shape": shape, "step": step, "points": points}
        return losses.directional_penalty(*args, **options)

    return penalty


def jump(shape, a, w):
    return float(shape(abs(a + w)) - shape(a))


@each_shape
@each_critic
def test_autodiff_does_not_see_a_kink_move(shape, a, w):
    at = population(gradient_penalty(shape), a, w)
    assert jax.grad(at)(KINK) == 0


@each_shape
@each_critic
def test_the_population_does(shape, a, w):
    at = population(gradient_penalty(shape), a, w)
    moved = 50 * CELL
    numerical = (at(KINK + moved) - at(KINK - moved)) / (2 * moved)
    expected = -DENSITY * jump(shape, a, w)
    np.testing.assert_allclose(numerical, expected, rtol=1e-4)


def mean_cost(shape, low, high):
    """The mean of shape(s) for s between the two, exact for its piecewise squares."""
    slopes = low + (high - low) * (np.arange(20_000) + 0.5) / 20_000
    return float(np.mean(shape(slopes)))


@each_shape
@pytest.mark.parametrize(("a", "w"), [(0.5, 1.2), (1.5, -0.8), (0.2, 3.0)])
def test_a_directional_penalty_sees_it_up_to_an_error_of_first_order(shape, a, w):
    """The slope at b - h + 2 h t is a + w t. Integrate by parts over t in [0, 1]."""
    exact = -DENSITY * jump(shape, a, w)
    ends = float(shape(a + w) + shape(a))
    per_h = -DENSITY_SLOPE * (ends - 2 * mean_cost(shape, a, a + w))
    for h in (0.01, 0.02):
        at = population(directional_penalty(shape, h), a, w)
        error = jax.grad(at)(KINK) - exact
        np.testing.assert_allclose(error, h * per_h, rtol=0.03, atol=1e-5)


@pytest.mark.parametrize(("w", "seen"), [(1.6, 0.36), (3.0, 4.0 - 0.25)])
def test_where_the_gradient_is_zero_no_direction_is_known(w, seen):
    """Of the slopes from 0 to w, only those from w / 2 on are measured: x > b."""
    at = population(directional_penalty(losses.one_sided, 0.01), 0.0, w)
    np.testing.assert_allclose(jax.grad(at)(KINK), -DENSITY * seen, rtol=0.01)


def test_where_the_direction_jumps_a_part_is_left_out_however_short_the_step():
    """In two dimensions the gradient is g before the kink and k behind it.

    Each point measures along its own gradient, so at the kink itself the slopes of both
    sides are (|g| + <k, g> / |g|) / 2 and (|k| + <g, k> / |k|) / 2, which differ.
    """
    g, k = np.array([1.0, 1.5]), np.array([4.0, 1.5])
    nodes, weights = quadrature()
    nodes = np.concatenate([nodes, np.zeros_like(nodes)], axis=1)
    penalty = directional_penalty(losses.one_sided, 0.01)

    def at(b):
        def critic(x):
            return x @ g + 3 * jax.nn.relu(x[0] - b)

        costs = penalty(critic, nodes, nodes, key(), points=lambda *_: (nodes,))
        return jnp.dot(weights, costs)

    norms = np.linalg.norm(g), np.linalg.norm(k)
    ends = [(norm + g @ k / norm) / 2 for norm in norms]
    cost = losses.one_sided
    seen = cost(ends[0]) - cost(norms[0]) + cost(norms[1]) - cost(ends[1])
    whole = cost(norms[1]) - cost(norms[0])
    np.testing.assert_allclose(seen / whole, 0.919, atol=1e-3)
    np.testing.assert_allclose(jax.grad(at)(KINK), -DENSITY * seen, rtol=0.01)


def test_without_kinks_autodiff_is_the_derivative_of_the_population():
    """The control: softplus in place of relu."""
    nodes, weights = quadrature()

    def at(b):
        slopes = jax.vmap(
            lambda x: losses.gradient_norm(lambda y: 2 * jax.nn.softplus(y[0] - b), x)
        )
        return jnp.dot(weights, losses.one_sided(slopes(nodes)))

    numerical = (at(KINK + 1e-4) - at(KINK - 1e-4)) / 2e-4
    assert numerical < -0.01
    chex.assert_trees_all_close(jax.grad(at)(KINK), numerical, rtol=1e-6)
