from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp.networks import ACTIVATIONS, MLP, MLPCritic, bind, from_flax
from wgan_gp.networks.mlp import fourier_features

WIDE = (512, 512, 512)


def count(params):
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def abstract(network):
    return jax.eval_shape(network.init, key())


def kernels(params):
    """Kernels by layer name, below whatever module holds them."""
    inner = params["params"]
    inner = inner.get("MLP_0", inner)
    return {n: layer["kernel"] for n, layer in inner.items() if "kernel" in layer}


def test_parameter_counts_are_those_of_the_reference():
    assert count(abstract(from_flax(MLP(WIDE, 2), (1, 2)))) == 527_874
    assert count(abstract(from_flax(MLPCritic(WIDE), (2,)))) == 527_361


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", ["none", "layer"])
def test_a_critic_maps_one_sample_to_a_scalar(activation, norm):
    network = from_flax(MLPCritic((8, 8), activation, norm), (3,))
    params = network.init(key())
    value = bind(network, params)(jnp.ones(3))
    chex.assert_shape(value, ())
    chex.assert_tree_all_finite(value)


def test_a_generator_maps_each_row_on_its_own():
    network = from_flax(MLP((8, 8), 2), (1, 4))
    params = network.init(key())
    rows = jax.random.normal(key(1), (5, 4))
    batch = network.apply(params, rows)
    chex.assert_shape(batch, (5, 2))
    alone = jnp.stack([network.apply(params, row[None])[0] for row in rows])
    chex.assert_trees_all_close(batch, alone, rtol=1e-5)


def test_hidden_layers_are_he_uniform_the_output_glorot_and_biases_zero():
    params = from_flax(MLPCritic((256, 512)), (2,)).init(key())
    bounds = {
        "Dense_0": np.sqrt(6 / 2),
        "Dense_1": np.sqrt(6 / 256),
        "Dense_2": np.sqrt(6 / (512 + 1)),
    }
    for name, kernel in kernels(params).items():
        largest = float(jnp.abs(kernel).max())
        assert 0.98 * bounds[name] < largest <= bounds[name] * (1 + 1e-6)
        np.testing.assert_allclose(kernel.std(), bounds[name] / np.sqrt(3), rtol=0.1)
    biases = [layer["bias"] for layer in params["params"]["MLP_0"].values()]
    assert not any(map(np.any, biases))


def test_layer_normalisation_adds_a_scale_and_a_bias_per_unit():
    plain, normed = (
        from_flax(MLPCritic((8, 4), norm=norm), (2,)) for norm in ("none", "layer")
    )
    assert count(abstract(normed)) == count(abstract(plain)) + 2 * (8 + 4)


def test_layer_normalisation_undoes_the_scale_of_the_input():
    module = MLP((64,), 1, "relu", "layer")
    network = from_flax(module, (1, 2))
    apply = partial(network.apply, network.init(key()))
    x = jnp.array([[30.0, -20.0]])
    chex.assert_trees_all_close(apply(10 * x), apply(x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("relu", -2.0, 0.0),
        ("leaky_relu", -2.0, -0.4),
        ("tanh", 1.0, np.tanh(1)),
        ("silu", 1.0, 1 / (1 + np.exp(-1))),
        ("shifted_softplus", 0.5, np.log1p(np.exp(3)) / 2 - 1),
    ],
)
def test_activations(name, x, value):
    np.testing.assert_allclose(ACTIVATIONS[name](jnp.array(x)), value, rtol=1e-5)


def test_a_maxout_critic_is_the_largest_of_its_linear_outputs():
    network = from_flax(MLPCritic((4,), maxout=3), (2,))
    params = network.init(key())
    layers = params["params"]["MLP_0"]
    x = jax.random.normal(key(1), (2,))
    hidden = jnp.maximum(x @ layers["Dense_0"]["kernel"], 0)
    outputs = hidden @ layers["Dense_1"]["kernel"]
    chex.assert_shape(outputs, (3,))
    chex.assert_trees_all_close(network.apply(params, x), outputs.max(), rtol=1e-5)


def test_fourier_features_are_waves_beside_the_sample_and_not_trained():
    module = MLPCritic((4,), fourier=5, fourier_scale=2.0)
    params = module.init(key(), jnp.zeros(2))
    kernel = params["params"]["MLP_0"]["Dense_0"]["kernel"]
    assert kernel.shape == (2 + 2 * 5, 4)
    assert count(params) == 12 * 4 + 4 + 4 + 1
    features = fourier_features(jnp.array([0.3, -0.2]), 5, 2.0)
    np.testing.assert_allclose(features[:2], [0.3, -0.2])
    np.testing.assert_allclose(features[2:7] ** 2 + features[7:] ** 2, 1, rtol=1e-5)
    low = fourier_features(jnp.array([0.3, -0.2], jnp.bfloat16), 5, 2.0)
    assert low.dtype == jnp.bfloat16
    narrow = fourier_features(jnp.array([0.3, -0.2]), 5, 0.02)
    np.testing.assert_allclose(jnp.arcsin(features[2:7]), 100 * narrow[2:7], rtol=2e-2)


def test_fan_in_initialisation_spreads_weights_and_biases():
    network = from_flax(MLPCritic((400,), initialiser="fan_in"), (16,))
    layers = network.init(key())["params"]["MLP_0"]
    for name, inputs in (("Dense_0", 16), ("Dense_1", 400)):
        for leaf in layers[name].values():
            assert jnp.abs(leaf).max() <= inputs**-0.5
    bias = layers["Dense_0"]["bias"]
    np.testing.assert_allclose(bias.std(), 16**-0.5 / 3**0.5, rtol=0.1)
