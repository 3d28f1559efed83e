"""Networks of sequences: the reference's numbers of parameters, samples kept apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import cases, key
from wgan_gp import losses
from wgan_gp.networks import bind, from_flax
from wgan_gp.networks.sequence import Conv1D, SequenceCritic, SequenceGenerator

VOCABULARY, LENGTH, WIDTH = 100, 32, 512


def count(network, shape):
    made = jax.eval_shape(from_flax(network, shape).init, key())
    return sum(leaf.size for leaf in jax.tree.leaves(made))


def test_they_have_the_references_numbers_of_parameters():
    blocks = 5 * 2 * (5 * WIDTH * WIDTH + WIDTH)
    assert count(
        SequenceGenerator((LENGTH, VOCABULARY), output="softmax"), (1, 128)
    ) == ((128 + 1) * LENGTH * WIDTH + blocks + (WIDTH + 1) * VOCABULARY)
    assert count(SequenceCritic(), (LENGTH, VOCABULARY)) == (
        (VOCABULARY + 1) * WIDTH + blocks + LENGTH * WIDTH + 1
    )


@pytest.mark.parametrize("apart", [1, 3, 4, 2**20])
def test_a_convolution_is_one_over_positions(apart):
    layer, x = Conv1D(3, 5, dilation=apart), jax.random.normal(key(), (7, 2))
    params = layer.init(key(1), x)
    kernel = params["params"]["Conv_0"]["kernel"][:, 0]  # [5, 2, 3]
    inside = [[i + k * apart for k in range(-2, 3)] for i in range(7)]
    windows = [
        jnp.stack([x[at] if 0 <= at < 7 else jnp.zeros(2) for at in positions])
        for positions in inside
    ]
    expected = jnp.stack([jnp.einsum("kc,kco->o", each, kernel) for each in windows])
    np.testing.assert_allclose(layer.apply(params, x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("dilation", "reach"), [(1, 3 * 2), (2, 2 * (1 + 2 + 4))])
def test_with_dilation_blocks_see_farther(dilation, reach):
    network = SequenceGenerator((49, 1), width=4, blocks=3, kernel=3, dilation=dilation)
    params = jax.jit(network.init)(key(), jnp.zeros((1, 3)))
    params = jax.tree.map(jnp.abs, params)  # so that no ReLU hides an effect

    def middle(bias):
        first = params["params"]["Dense_0"] | {"bias": 1 + bias}
        changed = {"params": params["params"] | {"Dense_0": first}}
        return network.apply(changed, jnp.zeros((1, 3)))[0, 24, 0]

    slopes = jax.jit(jax.grad(middle))(jnp.zeros(49 * 4)).reshape(49, 4)
    (positions,) = np.nonzero(np.abs(slopes).sum(axis=1))
    assert (positions[0], positions[-1]) == (24 - reach, 24 + reach)


def test_generated_text_is_a_distribution_at_each_position():
    network = SequenceGenerator((6, 4), width=8, blocks=1, output="softmax")
    params = jax.jit(network.init)(key(), jnp.zeros((1, 3)))
    made = jax.jit(network.apply)(params, jnp.ones((5, 3)))
    assert made.shape == (5, 6, 4)
    np.testing.assert_allclose(made.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("norm", cases(("none", "layer", "weight"), soon=("layer",)))
def test_the_slope_of_a_sequence_is_over_both_axes(norm):
    network = from_flax(SequenceCritic(width=8, blocks=1, norm=norm), (6, 4))

    @jax.jit
    def measured(x, fakes):
        critic = bind(network, network.init(key()))
        norm = losses.gradient_norm(critic, x[0])
        expected = jnp.linalg.norm(jax.grad(critic)(x[0]).ravel())
        keys = losses.sample_keys(key(3), 3)
        return norm, expected, losses.gradient_penalty(critic, x, fakes, keys)

    norm, expected, penalty = measured(*jax.random.normal(key(1), (2, 3, 6, 4)))
    np.testing.assert_allclose(norm, expected, rtol=1e-5)
    assert penalty.shape == (3,)
