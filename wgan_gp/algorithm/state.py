"""What Algorithm 1 remembers between two steps."""

from typing import Any, NamedTuple

import jax
import optax


class Player(NamedTuple):
    """One of the two networks, and what is remembered of it from step to step.

    Attributes:
      params: its parameters, a pytree of floating arrays.
      opt_state: what its optimiser remembers.
      state: a critic's own state, from `networks.Network.init_state`; `()` for a
        network without one, and for every generator.
    """

    params: Any
    opt_state: optax.OptState
    state: Any = ()


class TrainState(NamedTuple):
    """All that a run is, at one moment: what a checkpoint holds.

    Attributes:
      step: generator updates done, `[]` int32.
      key: the run's key, `[]`. It stays the same; each step folds its number into it.
      critic: the critic.
      generator: the generator.
      average: exponential moving average of the generator's parameters.
    """

    step: jax.Array
    key: jax.Array
    critic: Player
    generator: Player
    average: Any
