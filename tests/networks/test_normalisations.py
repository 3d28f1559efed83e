"""Normalisations of critics: closed forms, samples kept apart, finite penalties."""

import itertools
from functools import partial

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from tests.helpers import cases, key
from wgan_gp import losses
from wgan_gp.networks import CRITICS, bind, from_flax
from wgan_gp.networks.layers import conv, dense
from wgan_gp.networks.normalisations import (
    WeightNorm,
    group_count,
    normalise,
    normalise_features,
)

IMAGE = (4, 6, 48)  # three groups of 16 channels
AXES = {"layer": (0, 1, 2), "instance": (0, 1), "group": None}
NEW = ("weight", "instance", "group")


class Images(nn.Module):
    norm: str

    @nn.compact
    def __call__(self, x):
        return normalise(self.norm, x)


class Vectors(nn.Module):
    norm: str

    @nn.compact
    def __call__(self, x):
        return normalise_features(self.norm, x)


def by_hand(x, norm):
    """One sample `[..., C]` in NumPy, without the learned scale and offset."""
    x = np.asarray(x, np.float64)
    if norm == "group":
        groups = np.split(x, x.shape[-1] // 16, axis=-1)
        return np.concatenate([whitened(each, None) for each in groups], axis=-1)
    return whitened(x, AXES[norm])


def whitened(x, axes):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5)


def spread(shape):
    """Samples whose channels and positions differ in mean and in scale."""
    x = jax.random.normal(key(1), shape)
    trend = jnp.linspace(0.5, 3.0, x[0].size).reshape(1, *shape[1:])
    return x * trend + 2 * trend


def learned(module, x):
    """Parameters as after training: of each channel its own."""
    params = jax.jit(module.init)(key(), x)
    return jax.tree.map(lambda p: p + jax.random.normal(key(2), p.shape), params)


@pytest.mark.parametrize("norm", AXES)
def test_images_are_normalised_over_the_axes_of_the_paper_each_on_its_own(norm):
    x = spread((5, *IMAGE))
    module = Images(norm)
    params = learned(module, x[0])
    (affine,) = params["params"].values()
    chex.assert_shape([affine["scale"], affine["bias"]], (IMAGE[-1],))
    expected = np.stack(
        [
            by_hand(each, norm) * np.asarray(affine["scale"])
            + np.asarray(affine["bias"])
            for each in x
        ]
    )
    one = jax.jit(partial(module.apply, params))
    # One unbatched image, such images under vmap, and a batch.
    np.testing.assert_allclose(one(x[0]), expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(jax.vmap(one)(x), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one(x), expected, rtol=1e-4, atol=1e-4)


def test_vectors_are_normalised_over_groups_of_features_each_on_its_own():
    x = spread((5, 48))
    module = Vectors("group")
    params = module.init(key(), x[0])
    expected = np.stack([by_hand(each, "group") for each in x])
    one = partial(module.apply, params)
    np.testing.assert_allclose(one(x[0]), expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one(x), expected, rtol=1e-4, atol=1e-4)


def test_groups_divide_the_channels_and_are_of_at_least_16():
    for channels in range(1, 1200):
        count = group_count(channels)
        assert channels % count == 0
        assert count <= 32
        assert count == 1 or channels // count >= 16
    found = {each: group_count(each) for each in (8, 17, 32, 48, 100, 512, 1024)}
    assert found == {8: 1, 17: 1, 32: 2, 48: 3, 100: 5, 512: 32, 1024: 32}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (partial(dense, 3), (5,)),
        (partial(conv, 3, 3, 2, use_bias=False), (6, 6, 2)),
    ],
)
def test_weight_normalisation_is_the_layer_with_weights_g_v_over_the_length_of_v(
    layer, shape
):
    x = jax.random.normal(key(1), shape)
    normed, plain = layer(norm="weight"), layer()
    assert isinstance(normed, WeightNorm)
    params = normed.init(key(), x)["params"]
    name, kernel = "layer", params["layer"]["kernel"]
    length = np.sqrt(np.square(kernel).sum(tuple(range(kernel.ndim - 1))))
    np.testing.assert_allclose(params["scale"], length, rtol=1e-5)
    v = 7 * kernel + 1
    g = jnp.array([0.5, -1.0, 2.0])
    changed = {name: params[name] | {"kernel": v}, "scale": g}
    lengths = jnp.linalg.norm(v.reshape(-1, 3), axis=0)
    row = (g / lengths).reshape((1,) * (v.ndim - 1) + (3,))
    weights = params[name] | {"kernel": v * row}
    out = normed.apply({"params": changed}, x)
    chex.assert_trees_all_close(out, plain.apply({"params": weights}, x), rtol=1e-5)
    # Longer v are the same layer.
    longer = changed | {name: changed[name] | {"kernel": 3 * v}}
    chex.assert_trees_all_close(normed.apply({"params": longer}, x), out, rtol=1e-5)


