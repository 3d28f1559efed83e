"""What Algorithm 1 is made of: choices, state, optimisers, and their checks."""

from wgan_gp.algorithm.choices import (
    Algorithm,
    CriticAlgorithm,
    Hyperparameters,
    Optimiser,
    Sampler,
    generate,
    generator_batch_size,
)
from wgan_gp.algorithm.state import Player, TrainState
from wgan_gp.algorithm.updates import Metrics, in_parts, moving_average, update

__all__ = [
    "Algorithm",
    "CriticAlgorithm",
    "Hyperparameters",
    "Metrics",
    "Optimiser",
    "Player",
    "Sampler",
    "TrainState",
    "generate",
    "generator_batch_size",
    "in_parts",
    "moving_average",
    "update",
]
