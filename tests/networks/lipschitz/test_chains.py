"""Which networks are chains of linear layers, and the norms of these layers."""

from functools import partial
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import cases, key
from wgan_gp.networks import (
    ACTIVATIONS,
    CRITICS,
    IMAGE_ACTIVATIONS,
    MLPCritic,
    Network,
    from_flax,
)
from wgan_gp.networks.lipschitz.chains import linear_layers, steepest_slope
from wgan_gp.networks.lipschitz.spectral import (
    first_vectors,
    iterate,
    operator_norm,
    spectrally_normalised,
)


class Convolutions(nn.Module):
    """Convolutions of several strides and paddings, of an oblong image."""

    is_chain: ClassVar[bool] = True

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Conv(3, (3, 3), (2, 1), padding="VALID")(x))
        x = nn.relu(nn.Conv(4, (5, 3), padding=((0, 2), (1, 0)))(x))
        x = nn.relu(nn.Conv(4, (3, 3), 2, padding="CIRCULAR", feature_group_count=2)(x))
        return nn.Dense(1)(jnp.ravel(x))[0]


CHAINS = {
    "mlp": from_flax(MLPCritic((5, 4), maxout=3), (2, 3)),
    "dcgan": from_flax(CRITICS["dcgan"](width=2, multipliers=(1, 2)), (7, 6, 2)),
    "strides": from_flax(Convolutions(), (9, 8, 2)),
}


