"""Networks as pairs of pure functions.

Critics are written for one sample and generators for a batch. Flax stays inside
this package: outside it, a network is `init(key) -> params` and `apply(params, x)`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import errors, traverse_util

from wgan_gp.networks.activations import ACTIVATIONS, IMAGE_ACTIVATIONS, OUTPUTS
from wgan_gp.networks.families import CRITICS, GENERATORS
from wgan_gp.networks.fields import NORMS
from wgan_gp.networks.mlp import INITIALISERS, MLP, MLPCritic

__all__ = [
    "ACTIVATIONS",
    "CRITICS",
    "GENERATORS",
    "IMAGE_ACTIVATIONS",
    "INITIALISERS",
    "MLP",
    "NORMS",
    "OUTPUTS",
    "MLPCritic",
    "Network",
    "bind",
    "from_flax",
    "in_bfloat16",
    "rematerialised",
]


class Network(NamedTuple):
    """A network without state of its own."""

    init: Callable[[jax.Array], Any]  # key -> params
    apply: Callable[[Any, Any], jax.Array]  # params, x -> output
    classify: Callable[[Any, jax.Array], jax.Array] | None = None  # -> logits [K]


def from_flax(
    module: nn.Module, input_shape: tuple[int, ...], *, labelled: bool = False
) -> Network:
    """A Flax module as a `Network`.

    Args:
      module: a Flax linen module that is called with one array and keeps no state
        beside its parameters.
      input_shape: shape of that array; without a batch dimension for a critic.
      labelled: whether it is a generator that takes labels `[B]` beside its latents;
        the network's input is then the tuple of both.

    Returns:
      The network; its parameters are plain nested dicts.

    Raises:
      ValueError: it is no Flax linen module; from `init`, if the module does keep other
        state, such as the running averages of batch normalisation; from `apply`, if it
        draws random numbers.
    """
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"from_flax takes a Flax linen module, got {type(module).__name__}: hand"
            " critics of other libraries to the losses as functions of one sample"
        )
    labels = (jnp.zeros(input_shape[0], jnp.int32),) if labelled else ()

    def init(key: jax.Array) -> Any:
        variables = module.init(key, jnp.zeros(input_shape), *labels)
        if set(variables) - {"params"}:
            raise ValueError(
                f"{type(module).__name__} keeps {_state_problem(variables)}"
            )
        return variables

    def apply(params: Any, x: Any) -> jax.Array:
        inputs = x if labelled else (x,)
        try:
            return jnp.asarray(module.apply(params, *inputs))
        except errors.InvalidRngError as error:
            raise ValueError(
                f"{type(module).__name__} draws random numbers, which a Network is not"
                f" handed ({str(error).split(' (')[0]}): switch dropout off by"
                " deterministic=True, and start recurrent cells from zeros"
            ) from error

    def classify(params: Any, x: jax.Array) -> jax.Array:
        return jnp.asarray(module.apply(params, x, head="logits"))

    has_head = not labelled and getattr(module, "classes", 0)
    return Network(init, apply, classify if has_head else None)


def _state_problem(variables: Mapping[str, Any]) -> str:
    """What a module keeps beside its parameters, and what to do about it."""
    state = {name: part for name, part in variables.items() if name != "params"}
    paths = traverse_util.flatten_dict(state)
    names = {path[-1].split("/")[-1] for path in paths}
    if names <= {"mean", "var"}:
        cure = (
            "These are running averages of batch normalisation, which ties the samples"
            " of a batch together: use layer normalisation, or in a generator"
            " networks.layers.BatchNorm, which keeps none"
        )
    elif names <= {"u", "sigma"}:
        cure = (
            "These are vectors of spectral normalisation: hand the losses `lambda x:"
            " module.apply(variables, x)` with update_stats=False, and update the"
            " vectors between steps"
        )
    else:
        where = ", ".join("/".join(path) for path in paths)
        cure = (
            f"A Network has parameters only, and these are {where}: hand the losses"
            " `lambda x: module.apply(variables, x)` with this state held fixed"
        )
    return f"{', '.join(sorted(state))} beside its parameters. {cure}"


def in_bfloat16(network: Network) -> Network:
    """The network computed in bfloat16, of float32 parameters, inputs and outputs."""

    def low(tree: Any) -> Any:
        is_float = lambda x: jnp.issubdtype(x.dtype, jnp.floating)  # noqa: E731
        return jax.tree.map(
            lambda x: x.astype(jnp.bfloat16) if is_float(x) else x, tree
        )

    def lowered(function):
        return lambda params, x: function(low(params), low(x)).astype(jnp.float32)

    classify = network.classify and lowered(network.classify)
    return Network(network.init, lowered(network.apply), classify)


def rematerialised(network: Network) -> Network:
    """The network that is computed again where it is differentiated: less memory."""
    classify = network.classify and jax.checkpoint(network.classify)
    return Network(network.init, jax.checkpoint(network.apply), classify)


def bind(network: Network, params: Any) -> Callable[[jax.Array], jax.Array]:
    """The network as a function of its input alone."""
    return partial(network.apply, params)
