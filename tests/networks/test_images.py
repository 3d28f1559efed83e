from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import cases, key
from wgan_gp import losses
from wgan_gp.networks import bind, from_flax
from wgan_gp.networks.bottleneck import BottleneckCritic, BottleneckGenerator
from wgan_gp.networks.dcgan import DCGANCritic, DCGANGenerator
from wgan_gp.networks.good import GoodCritic, GoodGenerator
from wgan_gp.networks.mlp import MLPGenerator
from wgan_gp.networks.normalisations import BatchNorm
from wgan_gp.networks.resizing import (
    depth_to_space,
    mean_pool,
    strided_sizes,
    upsample,
)
from wgan_gp.networks.resnet import Block, ResNetCritic, ResNetGenerator

MNIST, CIFAR, LARGE = (28, 28, 1), (32, 32, 3), (64, 64, 3)
DEEP = {"multipliers": (8, 4, 2, 1)}
DEEP_CRITIC = {"multipliers": (1, 2, 4, 8)}


def traced(module, shape):
    """The number of parameters and the shape that comes out."""
    network = from_flax(module, shape)
    params = jax.eval_shape(network.init, key())
    out = jax.eval_shape(network.apply, params, jax.ShapeDtypeStruct(shape, "float32"))
    return sum(leaf.size for leaf in jax.tree.leaves(params)), out.shape


# Counts from the shapes of the reference implementation's layers.
@pytest.mark.parametrize(
    ("critic", "shape", "count"),
    [
        (DCGANCritic(), MNIST, 1_030_145),
        (DCGANCritic(64), CIFAR, 1_033_345),
        (DCGANCritic(128), CIFAR, 4_114_689),
        (DCGANCritic(64, (1, 2, 4, 8), norm="layer"), LARGE, 4_316_545),
        (ResNetCritic(), CIFAR, 1_053_825),
        (ResNetCritic(classes=10), CIFAR, 1_055_115),
        (GoodCritic(), LARGE, 7_491_841),
    ],
)
def test_critics_have_the_references_parameters(critic, shape, count):
    assert traced(critic, shape) == (count, ())


@pytest.mark.parametrize(
    ("generator", "count"),
    [
        (DCGANGenerator(MNIST, output="sigmoid"), 1_554_177),
        (DCGANGenerator(CIFAR, norm="batch", unit_norm=True), 1_565_955),
        (DCGANGenerator(CIFAR, 128, norm="batch", unit_norm=True), 5_179_907),
        (DCGANGenerator(LARGE, **DEEP, norm="batch", weight_std=0.02), 5_364_739),
        (ResNetGenerator(CIFAR), 1_204_483),
        (GoodGenerator(LARGE), 8_540_483),
    ],
)
def test_generators_have_the_references_parameters(generator, count):
    assert traced(generator, (2, 128)) == (count, (2, *generator.shape))


def test_a_conditional_generator_has_a_scale_and_an_offset_for_each_class():
    module = ResNetGenerator(CIFAR, classes=10)
    shapes = jax.eval_shape(
        module.init, key(), jnp.zeros((2, 128)), jnp.zeros(2, jnp.int32)
    )
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 1_218_307


def test_a_conditional_dcgan_is_told_the_class_and_names_it():
    generator = DCGANGenerator((8, 8, 1), 4, (2, 1), classes=3)
    z = jax.random.normal(key(1), (1, 5)).repeat(3, axis=0)
    network = from_flax(generator, (3, 5), labelled=True)
    params = network.init(key())
    images = network.apply(params, (z, jnp.arange(3)))
    assert images.shape == (3, 8, 8, 1)
    assert jnp.abs(images[0] - images[1]).max() > 1e-3
    assert jnp.abs(images[1] - images[2]).max() > 1e-3

    critic = from_flax(DCGANCritic(4, (1, 2), classes=3), (8, 8, 1))
    params = critic.init(key())
    assert critic.classify(params, images[0]).shape == (3,)
    value = critic.apply(params, images[0])
    plain = from_flax(DCGANCritic(4, (1, 2)), (8, 8, 1))
    params["params"].pop("logits")
    chex.assert_trees_all_equal_shapes(params, plain.init(key()))
    assert value == plain.apply(params, images[0])


