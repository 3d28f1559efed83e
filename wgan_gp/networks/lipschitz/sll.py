"""SDP-based Lipschitz layers (SLL): residual layers with slopes of at most 1.

Araujo et al. 2023, arXiv:2303.03169, theorem 3 and equation 8:

    h <- h - 2 W T^-1 relu(W^T h + b),  T = diag(sum_j |W^T W|_ij q_j / q_i)

T - W^T W is diagonally dominant, up to the scaling by q, and so positive semidefinite,
from which the bound follows for every activation with slopes in [0, 1].
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.networks import Network
from wgan_gp.networks.lipschitz.perceptrons import (
    Sizes,
    first_layer_params,
    in_full_precision,
    perceptron_sizes,
    unit_columns,
)

# Added to T, which then is never 0. A larger T keeps the bound.
_TINY = 1e-6


def sll_network(network: Network) -> Network:
    """A critic of SLL layers, one for each hidden layer of a perceptron.

    Its features are the numbers of a sample, padded by zeros to the widest hidden
    layer. The width of a hidden layer is the inner width of an SLL layer. The value is
    the largest of the linear outputs, whose weights have norm 1.

    Args:
      network: a perceptron, whose sizes are used.

    Returns:
      The critic, without state.

    Raises:
      ValueError: it is not a perceptron, or has parts that the construction replaces.
    """
    sizes = perceptron_sizes(network)

    def apply(prepared: Any, x: jax.Array) -> jax.Array:
        h = jnp.ravel(x)
        h = jnp.pad(h, (0, features(sizes) - len(h)))
        for layer in prepared["layers"]:
            h = h - layer["step"] @ jax.nn.relu(h @ layer["kernel"] + layer["bias"])
        return jnp.max(h @ prepared["output"]["kernel"] + prepared["output"]["bias"])

    return network._replace(
        init=lambda key: _init(sizes, key),
        apply=in_full_precision(apply),
        prepare=in_full_precision(lambda params, state: _prepare(params)),
        module=None,
    )


def features(sizes: Sizes) -> int:
    """Numbers that go from layer to layer; at least those of a sample."""
    return max((sizes.inputs, *sizes.hidden))


def _init(sizes: Sizes, key: jax.Array) -> Any:
    *keys, output_key = jax.random.split(key, len(sizes.hidden) + 1)
    linear = partial(first_layer_params, sizes.initialiser)
    width = features(sizes)
    layers = [
        linear(each, width, inner) | {"log_q": jnp.zeros(inner)}
        for each, inner in zip(keys, sizes.hidden)
    ]
    return {"layers": layers, "output": linear(output_key, width, sizes.outputs)}


def _prepare(params: Any) -> Any:
    """The parameters with 2 W T^-1 of each layer, and outputs of norm 1."""
    layers = [
        {
            "kernel": layer["kernel"],
            "bias": layer["bias"],
            "step": 2 * layer["kernel"] / bound(layer["kernel"], layer["log_q"])[None],
        }
        for layer in params["layers"]
    ]
    output = params["output"]
    return {
        "layers": layers,
        "output": output | {"kernel": unit_columns(output["kernel"])},
    }


def bound(kernel: jax.Array, log_q: jax.Array) -> jax.Array:
    """The diagonal of T `[inner]`, for which T - W^T W is positive semidefinite.

    Args:
      kernel: W, `[features, inner]`.
      log_q: the logarithm of q, `[inner]`.
    """
    ratios = jnp.exp(log_q[None, :] - log_q[:, None])
    return jnp.sum(jnp.abs(kernel.T @ kernel) * ratios, 1) + _TINY