# Critics that are the least to compile, and a shape of one sample.
CASES = {
    "mlp": (partial(CRITICS["mlp"], (32, 8)), (5,)),
    "dcgan": (partial(CRITICS["dcgan"], 4, (1, 2), extra=1), (8, 8, 1)),
    "resnet": (partial(CRITICS["resnet"], 4), (8, 8, 2)),
    "good": (partial(CRITICS["good"], 2, (2, 2)), (8, 8, 1)),
    "bottleneck": (partial(CRITICS["bottleneck"], 4, (1, 2)), (8, 8, 1)),
}
# Each normalisation soon; the other families take long.
SOON = (("mlp", "weight"), ("mlp", "group"), ("dcgan", "instance"))
PAIRS = [each for each in itertools.product(CASES, NEW) if each != ("mlp", "instance")]


def built(name, norm):
    """A critic, its parameters, and the shape of a sample."""
    make, shape = CASES[name]
    network = from_flax(make(norm=norm), shape)
    return network, jax.jit(network.init)(key()), shape


@pytest.mark.parametrize("name", cases(CASES, soon=("mlp", "dcgan")))
def test_every_layer_of_a_critic_has_its_weights_normalised(name):
    """All kernels have a length, and the critic starts as it does without."""
    network, params, shape = built(name, "weight")
    plain, without, _ = built(name, "none")
    flat, expected = (traverse_util.flatten_dict(each) for each in (params, without))
    lengths = {path for path in flat if path[-2].startswith("WeightNorm")}
    kernels = {path for path in flat if path[-1] == "kernel"}
    assert len(lengths) == len(kernels) > 2
    assert flat.keys() - lengths == expected.keys()
    same = {path: flat[path] for path in expected}
    chex.assert_trees_all_close(same, expected, rtol=1e-6)
    x = jax.random.normal(key(1), shape)
    value = network.apply(params, x)
    assert abs(value) > 1e-3
    chex.assert_trees_all_close(value, plain.apply(without, x), rtol=1e-4)


@pytest.mark.parametrize(("name", "norm"), cases(PAIRS, SOON))
def test_a_critic_judges_each_sample_on_its_own_and_its_penalty_is_finite(name, norm):
    """Also at samples that are constant and at zero, where a variance is 0."""
    network, params, shape = built(name, norm)
    x = jax.random.normal(key(1), (3, *shape))
    losses.check_per_sample(jax.jit(jax.vmap(bind(network, params))), x)

    def loss(params, reals, fakes):
        critic = bind(network, params)
        return jnp.mean(losses.gradient_penalty(critic, reals, fakes, key(2)))

    gradient = jax.jit(jax.grad(loss))
    for reals in (x, jnp.ones_like(x), jnp.zeros_like(x)):
        grads = gradient(params, reals, reals)
        chex.assert_tree_all_finite(grads)
    moved = traverse_util.flatten_dict(gradient(params, x, x[::-1]))
    assert all(np.any(g) for path, g in moved.items() if path[-1] == "kernel")


def test_the_derivatives_at_weights_of_length_zero_are_finite():
    network, params, shape = built("mlp", "weight")
    zero = jax.tree.map(jnp.zeros_like, params)

    def slope(params):
        return jnp.sum(jax.grad(bind(network, params))(jnp.ones(shape)) ** 2)

    chex.assert_tree_all_finite(jax.jit(jax.value_and_grad(slope))(zero))


def test_weights_are_normalised_in_float32_for_critics_in_bfloat16():
    layer = dense(2, norm="weight")
    x = jnp.eye(64, dtype=jnp.bfloat16)  # whose outputs are the weights
    params = layer.init(key(), x.astype(jnp.float32))["params"]
    low = jax.tree.map(lambda p: (3 * p).astype(jnp.bfloat16), params)
    v, g = (np.asarray(p, np.float32) for p in (low["layer"]["kernel"], low["scale"]))
    expected = (g * v / np.linalg.norm(v, axis=0)).astype(jnp.bfloat16)
    chex.assert_trees_all_equal(layer.apply({"params": low}, x), expected)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (
            Images("instance"),
            (1, 1, 9),
            "single value where a layer is 1 x 1, .*'layer'",
        ),
        (Images("group"), (1, 1, 1), "where a layer is 1 x 1 x 1, .*'weight'"),
        (Vectors("group"), (1,), "where a layer is 1, .*'weight'"),
        (Images("layer"), (1, 1, 1), "where a layer is 1 x 1 x 1, .*'weight'"),
        (Vectors("layer"), (1,), "where a layer is 1, .*'weight'"),
        (Images("spectral"), (2, 2, 2), "no normalisation of images is called"),
    ],
)
def test_a_normalisation_that_would_leave_nothing_is_refused(module, shape, message):
    with pytest.raises(ValueError, match=message):
        module.init(key(), jnp.ones(shape))
