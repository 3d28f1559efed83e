"""Perceptrons with orthogonal weights and sorting activations.

Anil et al. 2019, arXiv:1811.05381. Orthogonal layers and sorting keep the norm of
gradients, so that slope 1 is reached in many layers at once, where ReLU layers lose
some in each. The paper orthogonalises by Bjorck's iteration. Here it is the Cayley
transform, which is orthogonal for any parameters (Trockman and Kolter 2021,
arXiv:2104.07167; for matrices that are not square Wang and Manchester 2023,
arXiv:2301.11526, equation 12).
"""

import math
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
from wgan_gp.networks.lipschitz.sorting import sort

# Of Newton's iteration for an inverse: the error in each entry from which one more step
# reaches rounding, and where steps end if rounding is larger. The iteration needs about
# 2 log2 of the matrix's norm of them.
_ENOUGH = 1e-4
_MOST_STEPS = 40


def orthogonal_network(network: Network, group: int = 2) -> Network:
    """A perceptron with orthogonal weights that sorts where it had an activation.

    The value is the largest of the linear outputs, whose weights have norm 1.

    Args:
      network: a perceptron, whose sizes are used.
      group: how many outputs are sorted together (GroupSort; 2 is MaxMin); 0 sorts all
        of a layer (FullSort).

    Returns:
      The critic, without state.

    Raises:
      ValueError: it is not a perceptron, has parts that the construction replaces, or
        the group does not divide the width of a hidden layer.
    """
    sizes = perceptron_sizes(network)
    common = math.gcd(group, *sizes.hidden)
    for width in sizes.hidden:
        if group and width % group:
            raise ValueError(
                f"groups of {group} do not divide a hidden layer of {width}: use"
                f" {common if common > 1 else 0} or another width"
            )

    def apply(prepared: Any, x: jax.Array) -> jax.Array:
        *hidden, output = prepared
        h = jnp.ravel(x)
        for layer in hidden:
            h = group_sort(h @ layer["kernel"] + layer["bias"], group)
        return jnp.max(h @ output["kernel"] + output["bias"])

    return network._replace(
        init=lambda key: _init(sizes, key),
        apply=in_full_precision(apply),
        prepare=in_full_precision(lambda params, state: _prepare(params)),
        module=None,
    )


def _init(sizes: Sizes, key: jax.Array) -> list[dict[str, jax.Array]]:
    widths = [sizes.inputs, *sizes.hidden, sizes.outputs]
    keys = jax.random.split(key, len(widths) - 1)
    return [
        first_layer_params(sizes.initialiser, *each)
        for each in zip(keys, widths[:-1], widths[1:])
    ]


def _prepare(params: list[dict[str, jax.Array]]) -> list[dict[str, jax.Array]]:
    """The parameters with orthogonal hidden kernels and outputs of norm 1."""
    *hidden, output = params
    hidden = [layer | {"kernel": orthogonal(layer["kernel"])} for layer in hidden]
    return [*hidden, output | {"kernel": unit_columns(output["kernel"])}]


def group_sort(x: jax.Array, group: int) -> jax.Array:
    """Sorts groups: a permutation, whose slope is 1.

    A group is every (width / group)-th entry, so that MaxMin compares the two halves of
    the vector: many times as fast as comparing neighbours.

    Args:
      x: `[width]`.
      group: how many are sorted together; 0 is all.

    Returns:
      `[width]`, ascending within each group.
    """
    groups = x.reshape(group or len(x), -1)
    if group == 2:  # much faster than sorting
        first, second = groups
        return jnp.concatenate([jnp.minimum(first, second), jnp.maximum(first, second)])
    return sort(groups).reshape(-1)


def orthogonal(kernel: jax.Array) -> jax.Array:
    """The Cayley transform of any matrix, with orthonormal rows or columns.

    With the square part U and the rest V of the taller form of the matrix, and
    A = U - U^T + V^T V: the result is [(I - A) (I + A)^-1; -2 V (I + A)^-1]. The
    symmetric part of A is V^T V >= 0, hence the inverse exists and its norm is at most
    1. One step of Bjorck's iteration removes the rounding of the inverse.

    Args:
      kernel: `[inputs, outputs]`.

    Returns:
      Q `[inputs, outputs]`, of Q^T Q = I if inputs >= outputs and Q Q^T = I otherwise.
    """
    inputs, outputs = kernel.shape
    if inputs < outputs:
        return orthogonal(kernel.T).T
    square, rest = kernel[:outputs], kernel[outputs:]
    skew = square - square.T + rest.T @ rest
    one = jnp.eye(outputs, dtype=kernel.dtype)
    inverse = _inverse(one + skew)
    q = jnp.concatenate([(one - skew) @ inverse, -2 * rest @ inverse])
    return 1.5 * q - 0.5 * q @ (q.T @ q)


@jax.custom_jvp
def _inverse(matrix: jax.Array) -> jax.Array:
    """The inverse of a matrix whose singular values are at least 1, by matrix products.

    Newton's iteration X <- X (2 - M X) squares the error I - M X, which the start makes
    less than 1. On CPUs `jnp.linalg.inv` can wait for ever: jaxlib's LU decompositions
    of a batch share the threads that they wait for, and under `vmap` those of two
    layers block each other.
    """
    one = jnp.eye(len(matrix), dtype=matrix.dtype)
    # Between the largest singular value squared and its square times the width.
    size = jnp.abs(matrix).sum(0).max() * jnp.abs(matrix).sum(1).max()

    def unfinished(carry):
        steps, error, _ = carry
        return (steps < _MOST_STEPS) & (jnp.abs(error).max() > _ENOUGH)

    def improve(carry):
        steps, error, inverse = carry
        inverse = inverse + inverse @ error
        return steps + 1, one - matrix @ inverse, inverse

    start = matrix.T * (2 / (1 + size))
    first = (0, one - matrix @ start, start)
    _, error, inverse = jax.lax.while_loop(unfinished, improve, first)
    return inverse + inverse @ error


@_inverse.defjvp
def _inverse_jvp(primals, tangents):
    inverse = _inverse(*primals)
    return inverse, -inverse @ tangents[0] @ inverse
