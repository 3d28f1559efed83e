"""What Algorithm 1 remembers between two steps."""

from typing import Any, NamedTuple

import jax
import optax


class Player(NamedTuple):
    """One of the two networks and what its optimiser remembers."""

    params: Any
    opt_state: optax.OptState


class TrainState(NamedTuple):
    """All that a run is, at one moment."""

    step: jax.Array  # [] int32, generator updates done
    key: jax.Array  # [] the run's key; each step folds its number into it
    critic: Player
    generator: Player
    average: Any  # exponential moving average of the generator's parameters