def test_the_deep_networks_have_101_layers():
    for module, shape in (
        (BottleneckCritic(), LARGE),
        (BottleneckGenerator(LARGE), (2, 128)),
    ):
        network = from_flax(module, shape)
        leaves = jax.tree_util.tree_leaves_with_path(
            jax.eval_shape(network.init, key())
        )
        names = [jax.tree_util.keystr(path) for path, _ in leaves]
        kernels = [each for each in names if "kernel" in each]
        assert len([each for each in kernels if "shortcut" not in each]) == 101


SMALL_CRITICS = {
    "dcgan": (DCGANCritic(4, norm="layer"), (12, 12, 1)),
    "gated": (DCGANCritic(4, activation="gated", norm="layer"), (12, 12, 1)),
    "tanh": (DCGANCritic(4, activation="tanh"), (12, 12, 1)),
    "resnet": (ResNetCritic(4, "layer"), (8, 8, 2)),
    "good": (GoodCritic(2, (2, 2)), (8, 8, 1)),
    "bottleneck": (BottleneckCritic(4, (1, 2)), (8, 8, 1)),
}


@pytest.mark.parametrize("name", cases(SMALL_CRITICS, soon=("dcgan",)))
def test_a_penalty_reaches_every_layer_of_a_critic(name):
    module, shape = SMALL_CRITICS[name]
    network = from_flax(module, shape)
    reals, fakes = jax.random.normal(key(1), (2, 3, *shape))
    params = jax.jit(network.init)(key())

    def loss(params):
        critic = bind(network, params)
        return jnp.mean(losses.gradient_penalty(critic, reals, fakes, key(2)))

    grads = jax.jit(jax.grad(loss))(params)
    chex.assert_tree_all_finite(grads)
    leaves = jax.tree_util.tree_leaves_with_path(grads)
    still = [p for p, g in leaves if p[-1].key == "kernel" and not np.any(g)]
    assert not still


SMALL_GENERATORS = {
    "dcgan": DCGANGenerator((12, 12, 1), 4, (2, 1), norm="batch"),
    "odd": DCGANGenerator((7, 7, 1), 4, (2, 1)),
    "unit": DCGANGenerator((8, 8, 1), 4, (2, 1), norm="batch", unit_norm=True),
    "nearest": DCGANGenerator((7, 7, 1), 4, (2, 1), upsampling="nearest"),
    "gated": DCGANGenerator((8, 8, 1), 4, (2, 1), activation="gated"),
    "mlp": MLPGenerator((5, 4, 2), (8,), output="sigmoid"),
    "resnet": ResNetGenerator((8, 8, 3), 4),
    "good": GoodGenerator((8, 8, 2), 2, (2, 1)),
    "bottleneck": BottleneckGenerator((8, 8, 2), 4, (1, 2)),
}


@pytest.mark.parametrize(
    "name", cases(SMALL_GENERATORS, soon=("dcgan", "mlp", "resnet"))
)
def test_generators_make_images_in_their_range(name):
    module = SMALL_GENERATORS[name]
    network = from_flax(module, (1, 6))
    latents = 9 * jax.random.normal(key(1), (5, 6))
    images = jax.jit(lambda z: network.apply(network.init(key()), z))(latents)
    chex.assert_shape(images, (5, *module.shape))
    low = 0 if name == "mlp" else -1
    assert (images >= low).all()
    assert (images <= 1).all()
    assert np.ptp(images) > 0.01


def initial(module, shape):
    return jax.jit(from_flax(module, shape).init)(key())["params"]


def test_layers_start_with_the_references_spread():
    params = initial(DCGANCritic(64), CIFAR)
    fans = {"Conv_0": (75, 1600 / 4), "Conv_1": (1600, 3200 / 4)}
    for name, (fan_in, fan_out) in fans.items():
        kernel = params[name]["kernel"]
        expected = (4 / (fan_in + fan_out)) ** 0.5
        np.testing.assert_allclose(kernel.std(), expected, rtol=0.02)
        assert np.abs(kernel).max() <= expected * 3**0.5 * (1 + 1e-6)
        assert not np.any(params[name]["bias"])
    up = initial(DCGANGenerator(CIFAR), (1, 128))
    kernel = up["ConvTranspose_0"]["kernel"]  # 256 to 128 channels
    expected = (4 / (25 * 256 / 4 + 25 * 128)) ** 0.5
    np.testing.assert_allclose(kernel.std(), expected, rtol=0.02)
    small = DCGANCritic(64, **DEEP_CRITIC, weight_std=0.02)
    params = initial(small, LARGE)
    np.testing.assert_allclose(params["Conv_2"]["kernel"].std(), 0.02, rtol=0.01)