@pytest.mark.parametrize("name", cases(["mlp", "dcgan", "strides"], soon=["mlp"]))
def test_norms_are_those_of_the_layers_as_matrices(name):
    network = CHAINS[name]
    params, found = jax.jit(network.init)(key()), spectrally_normalised(network)
    state = jax.jit(found.init_state)(params)
    prepared = jax.jit(found.prepare)(params, state)["params"]
    layers = linear_layers(network)
    assert {layer.name for layer in layers} == {*state}
    for layer in layers:
        kernel, normalised = params["params"], prepared
        for part in (*layer.path, "kernel"):
            kernel, normalised = kernel[part], normalised[part]
        zero = jnp.zeros(layer.input_shape)
        matrix = jax.jit(jax.jacobian(partial(layer.apply, kernel)))(zero)
        norm = np.linalg.norm(matrix.reshape(-1, zero.size), 2)
        np.testing.assert_allclose(normalised * norm, kernel, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("network", CHAINS.values(), ids=CHAINS)
def test_the_layers_together_are_the_network(network):
    """The norms are those of the operations that the network computes."""
    params = jax.jit(network.init)(key())
    x, layers = jax.random.normal(key(1), network.input_shape), linear_layers(network)
    h = x
    for layer in layers:
        kernel = params["params"]
        for part in (*layer.path, "kernel"):
            kernel = kernel[part]
        h = jax.jit(layer.apply)(kernel, jnp.reshape(h, layer.input_shape))
        if layer is not layers[-1]:
            leaky = isinstance(network.module, CRITICS["dcgan"])
            h = nn.leaky_relu(h, 0.2) if leaky else nn.relu(h)
    expected = jax.jit(network.apply)(params, x)
    np.testing.assert_allclose(jnp.max(h), expected, rtol=1e-4)


def test_the_gradient_of_the_norm_is_that_of_the_matrix():
    """d sigma / dW = u v^T, and the normalised layer does not change with scale."""
    network = CHAINS["mlp"]
    layer = linear_layers(network)[0]
    kernel = jax.random.normal(key(), (6, 5))
    vectors = first_vectors(layer, kernel)
    left, values, right = np.linalg.svd(np.asarray(kernel))
    gradient = jax.grad(lambda kernel: operator_norm(layer, kernel, vectors))(kernel)
    outer = values[0] * np.outer(left[:, 0], right[0])
    np.testing.assert_allclose(values[0] * gradient, outer, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(operator_norm(layer, kernel, vectors), values[0], 1e-5)


def test_iterations_follow_a_changed_kernel():
    layer = linear_layers(CHAINS["strides"])[1]
    before, after = jax.random.normal(key(), (2, 5, 3, 3, 4))
    vectors = first_vectors(layer, before)
    exact = operator_norm(layer, after, first_vectors(layer, after))
    errors = [
        float(exact - operator_norm(layer, after, iterate(layer, after, vectors, n)))
        for n in (1, 4, 16, 64)
    ]
    assert errors == sorted(errors, reverse=True)  # from below
    assert errors[0] > 1e-2 > 1e-3 > errors[-1] > -1e-5


def test_only_gentle_activations_are_in_a_chain():
    slopes = {name: steepest_slope(each) for name, each in IMAGE_ACTIVATIONS.items()}
    assert {name for name, slope in slopes.items() if slope > 1 + 1e-5} == {"silu"}
    np.testing.assert_allclose(slopes["silu"], 1.0998, atol=1e-3)
    assert steepest_slope(lambda x: 2 * jnp.tanh(x)) == pytest.approx(2, abs=1e-5)


def test_an_activation_of_ones_own_is_looked_at(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "steep", lambda x: 4 * jnp.tanh(x))
    monkeypatch.setitem(ACTIVATIONS, "gentle", lambda x: jnp.tanh(x) / 2)
    assert {"steep", "gentle", "gated"} < set(IMAGE_ACTIVATIONS)
    dcgan = partial(CRITICS["dcgan"], width=2, multipliers=(1, 2))
    for critic, shape in ((partial(MLPCritic, (2,)), (2,)), (dcgan, (8, 8, 1))):
        spectrally_normalised(from_flax(critic(activation="gentle"), shape))
        with pytest.raises(ValueError, match="slopes up to 4"):
            spectrally_normalised(from_flax(critic(activation="steep"), shape))
        with pytest.raises(ValueError, match="'none', whose slopes are not known"):
            spectrally_normalised(from_flax(critic(activation="none"), shape))


class Residual(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jnp.sum(x + nn.Dense(2)(x))


class Twice(nn.Module):
    is_chain: ClassVar[bool] = True

    @nn.compact
    def __call__(self, x):
        layer = nn.Conv(1, (3, 3), 2)
        return jnp.sum(layer(layer(x)))


class Scaled(nn.Module):
    is_chain: ClassVar[bool] = True

    @nn.compact
    def __call__(self, x):
        return self.param("scale", nn.initializers.ones, ()) * nn.Dense(1)(x)[0]


class Normed(nn.Module):
    is_chain: ClassVar[bool] = True

    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(nn.LayerNorm()(x))[0]


@pytest.mark.parametrize(
    ("module", "shape", "words"),
    [
        (CRITICS["resnet"](width=2), (8, 8, 1), "ResNetCritic is not known .*branches"),
        (Residual(), (2,), "Residual is not known to be a chain"),
        (Normed(), (2,), "LayerNorm is not known .* normalisations"),
        (Twice(), (8, 8, 1), "Conv_0 is applied to inputs of two shapes"),
        (Scaled(), (2,), "the parameter scale is not that of an nn.Dense"),
        (MLPCritic((2,), norm="layer"), (2,), "norm = 'layer'.*set norm to 'none'"),
        (MLPCritic((2,), fourier=2), (2,), "fourier = 2.*set fourier to 0"),
        (MLPCritic((2,), activation="silu"), (2,), "slopes up to 1.1.*use one of relu"),
    ],
)
def test_what_is_no_chain_is_refused(module, shape, words):
    with pytest.raises(ValueError, match=words) as caught:
        spectrally_normalised(from_flax(module, shape))
    assert "\n" not in str(caught.value)


def test_a_network_of_another_library_is_refused():
    network = Network(lambda key: {}, lambda params, x: jnp.sum(x))
    with pytest.raises(ValueError, match=r"make it with networks\.from_flax"):
        spectrally_normalised(network)
