"""Networks as pairs of pure functions.

Critics are written for one sample and generators for a batch. Flax stays inside
this package: outside it, a network is `init(key) -> params` and `apply(params, x)`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks.mlp import ACTIVATIONS, INITIALISERS, MLP, NORMS, MLPCritic

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "MLP",
    "NORMS",
    "MLPCritic",
    "Network",
    "bind",
    "from_flax",
]


class Network(NamedTuple):
    """A network without state of its own."""

    init: Callable[[jax.Array], Any]  # key -> params
    apply: Callable[[Any, jax.Array], jax.Array]  # params, x -> output


def from_flax(module: nn.Module, input_shape: tuple[int, ...]) -> Network:
    """A Flax module as a `Network`.

    Args:
      module: a Flax linen module that is called with one array and keeps no state
        beside its parameters.
      input_shape: shape of that array; without a batch dimension for a critic.

    Returns:
      The network; its parameters are plain nested dicts.

    Raises:
      ValueError: from `init`, if the module does keep other state, such as the running
        averages of batch normalisation.
    """

    def init(key: jax.Array) -> Any:
        variables = module.init(key, jnp.zeros(input_shape))
        if state := sorted(set(variables) - {"params"}):
            raise ValueError(
                f"{type(module).__name__} keeps {', '.join(state)} beside its"
                " parameters. Batch normalisation ties the samples of a batch together,"
                " and the penalty acts on each on its own: use layer normalisation"
            )
        return variables

    def apply(params: Any, x: jax.Array) -> jax.Array:
        return jnp.asarray(module.apply(params, x))

    return Network(init, apply)


def bind(network: Network, params: Any) -> Callable[[jax.Array], jax.Array]:
    """The network as a function of its input alone."""
    return partial(network.apply, params)
