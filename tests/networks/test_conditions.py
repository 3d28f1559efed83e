"""Generators that are told entries: these come back exactly, the others are its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp.networks import MLP, from_flax, in_bfloat16
from wgan_gp.networks.conditions import conditioned
from wgan_gp.networks.sequence import SequenceGenerator

Z, TOLD = 2, (0, 2, 3, 5)
MADE = {
    "vectors": MLP((4,), 6),
    "sequences": SequenceGenerator((3, 6), width=4, blocks=1),
}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("lower", [False, True])
def test_told_entries_come_back_exactly_and_the_others_are_the_networks(kind, lower):
    inner = from_flax(MADE[kind], (1, Z + len(TOLD)))
    inner = in_bfloat16(inner) if lower else inner
    network, params = conditioned(inner, TOLD), jax.jit(inner.init)(key())
    apply = jax.jit(network.apply)
    latents = jax.random.normal(key(1), (5, Z))
    told = jax.random.normal(key(2), (5, len(TOLD)))  # of more digits than bfloat16 has
    made = np.asarray(apply(params, (latents, told)))
    both = jnp.concatenate([latents, told], axis=1)
    own = np.asarray(jax.jit(inner.apply)(params, both))
    assert made.shape == own.shape
    steps = made.reshape(5, -1, 6)
    for step in range(steps.shape[1]):  # constant in time
        np.testing.assert_array_equal(steps[:, step, list(TOLD)], told)
    np.testing.assert_array_equal(made[..., [1, 4]], own[..., [1, 4]])
    other = np.asarray(apply(params, (latents, told + 1)))
    assert not np.isclose(other[..., 1], made[..., 1]).any()  # it listens


def test_no_gradient_asks_for_another_condition():
    inner = from_flax(MADE["vectors"], (1, Z + len(TOLD)))
    network, params = conditioned(inner, TOLD), inner.init(key())
    inputs = jnp.ones((3, Z)), jnp.ones((3, len(TOLD)))
    slopes = jax.grad(lambda p: network.apply(p, inputs).sum())(params)
    last = slopes["params"]["Dense_1"]["bias"]
    np.testing.assert_array_equal(last, [0, 3, 0, 0, 3, 0])
