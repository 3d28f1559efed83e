"""Fields that one compiled program serves: as good as those it would be built with."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.helpers import key, unchecked
from tests.test_train import RATES, raw, run, tiny, updates
from wgan_gp import train
from wgan_gp.algorithm.optimisers import make_optimiser
from wgan_gp.constraints import Constraint


def test_fewer_critic_steps_are_those_of_a_program_built_for_them():
    built, built_metrics = run(tiny(n_critic=3, constraint=Constraint()), 4)
    fewer = RATES._replace(n_critic=jnp.asarray(3))
    traced, traced_metrics = run(tiny(n_critic=5, constraint=Constraint()), 4, fewer)
    assert updates(traced.critic) == 12
    chex.assert_trees_all_close(raw(built), raw(traced), rtol=1e-6, atol=1e-7)
    chex.assert_trees_all_close(built_metrics, traced_metrics, rtol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_schedule_follows_the_updates_it_is_told(schedule):
    def optimiser(length):
        return lambda rate, updates=length: make_optimiser(
            rate, schedule=schedule, updates=updates
        )

    built, _ = run(tiny(n_critic=2, optimiser=optimiser(8)), 4)
    told = RATES._replace(n_critic=2, critic_updates=jnp.asarray(8))
    traced, _ = run(tiny(n_critic=2, optimiser=optimiser(999)), 4, told)
    chex.assert_trees_all_close(raw(built), raw(traced), rtol=1e-6)


@pytest.mark.long
def test_numbers_of_critic_steps_can_be_vmapped_over():
    counts = jnp.array([1, 2])
    steps = train.make_train(tiny(n_critic=2), 3)
    with unchecked():
        states, metrics = jax.jit(
            jax.vmap(lambda n: steps(key(), RATES._replace(n_critic=n)))
        )(counts)
    counted = optax.tree_utils.tree_get(states.critic.opt_state, "count")
    np.testing.assert_array_equal(counted, 3 * counts)
    assert jnp.all(jnp.isfinite(metrics["wasserstein"]))


def test_the_cosine_is_that_of_optax():
    theirs = optax.cosine_decay_schedule(0.5, 7)
    ours = make_optimiser(0.5, name="sgd", schedule="cosine", updates=7)
    state = ours.init(jnp.zeros(()))
    for count in range(9):
        change, state = ours.update(jnp.ones(()), state)
        np.testing.assert_allclose(-change, theirs(count), atol=1e-7)
