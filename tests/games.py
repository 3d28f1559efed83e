"""A game small enough to compile in a moment, that several tests play."""

import jax

from wgan_gp import train
from wgan_gp.algorithm.optimisers import make_optimiser
from wgan_gp.networks import MLP, MLPCritic, from_flax

LATENT = 2


def sample_real(key, n):
    return 2 + jax.random.normal(key, (n, 2))


def sample_latent(key, n):
    return jax.random.normal(key, (n, LATENT))


def tiny(**choices):
    """An algorithm small enough to compile in a moment."""
    critic = {
        "network": from_flax(MLPCritic((8,)), (2,)),
        "sample_real": sample_real,
        "optimiser": make_optimiser,
        "batch_size": 8,
    }
    game = {
        "generator": from_flax(MLP((8,), 2), (1, LATENT)),
        "sample_latent": sample_latent,
        "generator_optimiser": make_optimiser,
        "n_critic": 2,
    }
    for name, value in choices.items():
        part = critic if name in train.CriticAlgorithm._fields else game
        part[name] = value
    return train.Algorithm(train.CriticAlgorithm(**critic), **game)
