"""What the 1-Lipschitz perceptrons take over from `networks.MLPCritic`."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from wgan_gp.networks import INITIALISERS, MLPCritic, Network

_TINY = 1e-12


class Sizes(NamedTuple):
    """The sizes of a perceptron.

    Attributes:
      inputs: numbers of a sample, D; images and sequences are flattened.
      hidden: width of each hidden layer.
      outputs: linear outputs, of which the critic's value is the largest.
      initialiser: of biases and, up to their scale, of weights: a key of
        `networks.INITIALISERS`.
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    initialiser: str


def perceptron_sizes(network: Network) -> Sizes:
    """The sizes of a critic that is a multi-layer perceptron.

    Args:
      network: from `networks.from_flax`, of an `MLPCritic`.

    Raises:
      ValueError: it is another network, or has parts that the construction replaces or
        that are steeper than 1.
    """
    module = network.module
    if not isinstance(module, MLPCritic):
        kind = "network" if module is None else type(module).__name__
        raise ValueError(
            f"the construction has dense layers only, got a critic of type {kind}: use"
            " MLPCritic, of configs.base(critic='mlp'), which takes any sample as a"
            " vector; of series and text, start from series.py:mlp or language.py:mlp"
        )
    default = MLPCritic()
    for name, why in _REPLACED.items():
        value, expected = getattr(module, name), getattr(default, name)
        if value and value != expected:  # no features are none of them
            raise ValueError(
                f"critic.{name} = {value!r} does not go with the construction, {why}:"
                f" leave it at {expected or 0!r}"
            )
    inputs = math.prod(network.input_shape)
    return Sizes(inputs, tuple(module.hidden), module.maxout, module.initialiser)


_REPLACED = {
    "activation": "which has an activation of its own",
    "norm": "whose slope a normalisation would raise",
    "fourier": "as Fourier features are steeper than 1",
}


def first_layer_params(
    initialiser: str, key: jax.Array, inputs: int, outputs: int
) -> dict[str, jax.Array]:
    """Initial parameters of one linear layer.

    Args:
      initialiser: a key of `networks.INITIALISERS`.
      key: of the parameters.
      inputs: of the layer.
      outputs: of the layer.

    Returns:
      The bias `[outputs]`, and the kernel `[inputs, outputs]` scaled to the Frobenius
      norm of an orthogonal one.
    """
    kernel_key, bias_key = jax.random.split(key)
    init = INITIALISERS[initialiser](inputs)
    kernel = init.hidden(kernel_key, (inputs, outputs), jnp.float32)
    scale = min(inputs, outputs) ** 0.5 / jnp.linalg.norm(kernel)
    bias = init.bias(bias_key, (outputs,), jnp.float32)
    return {"kernel": scale * kernel, "bias": bias}


def unit_columns(kernel: jax.Array) -> jax.Array:
    """The matrix `[inputs, outputs]` with columns of norm 1: outputs of slope 1."""
    square = jnp.sum(jnp.square(kernel), 0, keepdims=True)
    return kernel / jnp.sqrt(jnp.maximum(square, _TINY))


def in_full_precision(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with float32 products of matrices.

    Accelerators multiply in shorter types by default, whose rounding alone makes slopes
    of 1.001.
    """

    def precise(*inputs: Any) -> Any:
        with jax.default_matmul_precision("highest"):
            return function(*inputs)

    return precise
