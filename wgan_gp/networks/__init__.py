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


def _no_state(params: Any) -> Any:
    del params
    return ()


def _params_alone(params: Any, state: Any) -> Any:
    del state
    return params


def _same_state(params: Any, state: Any) -> Any:
    del params
    return state


class Network(NamedTuple):
    """A network as functions of its parameters; a critic may have state besides.

    State is what a critic keeps beside its parameters and no gradient changes, such as
    the vectors of spectral normalisation. It is saved in checkpoints. A network without
    state leaves the last three functions out.

    Attributes:
      init: `key -> params`. `train.init` calls it once.
      apply: `(params, x) -> output`. The losses call it with what `prepare` returned:
        a critic's on one sample, `[...] -> []`, under `jax.vmap`; a generator's on a
        batch of latents, `[B, Z] -> [B, ...]`.
      classify: `(params, x) -> [K]`, logits of an auxiliary classifier for one sample.
        The losses call it like a critic's `apply`, where `label_weight` is not 0.
      init_state: `params -> state`. `train.init_critic` calls it once, after `init`.
      prepare: `(params, state) -> params` that `apply` and `classify` take, all of them
        floating arrays. Each critic step, generator step and evaluation calls it once.
        The critic's gradient passes through it to the parameters, not to the state.
      update: `(params, state) -> state` of the same structure, shapes and types. Each
        critic step calls it once, after the optimiser's step and the projection.
      module: the Flax module that `from_flax` made it of, for constraints that depend
        on its layers; None for a network of another library.
      input_shape: of what that module is called with.
    """

    init: Callable[[jax.Array], Any]
    apply: Callable[[Any, Any], jax.Array]
    classify: Callable[[Any, jax.Array], jax.Array] | None = None
    init_state: Callable[[Any], Any] = _no_state
    prepare: Callable[[Any, Any], Any] = _params_alone
    update: Callable[[Any, Any], Any] = _same_state
    module: nn.Module | None = None
    input_shape: tuple[int, ...] = ()


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
    return Network(
        init,
        apply,
        classify if has_head else None,
        module=module,
        input_shape=input_shape,
    )


def _state_problem(variables: Mapping[str, Any]) -> str:
    """What a module keeps beside its parameters, and what to do about it."""
    state = {name: part for name, part in variables.items() if name != "params"}
    paths = traverse_util.flatten_dict(state)
    names = {path[-1].split("/")[-1] for path in paths}
    if names <= {"mean", "var"}:
        cure = (
            "These are running averages of batch normalisation, which ties the samples"
            " of a batch together: use layer normalisation, or in a generator"
            " networks.normalisations.BatchNorm, which keeps none"
        )
    elif names <= {"u", "sigma"}:
        cure = (
            "These are vectors of spectral normalisation: leave it out and choose the"
            " constraint of that name, or write a networks.Network whose state they"
            " are, applied with update_stats=False, as docs/critics.md shows"
        )
    else:
        where = ", ".join("/".join(path) for path in paths)
        cure = (
            f"These are {where}: write a networks.Network whose init_state, prepare and"
            " update keep them, as docs/critics.md shows; within a step they are held"
            " fixed"
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
    return network._replace(apply=lowered(network.apply), classify=classify)


def rematerialised(network: Network) -> Network:
    """The network that is computed again where it is differentiated: less memory."""
    classify = network.classify and jax.checkpoint(network.classify)
    return network._replace(apply=jax.checkpoint(network.apply), classify=classify)


def bind(
    network: Network, params: Any, state: Any = ()
) -> Callable[[jax.Array], jax.Array]:
    """The network as a function of its input alone.

    Args:
      network: the network.
      params: its parameters.
      state: its state; `()` for a network without one.

    Returns:
      `x -> output`. The parameters are prepared once, now.
    """
    return partial(network.apply, network.prepare(params, state))
