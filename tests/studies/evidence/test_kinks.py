from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp.networks import MLPCritic, from_flax
from wgan_gp.studies.evidence import kinks

STEEP = 3.0


def compared(activation):
    """Steep critics of random kinks on standard normal points, by layer and slope."""
    network = from_flax(MLPCritic((8, 8), activation, initialiser="fan_in"), (2,))
    params = jax.tree.map(lambda leaf: STEEP * leaf, network.init(key(1)))
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
        points = np.random.default_rng(0).normal(size=(20_000, 2))
        compare = jax.jit(partial(kinks.compare_layers, network, directions=3))
        return jax.tree.map(np.asarray, compare(wide, points))


@pytest.mark.long
def test_softplus_has_nothing_that_autodiff_leaves_out():
    found = compared("shifted_softplus")
    assert len(found) == 5  # three layers, without the last bias
    for by_slope in found.values():
        cosine, size, _ = by_slope["gradient norm"]
        np.testing.assert_allclose([cosine, size], 1, atol=1e-3)


@pytest.mark.long
def test_autodiff_leaves_out_all_of_the_biases_of_relu_critics():
    found = compared("relu")
    biases = [path for path in found if path.endswith("bias")]
    assert len(biases) == 2
    for path in biases:
        assert [float(each) for each in found[path]["gradient norm"][:2]] == [0, 0]
        cosine, size, _ = found[path]["directional, h = 0.02"]
        assert cosine > 0.95
        assert 0.6 < size < 1.6  # the direction jumps too: tests/losses/test_kinks.py


def test_the_numerical_gradient_of_a_square_is_exact():
    theta = jnp.arange(6.0).reshape(2, 3)
    basis = kinks.orthonormal(key(), 4, 6)
    found = kinks.numerical_gradient(
        lambda params: jnp.sum(params["w"] ** 2) + params["other"],
        {"w": theta, "other": jnp.float32(0.0)},
        "w",
        basis,
    )
    np.testing.assert_allclose(found, 2 * basis @ theta.ravel(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("count", "rows"), [(3, 3), (9, 5)])
def test_directions_are_orthonormal(count, rows):
    basis = kinks.orthonormal(key(), count, 5)
    np.testing.assert_allclose(basis @ basis.T, np.eye(rows), atol=1e-5)


def test_the_noise_is_that_of_batches_around_their_mean():
    each = jnp.array([[3.0, 0.0], [5.0, 0.0], [4.0, 1.0], [4.0, -1.0]])
    np.testing.assert_allclose(kinks._noise(each), 1 / 4, rtol=1e-6)
    assert kinks._noise(jnp.zeros((4, 2))) == 0


def test_names_of_layers():
    assert kinks.layer_name("params/MLP_0/Dense_0/kernel") == "weights 1"
    assert kinks.layer_name("params/MLP_0/Dense_1/bias") == "biases 2"
