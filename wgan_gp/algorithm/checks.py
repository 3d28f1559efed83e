"""Whether the choices of an algorithm, and its hyperparameters, can be trained with."""

from typing import Any

import jax

from wgan_gp import constraints


def check_critic_algorithm(algorithm: Any, hyperparameters: Any) -> None:
    """Refuses a `train.CriticAlgorithm` that no step could be made of.

    Raises:
      TypeError: the constraint or the optimiser is of another kind.
      ValueError: its numbers do not fit each other, or there is no classifier.
    """
    constraints.check(algorithm.constraint)
    check_optimiser("optimiser", algorithm.optimiser)
    if not hasattr(hyperparameters, "critic_learning_rate"):
        raise TypeError(
            "expected train.Hyperparameters, got"
            f" {hyperparameters!r:.60}: write train.Hyperparameters(weight=10.0)"
        )
    parts = algorithm.microbatches
    if parts < 1 or algorithm.batch_size % parts:
        raise ValueError(
            f"microbatches must divide batch_size = {algorithm.batch_size}, got {parts}"
        )
    if algorithm.label_weight and algorithm.network.classify is None:
        raise ValueError(
            f"label_weight = {algorithm.label_weight} needs a network with `classify`,"
            " an auxiliary classifier: give it one, or leave label_weight at 0"
        )


def check_algorithm(algorithm: Any, hyperparameters: Any) -> None:
    """Refuses a `train.Algorithm` that no step could be made of.

    Raises:
      TypeError: as `check_critic_algorithm`.
      ValueError: as `check_critic_algorithm`, or the numbers of critic steps.
    """
    check_critic_algorithm(algorithm.critic, hyperparameters)
    check_optimiser("generator_optimiser", algorithm.generator_optimiser)
    check_whole("n_critic", algorithm.n_critic)
    count, most = hyperparameters.n_critic, algorithm.n_critic
    if isinstance(count, jax.core.Tracer) or count is None:
        return
    if count < 1 or count > most:
        raise ValueError(
            f"Hyperparameters.n_critic must lie between 1 and Algorithm.n_critic ="
            f" {most}, got {count}"
        )


def check_optimiser(name: str, optimiser: Any) -> None:
    """Raises TypeError unless it is a function from a learning rate."""
    if not callable(optimiser):
        raise TypeError(
            f"{name} must be a function from a learning rate to an optimiser, such as"
            f" optax.adam, got a {type(optimiser).__name__}: write lambda rate:"
            " optax.adam(rate)"
        )


def check_whole(name: str, value: Any) -> None:
    """Raises ValueError unless it is a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {value!r:.60}")
