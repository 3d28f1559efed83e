"""What Algorithm 1 is made of: choices, state, gradients, optimisers and checks."""

from wgan_gp.algorithm.choices import (
    Algorithm,
    CriticAlgorithm,
    Hyperparameters,
    Optimiser,
    Sampler,
    generate,
    generator_batch_size,
)
from wgan_gp.algorithm.critics import (
    bind_critic,
    bind_penalty,
    constrain,
    critic_gradient,
    critic_network,
)
from wgan_gp.algorithm.objectives import generator_objective, split_labels
from wgan_gp.algorithm.optimisers import critic_optimiser, generator_optimiser
from wgan_gp.algorithm.state import Player, TrainState
from wgan_gp.algorithm.updates import (
    Metrics,
    critic_updates_before,
    moving_average,
    repeat_critic_steps,
    update,
)

__all__ = [
    "Algorithm",
    "CriticAlgorithm",
    "Hyperparameters",
    "Metrics",
    "Optimiser",
    "Player",
    "Sampler",
    "TrainState",
    "bind_critic",
    "bind_penalty",
    "constrain",
    "critic_gradient",
    "critic_network",
    "critic_optimiser",
    "critic_updates_before",
    "generate",
    "generator_batch_size",
    "generator_objective",
    "generator_optimiser",
    "moving_average",
    "repeat_critic_steps",
    "split_labels",
    "update",
]
