"""Critic values that the loss has are handed to penalties that need them."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import pytest

from benchmarks.timing import flops
from tests.helpers import draw_pair, key, quadratic
from wgan_gp import losses, networks

ENDPOINT = partial(losses.difference_penalty, pairing="endpoint")
FORMS = {
    "two_sided": ENDPOINT,
    "one_sided": partial(ENDPOINT, shape=losses.one_sided),
    "signed": partial(ENDPOINT, signed=True),
}


def network(width=64):
    return networks.from_flax(networks.MLPCritic(hidden=(width,) * 3), (2,))


def loss_gradient(penalty, hide=False):
    """Gradient of the critic's loss; `hide` keeps the values from the penalty."""

    def without(critic, reals, fakes, key):
        return penalty(critic, reals, fakes, key)

    def loss(params, reals, fakes):
        critic = networks.bind(network(), params)
        handed = without if hide else penalty
        return losses.critic_loss(critic, reals, fakes, key(), penalty=handed)[0]

    return jax.jit(jax.grad(loss))


@pytest.mark.parametrize("form", FORMS)
def test_gradients_with_known_values_are_those_without(form):
    params, pair = network().init(key()), draw_pair((2,), count=32)
    known, evaluated = (
        loss_gradient(FORMS[form], hide)(params, *pair) for hide in (False, True)
    )
    scale = max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(evaluated))
    assert scale > 0.1
    chex.assert_trees_all_close(known, evaluated, rtol=1e-5, atol=1e-5 * scale)


def test_endpoint_pairs_cost_no_evaluation_of_the_critic():
    """In forward passes of a batch by XLA's count: 6.0, and 10.0 without the values."""
    params, batch = network().init(key()), jnp.zeros((256, 2))

    def forward(params, x):
        return jax.vmap(networks.bind(network(), params))(x)

    once = flops(forward, params, batch)
    penalty = FORMS["one_sided"]
    known = flops(loss_gradient(penalty), params, batch, batch) / once
    evaluated = flops(loss_gradient(penalty, hide=True), params, batch, batch) / once
    assert known < 6.5 < 9 < evaluated


def test_a_penalty_that_asks_for_values_gets_those_of_the_batches():
    seen = {}

    def curious(critic, reals, fakes, key, *, values):
        seen["values"] = values
        return jnp.zeros(len(reals))

    reals, fakes = draw_pair((3,))
    losses.critic_loss(quadratic, reals, fakes, key(), penalty=curious)
    expected = jax.vmap(quadratic)(reals), jax.vmap(quadratic)(fakes)
    chex.assert_trees_all_equal(seen["values"], expected)


def test_conditions_and_values_reach_a_penalty_together():
    def labelled(x, y):
        return y * jnp.sum(x)

    reals, fakes = draw_pair((2,))
    labels = jnp.arange(1.0, 7.0)
    penalties = [
        losses.critic_loss(
            labelled, reals, fakes, key(), condition=labels, penalty=penalty
        )[1]["penalty"]
        for penalty in (
            ENDPOINT,
            lambda *args, condition: ENDPOINT(*args, condition=condition),
        )
    ]
    assert penalties[0] > 0.1
    chex.assert_trees_all_close(*penalties, rtol=1e-5)
