"""What the settings say is in the algorithm that is built of them."""

import jax
import jax.numpy as jnp
import pytest

from tests.helpers import SMALL, key, resolve
from wgan_gp import train
from wgan_gp.algorithm.optimisers import at_count
from wgan_gp.build import assemble, open_dataset
from wgan_gp.losses import OBJECTIVES


def built(**fields):
    config = resolve(**SMALL, **fields)
    return assemble(config, open_dataset(config)).algorithm


def program(network, shape):
    """The program of a network's gradient, as text."""
    params = jax.eval_shape(network.init, key())
    value = lambda params, x: network.apply(params, x).sum()  # noqa: E731
    return str(jax.make_jaxpr(jax.grad(value))(params, jnp.zeros(shape)))


def test_the_objective_and_the_microbatches():
    for name, parts in (("hinge", 4), ("wasserstein", 1)):
        critic = built(objective=name, **{"compute.microbatches": parts}).critic
        assert critic.objective is OBJECTIVES[name]
        assert critic.microbatches == parts


def test_each_player_has_its_own_numbers():
    """Rates, the weights of a classifier, and the length of a schedule."""
    config = resolve(
        "digits",
        "smoke",
        conditional=True,
        n_critic=5,
        steps=7,
        generator_batch_size=12,
        **{
            "data.conditioning": "classifier",
            "label_weights.critic": 0.25,
            "label_weights.generator": 0.5,
            "critic_optimiser.learning_rate": 0.01,
            "generator_optimiser.learning_rate": 0.02,
            "critic_optimiser.schedule": "linear",
            "generator_optimiser.schedule": "linear",
        },
    )
    experiment = assemble(config, open_dataset(config))
    algorithm, rates = experiment.algorithm, experiment.hyperparameters
    assert rates.critic_learning_rate == 0.01
    assert rates.generator_learning_rate == 0.02
    assert algorithm.critic.label_weight == 0.25
    assert algorithm.label_weight == 0.5
    assert algorithm.generator_batch_size == 12
    players = (
        (train.critic_optimiser(algorithm.critic, rates), 5 * 7),
        (train.generator_optimiser(algorithm, rates), 7),
    )
    for optimiser, updates in players:
        state = optimiser.init(jnp.zeros(1))
        for count, moves in ((updates - 1, True), (updates, False)):
            change, _ = optimiser.update(
                jnp.ones(1), at_count(state, jnp.asarray(count)), jnp.zeros(1)
            )
            assert bool(change[0]) == moves


@pytest.mark.parametrize("again", [True, False])
def test_whether_activations_are_computed_again(again):
    critic = built(**{"compute.rematerialise": again}).critic
    assert ("remat" in program(critic.network, (2,))) == again


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_the_type_in_which_both_networks_compute(dtype):
    algorithm = built(**{"compute.dtype": dtype, "critic.fourier": 4})
    low = dtype == "bfloat16"
    latent = algorithm.sample_latent(key(), 1).shape
    assert ("bf16" in program(algorithm.generator, latent)) == low
    text = program(algorithm.critic.network, (2,))
    assert ("bf16" in text) == low
    # Products of matrices are in that type, but for those of Fourier features.
    products = [line for line in text.splitlines() if "= dot_general" in line]
    high = [line for line in products if ":f32" in line.split("=")[0]]
    assert len(products) > 4
    assert (len(high) <= 2) == low
    penalised = algorithm.critic.penalty_network
    assert (penalised is not None) == low
    if penalised is not None:
        assert "bf16" not in program(penalised, (2,))
