"""Orthogonal perceptrons and SLL layers: their algebra, and what they refuse."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from tests.helpers import key
from wgan_gp.networks import CRITICS, MLPCritic, bind, from_flax
from wgan_gp.networks.lipschitz.orthogonal import (
    group_sort,
    orthogonal,
    orthogonal_network,
)
from wgan_gp.networks.lipschitz.sll import bound, sll_network
from wgan_gp.networks.lipschitz.sorting import sort


@pytest.mark.parametrize("wrap", [sll_network, orthogonal_network])
def test_a_critic_without_hidden_layers_is_linear_of_slope_1(wrap):
    network = wrap(from_flax(MLPCritic(hidden=()), (2,)))
    critic = bind(network, network.init(key()))
    slope = jax.grad(critic)(jnp.ones(2))
    np.testing.assert_allclose(jnp.linalg.norm(slope), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "shape", [(6, 6), (2, 64), (64, 2), (40, 24), (1, 3), (96, 96)]
)
@pytest.mark.parametrize("scale", [0.0, 0.01, 1.0, 30.0])
def test_weights_are_orthogonal(shape, scale):
    weights = scale * jax.random.normal(key(), shape)
    q = np.asarray(jax.jit(orthogonal)(weights), np.float64)
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-6)


def test_every_rotation_without_a_half_turn_is_reached():
    """The Cayley transform of (I - Q) / (I + Q) is Q."""
    angle = 0.7
    turn = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    skew = (np.eye(2) - turn) @ np.linalg.inv(np.eye(2) + turn)
    np.testing.assert_allclose(
        orthogonal(jnp.asarray(skew / 2, jnp.float32)), turn, 1e-5
    )


def test_the_cayley_transform_is_differentiated():
    kernel = jax.random.normal(key(), (3, 2))
    check_grads(jax.jit(orthogonal), (kernel,), order=2, rtol=2e-2, atol=2e-2)


def test_no_decomposition_of_lapack_is_part_of_the_program():
    """On CPUs those of a batch can wait for each other for ever."""
    batch = jnp.ones((3, 6, 6))
    program = str(
        jax.make_jaxpr(jax.vmap(jax.grad(lambda k: orthogonal(k).sum())))(batch)
    )
    assert "dot_general" in program
    for primitive in ("lu", "qr", "svd", "cholesky", "eigh"):
        assert not re.search(rf"\b{primitive}\b", program), primitive


@pytest.mark.parametrize("shape", [(1,), (2, 3), (6,), (11, 2)])
def test_a_network_of_comparisons_sorts(shape):
    x = jax.random.normal(key(), shape)
    x = x.at[-1].set(x[0])  # two are equal
    np.testing.assert_array_equal(jax.jit(sort)(x), jnp.sort(x, axis=0))
    weights = jax.random.normal(key(1), shape)

    def slope(sorting):
        return jax.jit(jax.grad(lambda x: jnp.sum(weights * sorting(x))))

    if shape != (1,):
        x = x.at[-1].add(0.5)  # where two are equal, any order is one
    np.testing.assert_array_equal(slope(sort)(x), slope(partial(jnp.sort, axis=0))(x))


def test_sorting_what_is_infinite_keeps_it():
    x = jnp.array([jnp.inf, 1.0, -jnp.inf])
    assert sort(x).tolist() == [-jnp.inf, 1.0, jnp.inf]


def test_groups_are_sorted():
    x = jnp.asarray([3.0, 4.0, 0.0, 5.0, 1.0, -2.0])
    sorted_in = jax.jit(group_sort, static_argnums=1)
    assert sorted_in(x, 0).tolist() == [-2, 0, 1, 3, 4, 5]
    assert sorted_in(x, 2).tolist() == [3, 1, -2, 5, 4, 0]
    assert sorted_in(x, 3).tolist() == [0, -2, 1, 4, 3, 5]


@pytest.mark.parametrize("group", [0, 2])
def test_an_orthogonal_critic_of_narrowing_layers_has_slope_1_almost_everywhere(group):
    """Square layers and sorting keep the gradient's norm; so D is 1 steep."""
    network = orthogonal_network(from_flax(MLPCritic((4, 4)), (4,)), group)
    critic = bind(network, jax.jit(network.init)(key()))
    slopes = jax.jit(jax.vmap(jax.grad(critic)))
    norms = jnp.linalg.norm(slopes(jax.random.normal(key(1), (100, 4))), axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0, 100.0])