def test_nearest_pixels_are_repeated_before_convolutions():
    module = DCGANGenerator((6, 6, 1), 1, (1, 1), upsampling="nearest")
    network = from_flax(module, (1, 3))
    params = network.init(key())
    layers = params["params"]
    assert layers["Conv_0"]["kernel"].shape == (3, 3, 1, 1)
    only_centre = jnp.zeros((3, 3, 1, 1)).at[1, 1].set(1.0)
    for name in ("Conv_0", "Conv_1"):
        layers[name] = {"kernel": only_centre, "bias": jnp.zeros(1)}
    image = network.apply(params, jnp.ones((1, 3)))[0, ..., 0]
    small = image[::2, ::2]
    assert np.ptp(small) > 0.01
    np.testing.assert_array_equal(image, np.kron(small, np.ones((2, 2))))


def test_a_generator_with_too_many_sizes_is_refused():
    for count, upsampling in ((4, "transposed"), (5, "nearest")):
        module = DCGANGenerator((7, 7, 1), 4, (1,) * count, upsampling=upsampling)
        with pytest.raises(ValueError, match=f"3 times, got {count} multipliers"):
            from_flax(module, (1, 6)).init(key())


def test_batch_normalisation_whitens_each_channel_over_the_batch():
    x = 3 + 2 * jax.random.normal(key(), (6, 4, 4, 5))
    network = from_flax(BatchNorm(), x.shape)
    y = network.apply(network.init(key(1)), x)
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, atol=1e-3)
    # One mean and one scale for all pixels, so that each pixel keeps its own.
    moments = (each((0, 1, 2), keepdims=True) for each in (x.mean, x.std))
    mean, std = (jnp.broadcast_to(each, x.shape) for each in moments)
    np.testing.assert_allclose(y, (x - mean) / std, atol=1e-4)


def test_conditional_normalisation_scales_by_class():
    x = jax.random.normal(key(), (4, 2, 2, 3))
    labels = jnp.array([0, 2, 1, 2])
    module = BatchNorm(3)
    params = module.init(key(1), x, labels)["params"]
    scale = jnp.arange(9.0).reshape(3, 3)
    bias = -scale
    y = module.apply({"params": {"scale": scale, "bias": bias}}, x, labels)
    plain = module.apply({"params": params}, x, labels)
    for i, label in enumerate(labels):
        expected = plain[i] * scale[label].reshape(1, 1, 3) + bias[label].reshape(
            1, 1, 3
        )
        np.testing.assert_allclose(y[i], expected, rtol=1e-5, atol=1e-5)


def test_sizes_are_changed_as_named():
    x = jnp.arange(16.0).reshape(4, 4, 1)
    np.testing.assert_array_equal(mean_pool(upsample(x)), x)
    with pytest.raises(ValueError, match="has 7 x 4 pixels to halve"):
        mean_pool(jnp.zeros((7, 4, 1)))
    np.testing.assert_array_equal(mean_pool(x)[..., 0], [[2.5, 4.5], [10.5, 12.5]])
    four = depth_to_space(jnp.arange(4.0).reshape(1, 1, 4))
    np.testing.assert_array_equal(four[..., 0], [[0, 1], [2, 3]])
    assert strided_sizes((28, 28), 4) == [(28, 28), (14, 14), (7, 7), (4, 4)]


def test_a_block_that_keeps_the_size_starts_from_the_identity():
    block = from_flax(Block(3), (4, 4, 3))
    params = jax.tree.map(jnp.zeros_like, block.init(key()))
    x = jax.random.normal(key(1), (4, 4, 3))
    np.testing.assert_array_equal(block.apply(params, x), x)


def test_the_classifier_shares_the_critic_and_changes_none_of_its_values():
    module = ResNetCritic(4, classes=3)
    params = module.init(key(), jnp.zeros((8, 8, 1)))
    x = jax.random.normal(key(1), (8, 8, 1))
    logits = module.apply(params, x, head="logits")
    chex.assert_shape(logits, (3,))
    value = partial(module.apply, params)
    chex.assert_shape(value(x), ())
    alone = ResNetCritic(4)
    shared = {"params": {k: v for k, v in params["params"].items() if k != "logits"}}
    np.testing.assert_allclose(alone.apply(shared, x), value(x), rtol=1e-6)
