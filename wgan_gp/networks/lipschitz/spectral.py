"""Spectral normalisation: each linear layer divided by its operator norm.

Miyato et al. 2018, arXiv:1802.05957, section 2.1 and algorithm 1. Two things differ:
the norm of a convolution is that of the convolution itself, at its own image size,
stride and padding. The paper takes that of the kernel reshaped to a matrix, which is
neither a bound nor near it (Sedghi et al. 2019, arXiv:1805.10408). And the vectors are
updated after each step of the optimiser, once for all evaluations until the next.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import traverse_util
from jax import lax

from wgan_gp.networks import Network
from wgan_gp.networks.lipschitz.chains import Layer, gain, linear_layers

# Iterations from a random vector at the start, and below which norms count as 0.
_FIRST_ITERATIONS = 200
_TINY = 1e-12


class SingularVectors(NamedTuple):
    """Estimates of a layer's first singular vectors, of unit norm.

    Attributes:
      right: v, of the shape of the layer's input.
      left: u, of the shape of its output; the direction of the layer's value at v.
    """

    right: jax.Array
    left: jax.Array


def spectrally_normalised(network: Network, iterations: int = 1) -> Network:
    """The network with each linear layer W divided by its operator norm sigma.

    sigma = u^T W v, differentiated in W with u and v held fixed (equation 8 of the
    paper, and its appendix). Power iteration approaches the norm from below, so that
    slopes can be slightly above 1.

    Args:
      network: a chain of linear layers and activations, or a sum of such branches that
        has a `gain`, by which its value is divided: see `chains`.
      iterations: power iterations of each update of the critic.

    Returns:
      The network; `SingularVectors` by layer are its state.

    Raises:
      ValueError: it is not such a chain.
    """
    layers = linear_layers(network)

    def init_state(params: Any) -> dict[str, SingularVectors]:
        return {
            layer.name: first_vectors(layer, kernel)
            for layer, kernel in zip(layers, _kernels(layers, params))
        }

    def prepare(params: Any, state: dict[str, SingularVectors]) -> Any:
        flat: dict[Any, Any] = dict(traverse_util.flatten_dict(params))
        for layer, kernel in zip(layers, _kernels(layers, params)):
            norm = operator_norm(layer, kernel, state[layer.name])
            flat["params", *layer.path, "kernel"] = kernel / jnp.maximum(norm, _TINY)
        return traverse_util.unflatten_dict(flat)

    def update(params: Any, state: dict[str, SingularVectors]) -> Any:
        return {
            layer.name: iterate(layer, kernel, state[layer.name], iterations)
            for layer, kernel in zip(layers, _kernels(layers, params))
        }

    steepest = gain(network)

    def apply(params: Any, x: jax.Array) -> jax.Array:
        return network.apply(params, x) / steepest

    return network._replace(
        apply=apply if steepest != 1 else network.apply,
        init_state=init_state,
        prepare=prepare,
        update=update,
    )


def _kernels(layers: tuple[Layer, ...], params: Any) -> list[jax.Array]:
    flat: dict[Any, Any] = dict(traverse_util.flatten_dict(params))
    return [flat["params", *layer.path, "kernel"] for layer in layers]


def first_vectors(layer: Layer, kernel: jax.Array) -> SingularVectors:
    """Singular vectors by many iterations from a random vector.

    Args:
      layer: of a network.
      kernel: its kernel.
    """
    right = _unit(jax.random.normal(jax.random.key(0), layer.input_shape))
    vectors = SingularVectors(right, _unit(layer.apply(kernel, right)))
    return iterate(layer, kernel, vectors, _FIRST_ITERATIONS)


def iterate(
    layer: Layer, kernel: jax.Array, vectors: SingularVectors, iterations: int
) -> SingularVectors:
    """Power iterations v <- W^T u / ||W^T u||, u <- W v / ||W v||.

    Args:
      layer: of a network.
      kernel: its kernel.
      vectors: where the iteration starts.
      iterations: how many.
    """

    def once(_, vectors: SingularVectors) -> SingularVectors:
        (back,) = transpose(vectors.left)
        right = _unit(back)
        return SingularVectors(right, _unit(layer.apply(kernel, right)))

    transpose = jax.linear_transpose(
        lambda x: layer.apply(kernel, x), jnp.zeros(layer.input_shape)
    )
    return lax.fori_loop(0, iterations, once, vectors)


def operator_norm(
    layer: Layer, kernel: jax.Array, vectors: SingularVectors
) -> jax.Array:
    """u^T W v `[]`: the operator norm, if u and v are the first singular vectors.

    Args:
      layer: of a network.
      kernel: its kernel.
      vectors: u and v.
    """
    return jnp.vdot(vectors.left, layer.apply(kernel, vectors.right))


def _unit(x: jax.Array) -> jax.Array:
    return x / jnp.maximum(jnp.linalg.norm(jnp.ravel(x)), _TINY)
