"""Objectives: each against its paper's formula, in NumPy."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import draw_pair, key
from wgan_gp import losses

ALL = pytest.mark.parametrize("name", losses.OBJECTIVES)
REALS = np.array([1.5, -0.5, 3.0, 0.0])
FAKES = np.array([-2.0, 0.5, 1.0, 0.25])


def softplus(x):
    return np.log1p(np.exp(x))


CRITIC = {
    "wasserstein": FAKES - REALS,
    "nonsaturating": softplus(-REALS) + softplus(FAKES),
    "least_squares": (REALS - 1) ** 2 / 2 + FAKES**2 / 2,
    "hinge": np.maximum(0, 1 - REALS) + np.maximum(0, 1 + FAKES),
    "relativistic": softplus(FAKES - REALS),
}
GENERATOR = {
    "wasserstein": -FAKES,
    "nonsaturating": softplus(-FAKES),
    "least_squares": (FAKES - 1) ** 2 / 2,
    "hinge": -FAKES,
    "relativistic": softplus(REALS - FAKES),
}


def total(x):
    return jnp.sum(x)


def as_samples(values):
    """Samples `[B, 1]` of which the critic `total` has these values."""
    return jnp.asarray(values, jnp.float32)[:, None]


@ALL
def test_the_critics_loss_is_its_papers(name):
    loss, metrics = losses.critic_loss(
        total,
        as_samples(REALS),
        as_samples(FAKES),
        key(),
        penalty=None,
        objective=losses.OBJECTIVES[name],
    )
    np.testing.assert_allclose(loss, CRITIC[name].mean(), rtol=1e-6)
    # The difference of values is reported under each objective.
    np.testing.assert_allclose(
        metrics["wasserstein"], (REALS - FAKES).mean(), rtol=1e-6
    )


@ALL
def test_the_generators_loss_is_its_papers(name):
    objective = losses.OBJECTIVES[name]
    options = {"reals": as_samples(REALS)} if objective.compares else {}
    loss = losses.generator_loss(
        total, as_samples(FAKES), objective=objective, **options
    )
    np.testing.assert_allclose(loss, GENERATOR[name].mean(), rtol=1e-6)


@ALL
def test_the_penalty_is_added_to_each_objective(name):
    pair = draw_pair((3,))
    given = {"objective": losses.OBJECTIVES[name], "weight": 2.0}
    bare, _ = losses.critic_loss(total, *pair, key(), penalty=None, **given)
    loss, metrics = losses.critic_loss(total, *pair, key(), **given)
    assert metrics["penalty"] > 0.1
    chex.assert_trees_all_close(loss, bare + 2 * metrics["penalty"], rtol=1e-6)


@ALL
def test_bounded_objectives_are_bounded_in_the_critics_scale(name):
    """Scaling a critic that is right lowers the loss for ever, or it does not."""
    reals, fakes = jnp.array([2.0, 3.0]), jnp.array([-2.0, -1.0])
    losses_ = [losses.OBJECTIVES[name].critic(c * reals, c * fakes) for c in (1e2, 1e4)]
    assert (losses_[1] < -1e3) != losses.OBJECTIVES[name].bounded


def test_values_of_large_size_have_finite_losses_and_gradients():
    values = jnp.array([-1e4, 0.0, 1e4])
    for objective in losses.OBJECTIVES.values():
        for function in (objective.critic, objective.generator):
            value, gradient = jax.value_and_grad(function)(values, values[::-1])
            chex.assert_tree_all_finite((value, gradient))


def test_a_comparing_objective_without_real_samples_says_what_to_do():
    with pytest.raises(ValueError, match="compares generated samples with real ones"):
        losses.generator_loss(
            total, as_samples(FAKES), objective=losses.OBJECTIVES["relativistic"]
        )
