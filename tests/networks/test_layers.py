"""Layers on a CPU and, by their traced programs, on other platforms."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import pytest
from jax.extend import core

from tests.helpers import cases, draw_pair, key
from wgan_gp import losses
from wgan_gp.networks import bind, from_flax, layers
from wgan_gp.networks.bottleneck import BottleneckCritic, BottleneckGenerator
from wgan_gp.networks.dcgan import DCGANCritic, DCGANGenerator
from wgan_gp.networks.good import GoodCritic
from wgan_gp.networks.layers import ConvTranspose
from wgan_gp.networks.resnet import ResNetGenerator

# With few blocks, and channels enough for every form of convolution on CPUs.
CRITICS = {
    "dcgan": (DCGANCritic(16, (1, 2)), (12, 12, 1)),
    "good": (GoodCritic(16, (1,), "none"), (8, 8, 2)),
    "bottleneck": (BottleneckCritic(32, (0, 0), "none"), (8, 8, 1)),
}
GENERATORS = {
    "dcgan": DCGANGenerator((7, 7, 1), 16, (2, 1)),
    "resnet": ResNetGenerator((8, 8, 3), 16),
    "bottleneck": BottleneckGenerator((8, 8, 2), 32, (0, 0)),
}


def primitives(jaxpr):
    """The names of all operations of a program, also of those inside others."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in core.jaxprs_in_params(equation.params):
            yield from primitives(inner)


def learned(name):
    """A critic's penalised loss with its gradients, and a point."""
    module, shape = CRITICS[name]
    network = from_flax(module, shape)
    reals, fakes = draw_pair(shape, count=3)

    def loss(params):
        critic = bind(network, params)
        values = jax.vmap(critic)(reals)
        slopes = jax.vmap(jax.grad(critic))(reals)
        penalty = losses.gradient_penalty(critic, reals, fakes, key(2))
        return jnp.mean(penalty), (values, slopes)

    params = jax.jit(network.init)(key())
    return jax.value_and_grad(loss, has_aux=True), params


def made(name):
    """A generator's images with the gradients of a loss, and a point."""
    network = from_flax(GENERATORS[name], (1, 6))
    latents = jax.random.normal(key(1), (5, 6))

    def loss(params):
        images = network.apply(params, latents)
        return jnp.sum(jnp.square(images)), images

    params = jax.jit(network.init)(key())
    return jax.value_and_grad(loss, has_aux=True), params


PROGRAMS = {f"{name} critic": partial(learned, name) for name in CRITICS}
PROGRAMS |= {f"{name} generator": partial(made, name) for name in GENERATORS}


@pytest.mark.parametrize("name", cases(PROGRAMS, soon=list(PROGRAMS)[:1]))
def test_platforms_have_their_own_convolutions_and_agree(name, monkeypatch):
    """On values, first and second derivatives to rounding, on parameters to the bit."""
    function, params = PROGRAMS[name]()
    here = jax.jit(function).trace(params)
    monkeypatch.setattr(layers, "trace_platform", lambda: "gpu")
    function, same = PROGRAMS[name]()
    there = jax.jit(function).trace(params)
    operations = [set(primitives(each.jaxpr.jaxpr)) for each in (here, there)]
    assert operations[0] - operations[1] == {"trilinear_convolution"}
    assert "conv_general_dilated" in operations[1] - operations[0]
    chex.assert_trees_all_equal(params, same)
    # Both run on this CPU.
    ours, theirs = (each.lower().compile()(params) for each in (here, there))
    for a, b in zip(ours, theirs, strict=True):
        size = max(jnp.abs(leaf).max() for leaf in jax.tree.leaves(b))
        chex.assert_trees_all_close(a, b, rtol=0, atol=2e-5 * size)


@pytest.mark.parametrize("default", ["cpu", None, "device"])
def test_a_default_device_goes_before_the_backend(default, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    device = jax.devices("cpu")[0] if default == "device" else default
    with jax.default_device(device):
        assert layers.trace_platform() == ("cpu" if default else "gpu")


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_transposes_are_of_convolutions_with_same_padding(
    kernel, stride, platform, monkeypatch
):
    monkeypatch.setattr(layers, "trace_platform", lambda: platform)
    y = jax.random.normal(key(1), (2, 4, 3, 5))
    k = jax.random.normal(key(2), (kernel, kernel, 2, 5))
    x = jax.ShapeDtypeStruct((2, 4 * stride, 3 * stride, 2), y.dtype)
    forward = partial(
        jax.lax.conv_general_dilated,
        rhs=k,
        window_strides=(stride, stride),
        padding="SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    (expected,) = jax.linear_transpose(forward, x)(y)
    found = layers.convolutions().transpose(y, k, stride)
    chex.assert_trees_all_close(found, expected, atol=2e-5)


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_a_transposed_convolution_doubles_images_and_treats_each_alike(
    platform, monkeypatch
):
    monkeypatch.setattr(layers, "trace_platform", lambda: platform)
    layer = ConvTranspose(3, (5, 5))
    y = jax.random.normal(key(1), (2, 4, 6, 16))
    params = layer.init(key(), y)
    chex.assert_shape(params["params"]["kernel"], (5, 5, 16, 3))
    x = layer.apply(params, y)
    chex.assert_shape(x, (2, 8, 12, 3))
    chex.assert_trees_all_close(layer.apply(params, y[1]), x[1], atol=1e-5)
