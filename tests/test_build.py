"""What the settings say is in the algorithm that is built of them."""

import jax
import jax.numpy as jnp
import pytest

from tests.helpers import SMALL, key, resolve
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


@pytest.mark.parametrize("again", [True, False])
def test_whether_activations_are_computed_again(again):
    critic = built(**{"compute.rematerialise": again}).critic
    assert ("remat" in program(critic.network, (2,))) == again


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_the_type_in_which_both_networks_compute(dtype):
    algorithm = built(**{"compute.dtype": dtype})
    low = dtype == "bfloat16"
    latent = algorithm.sample_latent(key(), 1).shape
    assert ("bf16" in program(algorithm.generator, latent)) == low
    assert ("bf16" in program(algorithm.critic.network, (2,))) == low
    penalised = algorithm.critic.penalty_network
    assert (penalised is not None) == low
    if penalised is not None:
        assert "bf16" not in program(penalised, (2,))
