"""A critic under its constraint: its network, its gradient, and what follows a step."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from wgan_gp import devices, losses
from wgan_gp.algorithm.choices import CriticAlgorithm, Hyperparameters
from wgan_gp.algorithm.objectives import critic_objective, on_its_network
from wgan_gp.algorithm.state import Player
from wgan_gp.algorithm.updates import Metrics, in_parts, through
from wgan_gp.networks import Network, bind


def critic_network(algorithm: CriticAlgorithm) -> Network:
    """The network that is trained: the chosen one, wrapped if its constraint wraps.

    Whoever initialises, applies or updates a critic takes it from here.
    """
    return constrained(algorithm).network


def constrained(algorithm: CriticAlgorithm) -> CriticAlgorithm:
    """The same choices with wrapped networks: the only place that calls `wrap`.

    Args:
      algorithm: the choices, networks as they were given.

    Returns:
      The choices with networks that are wrapped, and nothing left to wrap.

    Raises:
      TypeError: `wrap` returned something else than a `Network`.
      ValueError: the network cannot be wrapped.
    """
    wrap = algorithm.constraint.wrap
    if wrap is None:
        return algorithm
    network = wrap(algorithm.network, algorithm)
    if not isinstance(network, Network):
        raise TypeError(
            "Constraint.wrap must return a networks.Network, got a"
            f" {type(network).__name__}: write network._replace(...) for what changes"
        )
    given = algorithm.penalty_network
    return algorithm._replace(
        network=network,
        penalty_network=given and wrap(given, algorithm),
        constraint=algorithm.constraint._replace(wrap=None),
    )


def bind_critic(algorithm: CriticAlgorithm, critic: Player) -> losses.Critic:
    """A trained critic as the function of one sample that losses and measures take.

    Args:
      algorithm: what it was trained by.
      critic: its parameters and state.

    Returns:
      `x [...] -> []`.
    """
    return bind(critic_network(algorithm), critic.params, critic.state)


def bind_penalty(algorithm: CriticAlgorithm, critic: Player) -> losses.Penalty | None:
    """The penalty as training computes it, say in another number type than the critic.

    Args:
      algorithm: what the critic was trained by.
      critic: its parameters and state.

    Returns:
      As from `objectives.on_its_network`; None if the constraint has no penalty.
    """
    algorithm = constrained(algorithm)
    prepared = algorithm.network.prepare(critic.params, critic.state)
    penalty = algorithm.constraint.penalty
    return on_its_network(penalty, algorithm.penalty_network, prepared)


def critic_gradient(
    algorithm: CriticAlgorithm, hyperparameters: Hyperparameters, state: Any
) -> Callable[[Any, Any], tuple[Any, Metrics]]:
    """The gradient of the critic's loss with respect to its parameters.

    `network.prepare` runs once, outside of the parts of a batch and of the devices.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: its strength is used.
      state: the critic's own state, which no gradient reaches.

    Returns:
      `(params, (reals, labels, fakes, keys)) -> (gradient, metrics)`.
    """
    algorithm = constrained(algorithm)
    objective = partial(critic_objective, algorithm, hyperparameters.strength)
    gradient = in_parts(jax.grad(objective, has_aux=True), algorithm.microbatches)
    gradient = devices.data_parallel_mean(gradient)
    prepare = algorithm.network.prepare
    return through(lambda params: prepare(params, state), gradient)


def constrain(
    algorithm: CriticAlgorithm, hyperparameters: Hyperparameters, critic: Player
) -> Player:
    """What follows each optimiser step: the projection, then the state's update.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: its strength is used.
      critic: the critic after the optimiser's step.

    Returns:
      The critic that the next step starts from.
    """
    params, project = critic.params, algorithm.constraint.project
    if project is not None:
        params = project(params, hyperparameters.strength)
    state = critic_network(algorithm).update(params, critic.state)
    return critic._replace(params=params, state=state)
