from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key, unchecked
from wgan_gp.networks import MLPCritic, from_flax
from wgan_gp.studies.evidence import depth


def test_gradients_at_the_layers_follow_the_chain_rule():
    critic = from_flax(MLPCritic((4, 5, 6)), (2,))
    params = critic.init(key())
    layers = params["params"]["MLP_0"]
    x = jax.random.normal(key(1), (2,))
    back = layers["Dense_3"]["kernel"][:, 0]
    hidden, expected = x, []
    pre = []
    for i in range(3):
        hidden = hidden @ layers[f"Dense_{i}"]["kernel"] + layers[f"Dense_{i}"]["bias"]
        pre.append(hidden)
        hidden = jnp.maximum(hidden, 0)
    for i in (2, 1, 0):
        back = back * (pre[i] > 0)
        expected.append(jnp.linalg.norm(back))
        back = layers[f"Dense_{i}"]["kernel"] @ back
    actual = jax.jit(partial(depth.layer_gradients, critic))(params, x)
    chex.assert_trees_all_close(actual, jnp.stack(expected[::-1]), rtol=1e-5)


def test_the_slope_of_a_geometric_sequence_is_its_ratio():
    vanishing = np.array([[1e-3, 1e-2, 1e-1, 1.0]])
    np.testing.assert_allclose(depth.slope_per_layer(vanishing), [-1], rtol=1e-6)
    np.testing.assert_allclose(depth.slope_per_layer(vanishing[:, ::-1]), [1])


def test_layers_that_underflowed_do_not_bend_the_slope():
    norms = np.array([[0.0, 0.0, 1e-2, 1e-1, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0]])
    np.testing.assert_allclose(depth.slope_per_layer(norms), [-1, np.nan], rtol=1e-6)


@pytest.mark.long
def test_small_clip_bounds_make_gradients_vanish_and_penalties_do_not():
    with unchecked():
        results = depth.measure_depth(seeds=2, steps=5, width=16, layers=4)
    slopes = {each.label: depth.slope_per_layer(each.norms).mean() for each in results}
    assert slopes["clip, c = 0.001"] < slopes["clip, c = 0.01"] < -0.5
    assert abs(slopes["two_sided, λ = 10"]) < 0.3
