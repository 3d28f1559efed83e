"""What each construction promises: slopes of at most 1, before and after training."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import cases, key, resolve, unchecked
from tests.networks.lipschitz.slopes import steepest
from wgan_gp import configs, train
from wgan_gp.algorithm.optimisers import make_optimiser
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.networks import MLPCritic, bind, from_flax

EXACT, UPDATES = 1 + 1e-5, 150
# By power iteration: what one iteration an update gives, with room.
LARGEST = {"spectral": 1.02, "orthogonal": EXACT, "sll": EXACT, "cones": EXACT}
RATES = train.Hyperparameters(critic_learning_rate=1e-2)


def sample_real(key, n):
    return jnp.asarray([[3.0, 0, 0]]) + 0.5 * jax.random.normal(key, (n, 3))


def sample_fake(key, n):
    return 0.5 * jax.random.normal(key, (n, 3))


def made(name, **fields):
    """A constraint with the presets of configurations, or other fields."""
    config = resolve(lipschitz=name, **fields)
    return CONSTRAINTS[name].make(configs.constraint_section(config))


@cache
def algorithm(name):
    fields = {"cones": {"construction.anchors": 16}}.get(name, {})
    return train.CriticAlgorithm(
        network=from_flax(MLPCritic((16, 8), maxout=4), (3,)),
        sample_real=sample_real,
        optimiser=make_optimiser,
        constraint=made(name, **fields),
        batch_size=32,
        updates=UPDATES,
    )


@cache
def critics(name):
    """The critic before and after training."""
    start = train.init_critic(algorithm(name), RATES, key())
    run = train.make_critic_train(algorithm(name), sample_fake, UPDATES)
    with unchecked():
        return start, jax.jit(run)(key(), RATES)[0]


@cache
def binder(name):
    """One function for both critics, so that their slopes share a program."""
    return partial(bind, train.critic_network(algorithm(name)))


@pytest.mark.parametrize("name", cases(LARGEST, soon=("orthogonal", "cones")))
@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(
    "count", [60_000, pytest.param(1_000_000, marks=pytest.mark.long)]
)
def test_no_slope_is_above_1(name, trained, count):
    critic = critics(name)[trained]
    found = steepest(binder(name), critic.params, critic.state, (3,), count)
    for slope in found:
        assert slope <= LARGEST[name]


@pytest.mark.parametrize("name", LARGEST)
@pytest.mark.long
def test_a_trained_critic_is_steep_between_the_distributions(name):
    critic = train.bind_critic(algorithm(name), critics(name)[1])
    between = jnp.linspace(0.5, 2.5, 20)[:, None] * jnp.asarray([[1.0, 0, 0]])
    norms = jnp.linalg.norm(jax.vmap(jax.grad(critic))(between), axis=1)
    assert jnp.max(norms) > (0.7 if name == "spectral" else 0.95)
    # W1 is 3, the distance of the two means.
    estimate = jnp.mean(jax.vmap(critic)(sample_real(key(3), 500))) - jnp.mean(
        jax.vmap(critic)(sample_fake(key(4), 500))
    )
    assert (1.0 if name == "spectral" else 2.6) < estimate < 3.1


@pytest.mark.parametrize("name", LARGEST)
@pytest.mark.long
def test_a_critic_starts_with_different_gradients(name):
    """It is not linear, and gradients reach all parameters."""
    start = critics(name)[0]
    points = 2 * jax.random.normal(key(1), (50, 3))
    critic = train.bind_critic(algorithm(name), start)
    gradients = np.asarray(jax.vmap(jax.grad(critic))(points))
    assert np.linalg.matrix_rank(gradients - gradients.mean(0), tol=1e-3) >= 2
    network = train.critic_network(algorithm(name))

    def mean_value(params):
        return jnp.mean(jax.vmap(bind(network, params, start.state))(points))

    for leaf in jax.tree.leaves(jax.grad(mean_value)(start.params)):
        assert np.isfinite(leaf).all()
        assert np.abs(leaf).max() > 0