def test_the_diagonal_dominates(scale):
    """T - W^T W >= 0, which is what the bound of SLL layers rests on."""
    kernel, log_q = (
        scale * jax.random.normal(key(), (5, 9)),
        jax.random.normal(key(1), 9),
    )
    gap = np.diag(np.asarray(bound(kernel, log_q), float)) - np.asarray(
        kernel.T @ kernel, float
    )
    assert np.linalg.eigvalsh(gap).min() >= -1e-6 * scale**2


def test_an_sll_critic_is_as_wide_as_samples_and_layers():
    wide, narrow = (
        sll_network(from_flax(MLPCritic(hidden), (2, 3))).init(key())
        for hidden in ((9, 4), (2, 4))
    )
    shapes = [layer["kernel"].shape for layer in wide["layers"]]
    assert shapes == [(9, 9), (9, 4)]
    assert narrow["layers"][0]["kernel"].shape == (6, 2)


def test_an_sll_layer_is_the_papers():
    network = sll_network(from_flax(MLPCritic((3,)), (3,)))
    params = network.init(key())
    (layer,), output = params["layers"], params["output"]
    x, w = jnp.asarray([1.0, -2.0, 0.5]), layer["kernel"]
    t = jnp.sum(jnp.abs(w.T @ w), 1)
    h = x - 2 * w @ (jax.nn.relu(w.T @ x + layer["bias"]) / t)
    unit = output["kernel"][:, 0] / jnp.linalg.norm(output["kernel"][:, 0])
    found = network.apply(network.prepare(params, ()), x)
    np.testing.assert_allclose(found, h @ unit + output["bias"][0], rtol=1e-4)


@pytest.mark.parametrize("build", [orthogonal_network, sll_network])
@pytest.mark.parametrize(
    ("module", "words"),
    [
        (CRITICS["dcgan"](width=2), "dense layers only, got a critic of type DCGANC"),
        (
            MLPCritic(activation="tanh"),
            "critic.activation = 'tanh'.*leave it at 'relu'",
        ),
        (MLPCritic(norm="layer"), "critic.norm = 'layer'"),
        (MLPCritic(fourier=4), "critic.fourier = 4.*leave it at 0"),
    ],
)
def test_what_is_replaced_or_too_steep_is_refused(build, module, words):
    with pytest.raises(ValueError, match=words) as caught:
        build(from_flax(module, (8, 8, 1)))
    assert "\n" not in str(caught.value)


def test_a_group_that_does_not_divide_a_layer_is_refused():
    for hidden, group, words in (
        ((8, 6), 4, "groups of 4 do not divide a hidden layer of 6: use 2 or"),
        ((8, 9), 4, "groups of 4 do not divide a hidden layer of 9: use 0 or"),
        ((16, 16), 3, "groups of 3 do not divide a hidden layer of 16: use 0 or"),
    ):
        with pytest.raises(ValueError, match=words):
            orthogonal_network(from_flax(MLPCritic(hidden), (2,)), group)


@pytest.mark.parametrize("initialiser", ["he", "fan_in"])
@pytest.mark.parametrize("build", [orthogonal_network, sll_network])
def test_the_initialiser_sets_the_biases(build, initialiser):
    network = build(from_flax(MLPCritic((4,), initialiser=initialiser), (2,)))
    leaves = jax.tree_util.tree_leaves_with_path(network.init(key()))
    biases = [leaf for path, leaf in leaves if "bias" in str(path[-1])]
    assert len(biases) == 2
    assert all(bool(jnp.any(each)) == (initialiser == "fan_in") for each in biases)
