"""Critics of cones: values, temperature, and distances in few digits."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp.networks import MLPCritic, Network, bind, from_flax
from wgan_gp.networks.lipschitz.cones import (
    Annealing,
    cones_network,
    expand_squares,
    rounded_distances,
)

STILL = Annealing(1e-4, 1e-4, 10)


def sample(key, n):
    return 5 + jax.random.normal(key, (n, 2, 3))


def cones(annealing=STILL, count=8, draw=sample):
    return cones_network(from_flax(MLPCritic(), (2, 3)), draw, count, annealing)


def started(network):
    params = network.init(key())
    return params, network.init_state(params)


def test_anchors_start_at_real_samples_and_the_value_is_the_nearest_distance():
    network = cones()
    params, state = started(network)
    np.testing.assert_array_equal(params["anchors"], sample(key(), 8).reshape(8, 6))
    x = jnp.zeros((2, 3))
    nearest = jnp.min(jnp.linalg.norm(params["anchors"], axis=1))
    np.testing.assert_allclose(bind(network, params, state)(x), -nearest, rtol=1e-3)


def test_the_value_is_the_maximum_of_cones():
    network = cones()
    params, state = started(network)
    params |= {"heights": jax.random.normal(key(2), (8,))}
    critic = bind(network, params, state)
    for x in sample(key(3), 5):
        apart = jnp.linalg.norm(params["anchors"] - x.reshape(1, 6), axis=1)
        expected = jnp.max(params["heights"] - apart)
        np.testing.assert_allclose(critic(x), expected, rtol=1e-3, atol=1e-3)


def test_samples_that_are_drawn_twice_are_moved_a_little_apart():
    few = sample(key(7), 3)
    network = cones(draw=lambda _, n: few[jnp.arange(n) % 3])
    anchors = np.asarray(started(network)[0]["anchors"])
    np.testing.assert_array_equal(anchors[:3], few.reshape(3, 6))
    np.testing.assert_allclose(anchors[3:6], few.reshape(3, 6), atol=0.1)
    apart = np.linalg.norm(anchors[:, None] - anchors, axis=-1) + np.eye(8)
    assert apart.min() > 1e-3


def test_labels_beside_samples_are_left_out():
    labelled = cones(draw=lambda key, n: (sample(key, n), jnp.zeros(n, int)))
    assert labelled.init(key())["anchors"].shape == (8, 6)


def test_the_temperature_falls_geometrically_in_units_of_the_data():
    network = cones(Annealing(0.4, 0.1, 2))
    params, state = started(network)
    pairs = params["anchors"] - jnp.roll(params["anchors"], 1, 0)
    unit = jnp.mean(jnp.linalg.norm(pairs, axis=1))
    for share in (0.4, 0.2, 0.1, 0.1):
        found = network.prepare(params, state)["temperature"]
        np.testing.assert_allclose(found, share * unit, rtol=1e-5)
        state = network.update(params, state)
    assert state.updates == 4


@pytest.mark.parametrize("offset", [0.0, 30.0])
@pytest.mark.parametrize("temperature", [1e-3, 1.0])
def test_gradients_at_and_near_anchors_are_finite_and_at_most_1(offset, temperature):
    """Where squared distances by expansion have lost all digits."""
    draw = lambda key, n: offset + sample(key, n)  # noqa: E731
    network = cones(Annealing(temperature, temperature, 1), 64, draw)
    params, state = started(network)
    params |= {"heights": jax.random.normal(key(2), (64,))}
    gradient = jax.jit(jax.vmap(jax.grad(bind(network, params, state))))
    tips = params["anchors"].reshape(-1, 2, 3)
    for apart in (0.0, 1e-6, 1e-4, 1e-3, 1e-2, 0.1):
        points = tips + apart * jax.random.normal(key(5), tips.shape)
        norms = jnp.linalg.norm(gradient(points).reshape(64, 6), axis=1)
        assert jnp.isfinite(norms).all()
        assert jnp.max(norms) <= 1 + 1e-5


@pytest.mark.parametrize("dimension", [2, 64, 784])
def test_distances_agree_with_differences(dimension):
    anchors = jax.random.normal(key(), (32, dimension))
    size = (2 * dimension) ** 0.5
    step = np.asarray(jax.random.normal(key(1), (dimension,)))

    @jax.jit
    def rounded(x):
        radius = jnp.asarray(0.005 * size)
        return rounded_distances(x, anchors, expand_squares(anchors), radius)

    for share in (0.003, 0.03, 0.3, 1.0):
        x = np.asarray(anchors[0]) + share * size * step / np.linalg.norm(step)
        found = rounded(x)
        exact = np.linalg.norm(
            np.asarray(anchors, np.float64) - np.asarray(x, np.float64), axis=1
        )
        exact = np.sqrt(exact**2 + (0.005 * size) ** 2)
        np.testing.assert_allclose(found / size, exact / size, atol=1e-4)


def test_exact_distances_have_the_derivatives_of_differences():
    anchors = jax.random.normal(key(), (5, 3))
    x = anchors[0] + 0.3

    def exact(x, anchors):
        expansion = expand_squares(anchors)
        return rounded_distances(x, anchors, expansion, jnp.asarray(1e-3))

    def plain(x, anchors):
        return jnp.sqrt(jnp.sum((x[None] - anchors) ** 2, axis=1) + 1e-6)

    found, expected = (
        jax.jit(jax.jacrev(f, argnums=(0, 1)))(x, anchors) for f in (exact, plain)
    )
    chex.assert_trees_all_close(found, expected, atol=1e-5)


def test_data_of_one_point_has_a_finite_critic():
    network = cones(draw=lambda key, n: jnp.ones((n, 2, 3)))
    params, state = started(network)
    value, gradient = jax.value_and_grad(bind(network, params, state))(
        jnp.zeros((2, 3))
    )
    assert jnp.isfinite(value)
    assert jnp.isfinite(gradient).all()


def test_a_network_without_a_shape_is_refused():
    network = Network(lambda key: {}, lambda params, x: jnp.sum(x))
    with pytest.raises(ValueError, match=r"set Network\.input_shape"):
        cones_network(network, sample, 8, STILL)


@pytest.mark.parametrize("size", [2, 4])
def test_in_few_dimensions_tips_are_sharp(size):
    """In the plane half of the real samples lie within .06 of a ray from a centre."""
    draw = lambda key, n: 5 + jax.random.normal(key, (n, size))  # noqa: E731
    network = cones_network(from_flax(MLPCritic(), (size,)), draw, 8, STILL)
    params, state = started(network)
    critic = bind(network, params, state)
    tip = params["anchors"][0]
    near = tip + 3e-3 * jnp.eye(size)[0]
    both = jax.jit(jax.value_and_grad(critic))
    (value, slope), (highest, flat) = both(near), both(tip)
    np.testing.assert_allclose(slope[0], -1, rtol=0.05)
    np.testing.assert_allclose(highest - value, 3e-3, rtol=0.25)
    assert np.linalg.norm(flat) < 1e-6
