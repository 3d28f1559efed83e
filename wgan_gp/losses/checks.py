"""The types that losses are made of, and what they refuse."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

Critic = Callable[[jax.Array], jax.Array]
Points = Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, ...]]
Shape = Callable[[jax.Array], jax.Array]
Penalty = Callable[[Critic, jax.Array, jax.Array, jax.Array], jax.Array]


def check_same_shape(first: jax.Array, second: jax.Array) -> None:
    """Raises ValueError unless two arrays have one shape."""
    if jnp.shape(first) != jnp.shape(second):
        raise ValueError(
            "real and generated samples must have one shape, got"
            f" {jnp.shape(first)} and {jnp.shape(second)}"
        )


def check_critic(critic: Critic, x: jax.Array) -> None:
    """Raises ValueError unless the critic maps one sample like `x` to a scalar."""
    out = jax.eval_shape(critic, x)
    if getattr(out, "shape", None) != ():
        found = getattr(out, "shape", type(out).__name__)
        raise ValueError(
            "a critic takes ONE sample and returns a scalar of shape (); for a sample"
            f" of shape {jnp.shape(x)} it returned {found}. Index its output (D(x)[0]),"
            " and let the losses batch it: they apply jax.vmap themselves"
        )
