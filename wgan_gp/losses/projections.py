"""Projections: what is done to a critic's parameters after an update."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax


def clip_weights(params: Any, bound: float | jax.Array) -> Any:
    """Projects every parameter, biases too, onto [-c, c] ([WGAN], Algorithm 1, line 7).

    Args:
      params: a pytree. Floating arrays and Python floats are clipped; integers, random
        keys and what is no number stay as they are. Hand in parameters alone, without
        running averages: of an NNX module `nnx.state(model, nnx.Param)`.
      bound: c, one number; the paper uses 0.01. Apply it after each optimiser step, so
        that the bound holds whenever the critic is evaluated.

    Returns:
      A pytree of the same structure.

    Raises:
      ValueError: `bound` is not one positive number, or a parameter is complex.
    """
    if not hasattr(bound, "dtype") and not isinstance(bound, int | float):
        raise ValueError(f"the clip bound must be a number > 0, got {bound!r}")
    if jnp.ndim(bound) != 0:
        raise ValueError(
            f"the clip bound must be one number, got shape {jnp.shape(bound)}"
        )
    if not isinstance(bound, jax.core.Tracer) and not bound > 0:
        raise ValueError(
            f"the clip bound must be > 0, got {bound} (the paper uses 0.01)"
        )
    return jax.tree.map(partial(_clip, bound=bound), params)


def _clip(param: Any, *, bound: float | jax.Array) -> Any:
    dtype = getattr(param, "dtype", None)
    if dtype is None and not isinstance(param, float | complex):
        return param
    dtype = jnp.result_type(param) if dtype is None else dtype
    if jnp.issubdtype(dtype, jnp.complexfloating):
        raise ValueError(
            f"parameters must be real to be clipped, got {dtype}: keep real and"
            " imaginary parts as two arrays"
        )
    if not jnp.issubdtype(dtype, jnp.floating):
        return param
    c = jnp.asarray(bound, dtype)  # of the parameter's type, which stays as it is
    return optax.projections.projection_box(param, -c, c)
